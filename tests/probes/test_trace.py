"""`roundtrip --trace`: what is seen of each statement on a server of its own, and where no plan has said so."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from migrate_guard.__main__ import run
from tests.conftest import INI, script

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "migrate_guard" / "schemas" / "check.schema.json").read_text(encoding="utf-8"))
ENV = """\
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""
TABLES = """
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
    op.create_table("orders", sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("total", sa.Integer), sa.Column("user_id", sa.Integer))
    op.create_table("logs", sa.Column("at", sa.DateTime), postgresql_partition_by="RANGE (at)")
    op.execute("CREATE TABLE logs_2024 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')")
    op.execute("CREATE VIEW totals AS SELECT total FROM orders")
"""
AX, SRE, SUE, RX = "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"
REFUSAL = "raise NotImplementedError('there is no way back')"

Seen = tuple[dict[str, str] | None, list[str], list[str] | None]
"""The locks, what was stored anew, what was read whole."""


def project(folder: Path, *upgrades: str, url: str = "postgresql+psycopg://") -> Path:
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI.format(url=url), encoding="utf-8")
    (folder / "alembic" / "env.py").write_text(ENV, encoding="utf-8")
    for at, body in enumerate(upgrades):
        upgrade = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ").strip()
        text = script(f"r{at}", f"r{at - 1}" if at else None, upgrade, REFUSAL)
        (versions / f"r{at}.py").write_text(text, encoding="utf-8")
    return folder


def traced(folder: Path, *arguments: str) -> dict[str, Any]:
    """The report of a run over a project."""
    report = folder / "report.json"
    command = ["roundtrip", str(folder), "--trace", "--quiet", "--isolated", "--python", sys.executable]
    where = ["--output-format", "json", "--output-file", str(report)]
    assert run([*command, *where, "--exit-zero", *arguments]) == 0
    document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    Draft202012Validator(SCHEMA).validate(document)
    return document


def seen(report: dict[str, Any], revision: str) -> list[Seen]:
    (found,) = (each["statements"] for each in report["trace"] if each["revision"] == revision)
    return [
        (
            None if each["locks"] is None else {lock["table"]: lock["mode"] for lock in each["locks"]},
            each["rewrites"],
            each["scans"],
        )
        for each in found
    ]


def departures(report: dict[str, Any]) -> list[str]:
    return [each["message"] for each in report["findings"] if each["code"] == "MG255"]


def test_a_statement_is_told_with_its_locks_and_its_work(tmp_path: Path) -> None:
    upgrade = """
        op.create_index("ix_orders_user_id", "orders", ["user_id"])
        op.alter_column("orders", "user_id", type_=sa.BigInteger, existing_type=sa.Integer)
        op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("o", sa.BigInteger))
        op.create_index("ix_items_o", "items", ["o"])
        op.create_foreign_key("fk_items_o", "items", "orders", ["o"], ["id"])
        op.add_column("logs", sa.Column("level", sa.SmallInteger))
        op.execute("UPDATE users SET name = 'x'")
        op.execute("ALTER SEQUENCE orders_id_seq AS integer")
        op.execute("DROP VIEW totals")
        op.rename_table("users", "people")
        op.add_column("people", sa.Column("note", sa.Text))
        op.execute("DELETE FROM orders; DROP TABLE logs")
    """
    report = traced(project(tmp_path, TABLES, upgrade), "r1")
    assert departures(report) == []
    assert seen(report, "r1") == [
        ({"orders": "SHARE"}, [], ["orders"]),
        ({"orders": AX}, ["orders"], ["orders"]),
        ({}, [], []),
        ({}, [], []),
        # of the lock that it has already nothing more is to be seen
        ({"orders": SRE}, [], []),
        ({"logs": AX, "logs_2024": AX}, [], []),
        ({"users": RX}, [], ["users"]),
        ({"orders_id_seq": SRE}, [], []),
        ({"totals": AX}, [], []),
        ({"users": AX}, [], []),
        ({}, [], []),
        ({"orders": RX}, [], ["orders"]),
    ]


