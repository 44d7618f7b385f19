"""`schema --format mermaid`, read by Mermaid's own parser.

It runs in Node.js, from `tests/mermaid` (`npm ci` there). Without it the test is skipped; where CI=true it fails.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from migrate_guard.__main__ import run as run_command
from migrate_guard.dialects.postgresql.reserved import reserved_words
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, ForeignKey, PrimaryKey, Schema, Table, Type, UniqueConstraint
from migrate_guard.model.source import Span
from migrate_guard.rendering.mermaid import mermaid
from tests.reading.interpreting import run

HERE = Path(__file__).parent
PARSER = HERE.parent / "mermaid"
FIXTURES = HERE.parents[1] / "fixtures"
AT = Span("script.py", 1, 1, 1, 1)


def refusals(diagrams: Sequence[str]) -> list[str]:
    """What Mermaid's parser has against the diagrams."""
    node = shutil.which("node")
    if node is None or not (PARSER / "node_modules" / "mermaid").is_dir():
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("Node.js or the packages of tests/mermaid are not on this machine")
    done = subprocess.run(
        [node, "parse.js"], cwd=PARSER, input=json.dumps(diagrams), capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert len(said) == len(diagrams)
    return [f"{each}\n{diagram}" for each, diagram in zip(said, diagrams, strict=True) if each is not None]


def drawn(*tables: Table) -> str:
    schema = Schema()
    for each in tables:
        schema = schema.with_table(each)
    return mermaid(schema, "alembic_version")


def test_tables_keys_and_relationships(tmp_path: Path) -> None:
    body = """
        op.create_table("customer", sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("email", sa.String(320), unique=True), sa.Column("total", sa.Numeric(12, 2)))
        op.create_table("order", sa.Column("id", sa.Integer(), primary_key=True),
            sa.Column("customer_id", sa.Integer(), sa.ForeignKey("customer.id"), nullable=False),
            sa.Column("payer_id", sa.Integer(), sa.ForeignKey("customer.id", name="fk_payer")),
            sa.Column("placed at", sa.DateTime(timezone=True)))
        op.create_table("invoice", sa.Column("order_id", sa.Integer(), sa.ForeignKey("order.id"), primary_key=True),
            schema="app")
        op.add_column("given", sa.Column("seen", sa.Boolean()))
    """
    text = mermaid(run(tmp_path, body).after, "alembic_version")
    assert text == (
        "erDiagram\n"
        '    t_app_invoice["app.invoice"] {\n'
        "        INTEGER order_id PK, FK\n"
        "    }\n"
        "    customer {\n"
        "        INTEGER id PK\n"
        "        VARCHAR(320) email UK\n"
        "        NUMERIC(12_2) total\n"
        "    }\n"
        "    %% not known: what other columns given has\n"
        "    given {\n"
        "        BOOLEAN seen\n"
        "    }\n"
        "    order {\n"
        "        INTEGER id PK\n"
        "        INTEGER customer_id FK\n"
        "        INTEGER payer_id FK\n"
        '        TIMESTAMP_WITH_TIME_ZONE placed_at "placed at"\n'
        "    }\n"
        '    order ||--o| t_app_invoice : "order_id"\n'
        '    customer ||--o{ order : "customer_id"\n'
        '    customer |o--o{ order : "fk_payer"\n'
    )
    assert refusals([text]) == []


NAMES = [
    *sorted(reserved_words((15,))),
    *("title", "direction", "style", "class", "classDef", "accTitle", "accDescr", "erDiagram", "one", "only", "many"),
    *("zero", "to", "optionally", "u", "md", "o", "PK", "FK", "UK", "graph", "subgraph", "end", "a b", "größe", "表"),
    *('say "x"', "it's", "1st", "a.b", "a#b", "a;b", "a{b}", "a|o--o{b", "back`tick", "new\nline", "%%", "-", "*", " "),
]


def test_names_of_all_kinds() -> None:
    def table(called: str) -> Table:
        own = QualifiedName(called)
        return Table(
            own,
            AT,
            columns=(Column(called, Type(called), AT), Column("id", Type("INTEGER"), AT, nullable=False)),
            primary_key=PrimaryKey(name=None, columns=("id",), span=AT),
            unique_constraints=(UniqueConstraint(name=None, columns=(called,), span=AT),),
            foreign_keys=(ForeignKey(name=called, columns=(called,), span=AT, referred_table=own),),
        )

    assert refusals([drawn(table(each)) for each in NAMES]) == []
    assert refusals([drawn(*map(table, NAMES))]) == []


def test_two_names_that_look_alike_stay_two() -> None:
    tables = [Table(QualifiedName(each), AT, columns=(Column("a", Type("INTEGER"), AT),)) for each in ("a b", "a-b")]
    text = drawn(*tables)
    assert 't_a_b["a b"] {' in text
    assert 't_a_b_["a-b"] {' in text


def test_an_empty_schema_and_a_table_without_columns() -> None:
    assert refusals([drawn(), drawn(Table(QualifiedName("t"), AT))]) == []


def test_projects(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    diagrams = []
    for project in sorted(path.parent for path in FIXTURES.glob("*/expected.toml")):
        monkeypatch.chdir(project)
        assert run_command(["schema", "--format", "mermaid", str(project)]) == 0
        diagrams.append(capsys.readouterr().out)
    assert all(each.startswith("erDiagram\n") for each in diagrams)
    assert refusals(diagrams) == []
