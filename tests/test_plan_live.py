"""A plan next to what happens: real Alembic on a real PostgreSQL, its statements and the locks that others see."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from migrate_guard import engine
from migrate_guard.model.locks import Lock, LockMode
from migrate_guard.model.revision import Direction
from migrate_guard.model.target import Target
from migrate_guard.planning import Plan, PlannedStatement, plan
from migrate_guard.reading.discover import discover
from tests.conftest import INI, SCRIPT
from tests.rendering.same_sql import same_sql
from tests.servers import PostgresServer, postgresql

ENV = """\
from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
"""
UPGRADES = [
    """
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("total", sa.Integer, nullable=True),
        sa.Column("note", sa.String(10)),
        sa.Column("status", sa.Enum("new", "paid", name="order_status"), server_default="new"),
    )
    op.create_table("logs", sa.Column("at", sa.DateTime), postgresql_partition_by="RANGE (at)")
    op.execute("CREATE TABLE logs_2024 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')")
    op.execute("CREATE VIEW totals AS SELECT total FROM orders")
    """,
    """
    op.add_column("orders", sa.Column("user_id", sa.Integer))
    op.create_index("ix_orders_user_id", "orders", ["user_id"])
    op.create_foreign_key("fk_orders_user_id", "orders", "users", ["user_id"], ["id"])
    """,
    """
    op.add_column("orders", sa.Column("payer_id", sa.Integer, sa.ForeignKey("users.id"), index=True, comment="who"))
    op.alter_column("users", "name", type_=sa.Text(), nullable=False, comment="full name", existing_type=sa.String(40))
    """,
    """
    with op.get_context().autocommit_block():
        op.create_index("ix_users_name", "users", ["name"], postgresql_concurrently=True)
    op.execute("UPDATE orders SET note = 'x' WHERE note IS NULL; DELETE FROM users WHERE id < 0")
    """,
    """
    op.create_check_constraint("ck_total", "orders", "total > 0", postgresql_not_valid=True)
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT ck_total")
    op.execute("ALTER TABLE orders ADD COLUMN a int, ALTER COLUMN note TYPE text")
    """,
    """
    op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("o", sa.BigInteger))
    op.create_index("ix_items_o", "items", ["o"])
    op.create_foreign_key("fk_items_o", "items", "orders", ["o"], ["id"])
    op.execute("INSERT INTO items (o) SELECT id FROM orders")
    """,
    """
    op.add_column("logs", sa.Column("level", sa.SmallInteger))
    op.create_index("ix_logs_at", "logs", ["at"])
    op.create_table_comment("logs", "what happened")
    """,
    """
    op.execute("DO $$ BEGIN ALTER TABLE users ADD COLUMN b int; UPDATE orders SET a = 1; END $$")
    op.drop_constraint("ck_total", "orders", type_="check")
    op.alter_column("orders", "a", new_column_name="amount")
    op.rename_table("items", "order_items")
    """,
    """
    op.drop_column("orders", "payer_id")
    op.drop_table("order_items")
    op.execute("DROP VIEW totals")
    """,
]
_NOT_OURS = ("SELECT pg_catalog", "select pg_catalog", "SELECT alembic_version", "show ", "select current_schema")


class Seen(NamedTuple):
    """A statement that the server got, and the locks on relations of before that the session holds after it."""

    sql: str
    locks: dict[str, LockMode]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("plan")) as running:
        yield running


@pytest.fixture
def project(tmp_path: Path) -> Path:
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic.ini").write_text(INI.format(url="postgresql+psycopg://"), encoding="utf-8")
    (tmp_path / "alembic" / "env.py").write_text(ENV, encoding="utf-8")
    for at, body in enumerate(UPGRADES):
        text = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ").strip()
        down = f"r{at - 1}" if at else None
        script = SCRIPT.format(revision=f"r{at}", down=down, upgrade=text, downgrade="pass", message=f"step {at}")
        (versions / f"r{at}.py").write_text(script, encoding="utf-8")
    return tmp_path


def test_a_plan_says_what_happens(server: PostgresServer, project: Path) -> None:
    planned = planned_of(project, {f"r{at}" for at in range(1, len(UPGRADES))}, "upgrade", server)
    seen = list(watched(server, project))
    statements = [each for revision in planned.revisions for each in revision.statements]
    assert same_sql((each.sql for each in statements), "postgresql") == same_sql(
        (each.sql for each in seen), "postgresql"
    )
    # a text with two statements is one message to the server
    at = 0
    for each in seen:
        parts = len(same_sql([each.sql], "postgresql"))
        together = statements[at : at + parts]
        at += parts
        if together[0].in_transaction:
            assert held(planned, together[-1]) == each.locks, each.sql


def held(planned: Plan, last: PlannedStatement) -> dict[str, Lock]:
    """What the transaction of a statement holds after it, as the plan has it."""
    found: dict[str, Lock] = {}
    for revision in planned.revisions:
        if any(each is last for each in revision.statements):
            for each in revision.statements:
                if not each.in_transaction:
                    found = {}
                for lock in each.locks if each.in_transaction else ():
                    found[str(lock.table)] = max(lock.mode, found.get(str(lock.table), lock.mode))
                if each is last:
                    break
    return found


def planned_of(project: Path, wanted: set[str], direction: Direction, server: PostgresServer) -> Plan:
    (environment,) = discover([project], cwd=project, environ={}).environments
    return plan(engine.read(environment, Target("postgresql", server.version), project), wanted, direction)


def watched(server: PostgresServer, project: Path) -> Iterator[Seen]:
    """Upgrade to the first revision, then to the head, looking on from a second session."""
    config = Config(project / "alembic.ini")
    made = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(server.dsn))
    seen: list[Seen] = []
    with server.connect() as second, made.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "r0")
        connection.commit()
        process = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]  # psycopg's
        there = {
            row[0] for row in second.execute("SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        }

        def note(_: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if not statement.startswith(_NOT_OURS) and "alembic_version" not in statement:
                seen.append(Seen(statement, locks_of(second, process, there)))

        sa.event.listen(connection, "after_cursor_execute", note)
        command.upgrade(config, "head")
    made.dispose()
    yield from seen


def locks_of(second: psycopg.Connection[Any], process: int, there: set[int]) -> dict[str, LockMode]:
    """The strongest lock of another session on each table, view and sequence that was there before."""
    rows = second.execute(
        "SELECT c.oid, relname, mode FROM pg_locks JOIN pg_class c ON c.oid = relation"
        " WHERE pid = %s AND granted AND relkind IN ('r', 'p', 'v', 'm', 'S')",
        (process,),
    ).fetchall()
    found: dict[str, LockMode] = {}
    for oid, name, mode in rows:
        if oid in there and name != "alembic_version":
            lock = LockMode[_underscored(mode.removesuffix("Lock"))]
            found[name] = max(lock, found.get(name, lock))
    return found


def _underscored(mode: str) -> str:
    """ShareRowExclusive as SHARE_ROW_EXCLUSIVE."""
    return "".join(f"_{each}" if each.isupper() and at else each for at, each in enumerate(mode)).upper()
