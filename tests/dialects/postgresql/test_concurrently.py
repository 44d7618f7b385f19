"""What CONCURRENTLY does when it has to wait, and in which transactions drivers run it: asked of a running server.

The rules about indexes rest on it (MG303, MG321, MG330, MG907).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from time import monotonic, sleep

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import DeadlockDetected, FeatureNotSupported, LockNotAvailable, QueryCanceled
from sqlalchemy.exc import SQLAlchemyError

from tests.checking import check
from tests.servers import PostgresServer, postgresql

BUILD = "CREATE INDEX CONCURRENTLY ix ON t (a)"
VALID = "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("concurrently")) as server:
        yield server


@pytest.fixture
def server(running: PostgresServer) -> PostgresServer:
    """The server with a table `t`, an unrelated one, and nothing else."""
    with running.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000)")
        connection.execute("CREATE TABLE other (a int)")
    return running


@pytest.mark.parametrize(
    ("timeout", "error"), [("lock_timeout", LockNotAvailable), ("statement_timeout", QueryCanceled)]
)
@pytest.mark.parametrize("read", ["t", "other"])
def test_a_timeout_cancels_a_build_that_waits_and_leaves_an_invalid_index(
    server: PostgresServer, timeout: str, error: type[Exception], read: str
) -> None:
    with server.connect() as reader, server.connect() as builder:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute(f"SELECT count(*) FROM {read}")
        builder.execute(f"SET {timeout} = '300ms'")
        with pytest.raises(error):
            builder.execute(BUILD)
        assert builder.execute(VALID).fetchall() == [("ix", False)]


@pytest.mark.parametrize("timeout", ["lock_timeout", "statement_timeout"])
def test_a_timeout_cancels_a_concurrent_drop_and_leaves_the_index_invalid(server: PostgresServer, timeout: str) -> None:
    with server.connect() as reader, server.connect() as dropper:
        dropper.execute("CREATE INDEX ix ON t (a)")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM t")
        dropper.execute(f"SET {timeout} = '300ms'")
        with pytest.raises((LockNotAvailable, QueryCanceled)):
            dropper.execute("DROP INDEX CONCURRENTLY ix")
        assert dropper.execute(VALID).fetchall() == [("ix", False)]


@pytest.mark.parametrize("build", [BUILD, "REINDEX INDEX CONCURRENTLY old"])
@pytest.mark.parametrize("begin", ["BEGIN", ""], ids=["in a transaction", "by itself"])
def test_a_build_deadlocks_with_who_waits_for_an_advisory_lock(server: PostgresServer, begin: str, build: str) -> None:
    with server.connect() as first, server.connect() as second:
        first.execute("CREATE INDEX old ON t (a)")
        first.execute("SELECT pg_advisory_lock(1)")
        # who waits longer than that looks once whether it is in a deadlock: let it be the build that finds out
        second.execute("SET deadlock_timeout = '1ms'")
        if begin:
            second.execute(begin)
        waiting = threading.Thread(target=second.execute, args=("SELECT pg_advisory_lock(1)",))
        waiting.start()
        try:
            _until_somebody_waits(first)
            sleep(0.2)
            with pytest.raises(DeadlockDetected):
                first.execute(build)
            assert False in [is_valid for _, is_valid in first.execute(VALID).fetchall()]
        finally:
            first.execute("SELECT pg_advisory_unlock(1)")
            waiting.join()


def test_a_build_does_not_wait_for_who_repeats_a_try(server: PostgresServer) -> None:
    with server.connect() as first, server.connect() as second:
        first.execute("SELECT pg_advisory_lock(1)")
        second.execute("BEGIN")
        second.execute("SELECT pg_try_advisory_lock(1)")
        first.execute("SET statement_timeout = '20s'")
        first.execute(BUILD)
        assert first.execute(VALID).fetchall() == [("ix", True)]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE INDEX CONCURRENTLY i ON p (k)",
        "CREATE INDEX CONCURRENTLY i ON ONLY p (k)",
        "DROP INDEX CONCURRENTLY ip",
    ],
)
def test_a_partitioned_table_refuses_concurrently(server: PostgresServer, statement: str) -> None:
    with server.connect() as connection:
        connection.execute("CREATE TABLE p (k int) PARTITION BY LIST (k); CREATE INDEX ip ON p (k)")
        with pytest.raises(FeatureNotSupported):
            connection.execute(statement)


def _until_somebody_waits(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    deadline = monotonic() + 20
    while not connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").fetchall():
        assert monotonic() < deadline
        sleep(0.02)


# What a script does to get out of Alembic's transaction, and the drivers with which the statement after it then runs:
# psycopg is asked below, psycopg2 2.9 and asyncpg 0.32 were asked by hand, with SQLAlchemy 2.0 and 2.1.
EVERY = frozenset({"psycopg", "psycopg2", "asyncpg"})
NONE: frozenset[str] = frozenset()
FORMS = {
    "nothing": ("", NONE),
    "autocommit block": ("with op.get_context().autocommit_block():\n    op.execute(BUILD)", EVERY),
    "isolation level in the transaction": (
        'op.get_bind().execution_options(isolation_level="AUTOCOMMIT")',
        NONE,
    ),
    "isolation level after a commit": (
        'op.get_bind().commit()\nop.get_bind().execution_options(isolation_level="AUTOCOMMIT")',
        EVERY,
    ),
    "COMMIT": ('op.execute("COMMIT")', frozenset({"psycopg2", "asyncpg"})),
    "commit of the connection": ("op.get_bind().commit()", NONE),
    "commit of the driver": ("op.get_bind().connection.dbapi_connection.commit()", NONE),
    "autocommit of the driver": ("op.get_bind().connection.dbapi_connection.autocommit = True", NONE),
    "autocommit of the driver after a commit": (
        "driver = op.get_bind().connection.dbapi_connection\ndriver.commit()\ndriver.autocommit = True",
        EVERY,
    ),
    "set_isolation_level": (
        "op.get_bind().connection.dbapi_connection.set_isolation_level(0)",
        frozenset({"psycopg2"}),
    ),
    "another connection": (
        """\