def test_what_is_a_transaction_of_its_own_is_seen_too(tmp_path: Path) -> None:
    upgrade = """
        with op.get_context().autocommit_block():
            op.create_index("ix_orders_total", "orders", ["total"], postgresql_concurrently=True)
            op.execute("REINDEX INDEX CONCURRENTLY ix_orders_total")
            op.drop_index("ix_orders_total", table_name="orders", postgresql_concurrently=True)
            op.add_column("orders", sa.Column("token", sa.Uuid, server_default=sa.text("gen_random_uuid()")))
            op.create_check_constraint("ck_orders_total", "orders", "total IS NULL OR id > 0")
            op.execute("SET lock_timeout = 0")
        op.create_index("ix_orders_token", "orders", ["token"])
    """
    report = traced(project(tmp_path, TABLES, upgrade), "r1")
    assert departures(report) == []
    assert seen(report, "r1") == [
        ({"orders": SUE}, [], ["orders"]),
        ({"orders": SUE}, [], ["orders"]),
        ({"orders": SUE}, [], []),
        ({"orders": AX}, ["orders"], ["orders"]),
        ({"orders": AX}, [], ["orders"]),
        ({}, [], []),
        ({"orders": "SHARE"}, [], ["orders"]),
    ]


def test_looking_on_changes_nothing(tmp_path: Path) -> None:
    """A transaction takes its isolation level before any query, and a failed one goes on from its savepoint."""
    upgrade = """
        bind = op.get_bind()
        op.execute("COMMIT")
        op.execute("BEGIN")
        op.execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
        assert bind.scalar(sa.text("SHOW transaction_isolation")) == "serializable"
        try:
            with bind.begin_nested():
                op.execute("INSERT INTO users (id) SELECT id FROM users")
        except sa.exc.IntegrityError:
            pass
        op.add_column("users", sa.Column("note", sa.Text))
    """
    report = traced(project(tmp_path, TABLES, upgrade), "r1")
    (found,) = (each["statements"] for each in report["trace"] if each["revision"] == "r1")
    assert [each["sql"].split()[0] for each in found if each["failed"]] == ["INSERT"]
    assert seen(report, "r1")[-1] == ({"users": AX}, [], [])
    assert [each["message"] for each in report["findings"]] == []


def test_what_only_the_database_knows_departs_from_the_plan(tmp_path: Path) -> None:
    log = """
        op.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN UPDATE users SET name = NULL WHERE false; RETURN NEW; END'")
        op.execute("CREATE TRIGGER t AFTER UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION f()")
    """
    report = traced(project(tmp_path, TABLES, log, 'op.execute("UPDATE orders SET total = 1")'), "r2")
    assert departures(report) == [
        'the plan says no lock on "users", the database shows ROW EXCLUSIVE on "users": UPDATE orders SET total = 1'
    ]


def test_what_the_driver_sends_by_itself_is_not_held_against_the_plan(tmp_path: Path) -> None:
    upgrade = """
        cursor = op.get_bind().connection.cursor()
        cursor.execute("LOCK TABLE orders")
        cursor.close()
        op.drop_column("orders", "user_id")
    """
    report = traced(project(tmp_path, TABLES, upgrade), "r1")
    assert departures(report) == []
    assert seen(report, "r1") == [({}, [], [])]


@pytest.mark.parametrize("name", ["linear", "careful", "deploys", "sqlmodel", "async_env", "multidb"])
def test_a_plan_says_what_happens_to_a_project(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(ROOT / "fixtures" / name, tmp_path / name)
    monkeypatch.chdir(folder)
    report = traced(folder, "--dialect", "postgresql")
    assert departures(report) == []
    assert sum(len(each["statements"]) for each in report["trace"]) >= 5


def test_a_trace_stands_before_the_report_as_a_plan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path, TABLES, 'op.add_column("orders", sa.Column("note", sa.Text))')
    assert run(["roundtrip", str(folder), "r1", "--trace", "--isolated", "--python", sys.executable]) == 0
    head, statement, _, summary = capsys.readouterr().out.splitlines()
    assert head.startswith("r1  ")
    assert head.endswith(" ms")
    told = " ".join(statement.split(" ms")[0].split()[:-1])
    assert told == "13 ALTER TABLE orders ADD COLUMN note TEXT ACCESS EXCLUSIVE on orders all wait"
    assert summary.startswith("no findings in 2 revisions ")


def test_another_database_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project(tmp_path, "pass", url="sqlite:///a.db")
    assert run(["roundtrip", str(folder), "--trace", "--isolated", "--python", sys.executable]) == 2
    assert "--trace is for PostgreSQL, and these round trips are made on sqlite" in capsys.readouterr().err
