"""Snippets of scripts and the operations they stand for: `interpreted.txt` is a table of them.

A case is a name, the module above `upgrade()` up to `---` (if any), the body, and behind `->` an operation a line.
Those of `on_empty_database.txt` are of a history that begins on an empty database.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy.dialects.postgresql.base import ischema_names

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import AddColumn, CreateTable, Opaque
from migrate_guard.model.schema import Schema
from migrate_guard.reading import builtins_
from tests.reading.interpreting import operations, run


class Case(NamedTuple):
    name: str
    module: str
    body: str
    expected: list[str]


def table(name: str) -> list[Case]:
    cases = []
    text = (Path(__file__).parent / name).read_text(encoding="utf-8").replace("\\ufffc", "\ufffc")
    for block in text.removeprefix("## ").split("\n\n## "):
        title, _, rest = block.partition("\n")
        code, _, expected = rest.partition("\n->\n")
        module, separator, body = code.partition("\n---\n")
        if not separator:
            module, body = "", code
        cases.append(Case(title, module, body, expected.strip("\n").split("\n")))
    return cases


@pytest.mark.parametrize("case", table("interpreted.txt"), ids=lambda case: case.name)
def test_snippet(case: Case, tmp_path: Path) -> None:
    assert operations(tmp_path, case.body, module=case.module) == case.expected


@pytest.mark.parametrize("case", table("on_empty_database.txt"), ids=lambda case: case.name)
def test_snippet_on_empty_database(case: Case, tmp_path: Path) -> None:
    schema = Schema.of_empty_database()
    assert operations(tmp_path, case.body, module=case.module, schema=schema) == case.expected


def test_helpers_of_the_project_are_followed_and_reported_at_the_call(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nPREFIX = 'app_'\n\n\n"
        "def drop(name):\n    op.drop_table(PREFIX + name)\n",
        encoding="utf-8",
    )
    (step,) = run(tmp_path, "drop('t')", module="from helpers import drop").transitions
    assert str(step.operation.table) == "app_t"  # type: ignore[attr-defined]  # a DropTable
    assert step.operation.span.path == "aaaa_snippet.py"


def test_a_sql_file_beside_the_script_is_read(tmp_path: Path) -> None:
    (tmp_path / "up.sql").write_text("DROP TABLE a;\nDROP TABLE b;\n", encoding="utf-8")
    body = "op.execute((Path(__file__).parent / 'up.sql').read_text())"
    assert operations(tmp_path, body, module="from pathlib import Path") == ["DropTable(a)", "DropTable(b)"]


def test_a_file_outside_the_project_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    (tmp_path / "up.sql").write_text("DROP TABLE a", encoding="utf-8")
    (step,) = run(tmp_path / "inside", "op.execute(open('/etc/hostname').read())").transitions
    assert isinstance(step.operation, Opaque)


def test_names_follow_the_convention_of_the_environment(tmp_path: Path) -> None:
    convention = {"uq": "uq_%(table_name)s_%(column_0_name)s", "ck": "ck_%(table_name)s_%(constraint_name)s"}
    found = operations(
        tmp_path,
        "op.create_unique_constraint(None, 't', ['a'])\n"
        "op.create_check_constraint('positive', 't', 'a > 0')\n"
        "op.create_check_constraint(op.f('given'), 't', 'a > 0')",
        convention=convention,
    )
    assert [each.partition("Constraint(")[2] for each in found] == [
        "t, UniqueConstraint(uq_t_a, columns=[a], is_implicit_name))",
        "t, CheckConstraint(ck_t_positive, columns=[a], <a > 0|a>))",
        "t, CheckConstraint(given, columns=[a], <a > 0|a>))",
    ]


def test_a_loop_without_end_is_given_up(tmp_path: Path) -> None:
    steps = run(tmp_path, "n = 0\nwhile True:\n    n += 1\nop.drop_table('a')").transitions
    assert [type(each.operation).__name__ for each in steps] == ["DropTable"]


def test_the_schema_follows_every_operation(tmp_path: Path) -> None:
    steps = run(
        tmp_path, "op.create_table('t', sa.Column('a', sa.Integer()))\nop.add_column('t', sa.Column('b', sa.Text()))"
    )
    first, second = steps.transitions
    assert isinstance(first.operation, CreateTable)
    assert isinstance(second.operation, AddColumn)
    table = second.after.table(QualifiedName("t"))
    assert table is not None
    assert [each.name for each in table.columns] == ["a", "b"]
    assert first.before == Schema()
    assert steps.after == second.after


def test_reflected_types_are_objects_of_the_classes_that_sqlalchemy_gives_them() -> None:
    names = {"CHAR": "character", "VARCHAR": "character varying"}
    for spelled, classes in builtins_._REFLECTED.items():
        suffix = " without time zone" * spelled.startswith("TIME")
        reflected = ischema_names[names.get(spelled, spelled.lower() + suffix)]
        assert {each.__name__ for each in reflected.__mro__} & builtins_._NAMED == classes