with op.get_bind().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
    connection.execute(sa.text(BUILD))""",
        EVERY,
    ),
    "another engine": (
        """\
with op.get_bind().engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
    connection.execute(sa.text(BUILD))""",
        EVERY,
    ),
    "another connection with a transaction": (
        "with op.get_bind().engine.connect() as connection:\n    connection.execute(sa.text(BUILD))",
        NONE,
    ),
    "two statements in one string": (
        'with op.get_context().autocommit_block():\n    op.execute(f"ANALYZE t; {BUILD}")',
        NONE,
    ),
    "COMMIT in one string": ('op.execute(f"COMMIT; {BUILD}")', NONE),
}
SCRIPT = """\
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = None
BUILD = "CREATE INDEX CONCURRENTLY ix ON t (a)"


def upgrade():
{body}
"""
ENV = """\
from alembic import context
from sqlalchemy import create_engine

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
try:
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
finally:
    engine.dispose()
"""


@pytest.mark.parametrize("form", FORMS)
def test_psycopg_runs_or_refuses_it(
    server: PostgresServer, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = conninfo_to_dict(server.dsn)["host"]
    ini = _project(tmp_path, form, f"postgresql+psycopg://postgres@/postgres?host={host}")
    monkeypatch.chdir(tmp_path)
    works = "psycopg" in FORMS[form][1]
    if works:
        command.upgrade(Config(ini), "head")
    else:
        with pytest.raises((SQLAlchemyError, psycopg.ProgrammingError, ValueError)):
            command.upgrade(Config(ini), "head")
    with server.connect() as connection:
        assert connection.execute(VALID).fetchall() == ([("ix", True)] if works else [])


@pytest.mark.parametrize("driver", sorted(EVERY))
@pytest.mark.parametrize("form", FORMS)
def test_it_is_found_where_it_is_refused(
    form: str, driver: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _project(tmp_path, form, f"postgresql+{driver}://app@db/app")
    monkeypatch.chdir(tmp_path)
    found = [each for each in check(tmp_path).findings if each.code == "MG303"]
    assert (not found) == (driver in FORMS[form][1])


def _project(folder: Path, form: str, url: str) -> Path:
    code, _ = FORMS[form]
    body = code if "BUILD" in code else f"{code}\nop.execute(BUILD)".strip()
    (folder / "versions").mkdir()
    (folder / "versions" / "a1.py").write_text(SCRIPT.format(body=indent(body, "    ")), encoding="utf-8")
    (folder / "env.py").write_text(ENV, encoding="utf-8")
    ini = folder / "alembic.ini"
    ini.write_text(f"[alembic]\nscript_location = %(here)s\nsqlalchemy.url = {url}\n", encoding="utf-8")
    return ini
