"""How revisions run by env.py: what is read from it, and what Alembic then does on real databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import indent

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from migrate_guard.dialects.postgresql.durations import milliseconds
from migrate_guard.model.environment import Environment, TransactionMode
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.discover import discover
from migrate_guard.reading.environment import read_environment
from migrate_guard.reading.project import Project, project_roots
from tests.conftest import script
from tests.servers import PostgresServer, postgresql

HEAD = """\
import os
from alembic import context, op
from sqlalchemy import create_engine, engine_from_config, event, func, pool, select, text

config = context.config
URL = config.get_main_option("sqlalchemy.url")
NO_POOL = {"poolclass": pool.NullPool}
"""
OFFLINE = """\
def run_migrations_offline():
    context.configure(url=URL, transaction_per_migration=True)
    with context.begin_transaction():
        context.execute("SET lock_timeout = '9s'")
        context.run_migrations()

"""
RUN = "with context.begin_transaction():\n    context.run_migrations()\n"


def online(*lines: str, engine: str = "create_engine(URL, **NO_POOL)", block: str = "connect") -> str:
    """An env.py that does something with its connection."""
    body = indent("".join(f"{each}\n" for each in lines), " " * 8)
    return (
        f"{HEAD}{OFFLINE}def run_migrations_online():\n    engine = {engine}\n"
        f"    with engine.{block}() as connection:\n{body}\n"
        "if context.is_offline_mode():\n    run_migrations_offline()\nelse:\n    run_migrations_online()\n"
    )


def configured(options: str = "", *inside: str, engine: str = "create_engine(URL, **NO_POOL)") -> str:
    """An env.py as in the template, with further arguments, and statements in Alembic's transaction."""
    lines = ("with context.begin_transaction():", *(f"    {each}" for each in inside), "    context.run_migrations()")
    return online(f"context.configure(connection=connection{options})", *lines, engine=engine)


def before(*lines: str, options: str = "", block: str = "connect") -> str:
    """An env.py that does something with its connection before it hands it to Alembic."""
    return online(*lines, f"context.configure(connection=connection{options})", RUN, block=block)


def listening(decorator: str, *lines: str, engine: str = "create_engine(URL, **NO_POOL)") -> str:
    """An env.py with a listener on its engine."""
    body = indent("".join(f"{each}\n" for each in lines), "    ")
    text = f"engine = {engine}\n\n{decorator}\ndef listen(given, *others):\n{body}\n"
    return configured(", transaction_per_migration=True", engine="ENGINE").replace(
        HEAD, HEAD + text.replace("engine =", "ENGINE =", 1).replace("(engine", "(ENGINE")
    )


@dataclass(frozen=True)
class Case:
    name: str
    env: str
    mode: TransactionMode = "single"
    timeout: str | None = None
    """What lock_timeout is set to for every revision."""
    persists: bool = True
    """Alembic or env.py commits what the revisions do."""
    is_read: bool = True
    """The setting tells that it does not."""


SET = "connection.execute(text(\"SET lock_timeout = '5s'\"))"
PER_REVISION = ", transaction_per_migration=True"
BOTH = 'connect_args={"options": "-c lock_timeout=5000 -c statement_timeout=0"}'
CASES = [
    Case("the template", configured()),
    Case("one transaction a revision", configured(PER_REVISION), "per-revision"),
    Case(
        "options in a dictionary",
        online(
            "options = {'transaction_per_migration': True}", "context.configure(connection=connection, **options)", RUN
        ),
        "per-revision",
    ),
    Case(
        "an option of the environment",
        configured(', transaction_per_migration=os.environ.get("TPM", "1") == "1"'),
        "per-revision",
    ),
    Case("no transactional DDL", configured(", transactional_ddl=False"), "per-revision"),
    Case("transactional DDL", configured(", transactional_ddl=True"), "single"),
    Case(
        "no transaction at all",
        online("context.configure(connection=connection)", "context.run_migrations()"),
        persists=False,
    ),
    Case(
        "no transaction but those of revisions",
        online(f"context.configure(connection=connection{PER_REVISION})", "context.run_migrations()"),
        "per-revision",
    ),
    Case("a transaction of its own", before(options=PER_REVISION, block="begin"), "single"),
    Case(
        "a transaction around",
        online(
            "with connection.begin():",
            f"    context.configure(connection=connection{PER_REVISION})",
            "    context.run_migrations()",
        ),
        "single",
    ),
    Case(
        "a transaction within",
        online(
            f"context.configure(connection=connection{PER_REVISION})",
            "with context.begin_transaction():",
            "    context.run_migrations()",
        ),
        "per-revision",
    ),
    Case(
        "begun and committed",
        online(
            "transaction = connection.begin()",
            f"context.configure(connection=connection{PER_REVISION})",
            "context.run_migrations()",
            "transaction.commit()",
        ),
        "single",
    ),
    Case(
        "autocommit of the engine",
        configured(engine='create_engine(URL, **NO_POOL, isolation_level="AUTOCOMMIT")'),
        "none",
    ),
    Case(
        "autocommit in execution options",
        configured(engine='create_engine(URL, **NO_POOL, execution_options={"isolation_level": "AUTOCOMMIT"})'),
        "none",
    ),
    Case(
        "autocommit of an engine's copy",
        configured(engine='create_engine(URL, **NO_POOL).execution_options(isolation_level="AUTOCOMMIT")'),
        "none",
    ),
    Case(
        "autocommit from a dictionary",
        configured(
            engine='engine_from_config({"sqlalchemy.url": URL, "sqlalchemy.isolation_level": "AUTOCOMMIT"}, **NO_POOL)'
        ),
        "none",
    ),
    Case(
        "autocommit of the connection",
        before('connection = connection.execution_options(isolation_level="AUTOCOMMIT")'),
        "none",
    ),
    Case(
        "autocommit of the driver",
        before("connection.connection.dbapi_connection.autocommit = True"),
        "none",
    ),
    Case(
        "another isolation level",
        configured(PER_REVISION, engine='create_engine(URL, **NO_POOL, isolation_level="SERIALIZABLE")'),
        "per-revision",
    ),
    # settings
    Case(
        "set by a cursor of the driver",
        before("connection.connection.cursor().execute(\"SET lock_timeout = '5s'\")", options=PER_REVISION),
        "per-revision",
        "5s",
    ),
    Case(
        "set while the driver commits every statement",
        before(
            "driver = connection.connection.dbapi_connection",
            "driver.autocommit = True",
            "driver.execute(\"SET lock_timeout = '5s'\")",
            "driver.autocommit = False",
            options=PER_REVISION,
        ),
        "per-revision",
        "5s",
    ),
    Case(
        "asked before",
        before("connection.scalar(select(func.version()))", options=PER_REVISION),
        persists=False,
    ),
    Case("set in the transaction", configured("", SET), timeout="5s"),
    Case("set in the transaction of nobody", configured(PER_REVISION, SET), "per-revision", "5s"),
    Case("set by the context", configured("", "context.execute(\"SET lock_timeout TO '5s'\")"), timeout="5s"),
    Case(
        "set on what the operations use",
        configured("", "context.get_bind().execute(text(\"SET lock_timeout = '5s'\"))"),
        timeout="5s",
    ),
    Case("set after configure", online("context.configure(connection=connection)", SET, RUN), timeout="5s"),
    Case("set before", before(SET), timeout="5s", persists=False, is_read=False),
    Case(
        "set before, one transaction a revision",
        before(SET, options=PER_REVISION),
        timeout="5s",
        persists=False,
        is_read=False,
    ),
    Case("set before and committed", before(SET, "connection.commit()", options=PER_REVISION), "per-revision", "5s"),
    Case("set before and rolled back", before(SET, "connection.rollback()", options=PER_REVISION), "per-revision"),
    Case(
        "set before, committed at the end",
        online(SET, "context.configure(connection=connection)", RUN, "connection.commit()"),
        timeout="5s",
    ),
    Case(
        "set in a block before",
        before("with connection.begin():", f"    {SET}", options=PER_REVISION),
        "per-revision",
        "5s",
    ),
    Case("set in a transaction of its own", before(SET, block="begin"), timeout="5s"),
    Case(
        "set on another connection",
        before("with engine.begin() as other:", f"    {SET.replace('connection', 'other')}"),
    ),
    Case(
        "set with autocommit", before('connection.execution_options(isolation_level="AUTOCOMMIT")', SET), "none", "5s"
    ),
    Case("local", configured("", SET.replace("SET", "SET LOCAL")), timeout="5s"),
    Case("local to the first revision", configured(PER_REVISION, SET.replace("SET", "SET LOCAL")), "per-revision"),
    Case("local and committed", before(SET.replace("SET", "SET LOCAL"), "connection.commit()")),
    Case("given back", configured("", SET, 'connection.execute(text("RESET lock_timeout"))')),
    Case(
        "given back to the connection's",
        configured(
            "",
            SET.replace("5s", "7s"),
            'connection.execute(text("SET lock_timeout TO DEFAULT"))',
            engine=f"create_engine(URL, **NO_POOL, {BOTH})",
        ),
        timeout="5000",
    ),
    Case(
        "set twice",
        configured("", "connection.exec_driver_sql(\"SET lock_timeout = 1000; SET SESSION lock_timeout = '5s'\")"),
        timeout="5s",
    ),
    Case(
        "a function",
        configured("", "connection.execute(text(\"SELECT set_config('lock_timeout', '5s', false)\"))"),
        timeout="5s",
    ),
    Case(
        "a function with a parameter",
        configured("", "connection.execute(text(\"SELECT set_config('lock_timeout', :t, false)\"), {'t': '5s'})"),
        timeout="5s",
    ),
    Case(
        "a function in Core",
        configured("", 'connection.execute(select(func.set_config("lock_timeout", "5s", False)))'),
        timeout="5s",
    ),
    Case(
        "a constant",
        configured("", "seconds = 5", "connection.execute(text(f\"SET lock_timeout = '{seconds}s'\"))"),
        timeout="5s",
    ),
    Case(
        "a variable of the environment",
        configured(
            "",
            "seconds = os.environ.get('LOCK_TIMEOUT', '5s')",
            "connection.execute(text(f\"SET lock_timeout = '{seconds}'\"))",
        ),
        timeout="5s",
    ),
    Case(
        "only on this database",
        configured("", 'if connection.dialect.name == "postgresql":', f"    {SET}"),
        timeout="5s",
    ),
    Case(
        "options of the connection",
        configured(PER_REVISION, engine=f"create_engine(URL, **NO_POOL, {BOTH})"),
        "per-revision",
        "5000",
    ),
    Case(
        "options of a connection from the configuration",
        configured(
            engine=f"engine_from_config(config.get_section(config.config_ini_section, {{}}), {BOTH}, **NO_POOL)"
        ),
        timeout="5000",
    ),
    Case(
        "options in the URL",
        configured(engine='create_engine(URL + "&options=-c%20lock_timeout%3D5s", **NO_POOL)'),
        timeout="5s",
    ),
    Case(
        "a listener",
        listening(
            '@event.listens_for(engine, "connect")',
            "cursor = given.cursor()",
            "cursor.execute(\"SET lock_timeout = '5s'\")",
            "cursor.close()",
        ),
        "per-revision",
        "5s",
    ),
    Case(
        "a listener of the pool",
        listening(
            '@event.listens_for(engine.pool, "connect")',
            "with given.cursor() as cursor:",
            "    cursor.execute(\"SET lock_timeout = '5s'\")",
            "given.commit()",
        ),
        "per-revision",
        "5s",
    ),
    Case(
        "a listener of every transaction",
        listening('@event.listens_for(engine, "begin")', "given.exec_driver_sql(\"SET LOCAL lock_timeout = '5s'\")"),
        "per-revision",
        "5s",
    ),
    Case(
        "a listener of every transaction that leaves autocommit alone",
        listening(
            '@event.listens_for(engine, "begin")',
            "if not given.connection.dbapi_connection.autocommit:",
            "    given.exec_driver_sql(\"SET LOCAL lock_timeout = '5s'\")",
        ),
        "per-revision",
        "5s",
    ),
    Case(
        "a listener of connections that begins a transaction",
        listening('@event.listens_for(engine, "engine_connect")', f"connection = given\n{SET}"),
        timeout="5s",
        persists=False,
        is_read=False,
    ),
    Case(
        "a listener of connecting",
        listening('@event.listens_for(engine, "do_connect")', "others[2]['options'] = '-c lock_timeout=5s'"),
        "per-revision",
        "5s",
    ),
]


def write(folder: Path, env: str, url: str, revisions: dict[str, str]) -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = {folder / 'migrations'}\nsqlalchemy.url = {url.replace('%', '%%')}\n"
    )
    (folder / "migrations" / "env.py").write_text(env)
    down = None
    for name, upgrade in revisions.items():
        (versions / f"{name}.py").write_text(script(name, down, upgrade))
        down = name


def read(folder: Path, dialect: DialectName = "postgresql") -> Environment:
    (found,) = discover([folder], cwd=folder, environ={}).environments
    project = Project(project_roots(folder / "migrations", found.prepend_sys_path), folder)
    return read_environment(found, project, Target.default(dialect))


def run(folder: Path, revision: str) -> None:
    command.upgrade(Config(str(folder / "alembic.ini")), revision)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("transactions")) as running:
        yield running


KEEP = """op.execute("CREATE TABLE {0} AS SELECT current_setting('lock_timeout') AS timeout")"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_read_is_what_alembic_does(
    tmp_path: Path, server: PostgresServer, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TPM", "LOCK_TIMEOUT"):
        monkeypatch.delenv(name, raising=False)
    host = server.dsn.partition("host=")[2].partition(" ")[0]
    fails = KEEP.format("c") + '\n    op.execute("SELECT 1 / 0")'
    revisions = {"a": KEEP.format("a"), "b": KEEP.format("b"), "c": fails}
    write(tmp_path, case.env, f"postgresql+psycopg://postgres@/postgres?host={host}", revisions)
    environment = read(tmp_path)
    setting = environment.setting("lock_timeout")
    assert (environment.transactions, environment.knows_transactions) == (case.mode, True)
    assert environment.is_autocommit == (case.mode == "none")
    assert (setting and setting.value) == case.timeout
    assert all(each.is_in_transaction for each in environment.settings) == case.is_read
    assert (environment.uncommitted is None) == case.persists
    assert environment.configure_span is not None
    line = case.env.splitlines()[environment.configure_span.line - 1]
    assert line.lstrip().startswith("context.configure(connection=connection")

    with server.connect() as connection:

        def tables() -> dict[str, object]:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE tablename IN ('a', 'b', 'c')").fetchall()
            return {str(name): connection.execute(f"TABLE {name}").fetchone() for (name,) in found}

        def clean() -> None:
            connection.execute("DROP TABLE IF EXISTS a, b, c, alembic_version")

        try:
            run(tmp_path, "b")
            kept = tables()
            assert bool(kept) == case.persists
            if kept:
                connection.execute(f"SET lock_timeout = {milliseconds(case.timeout or '0')}")
                (expected,) = connection.execute("SHOW lock_timeout").fetchall()
                assert kept["b"] == expected
                connection.execute("RESET lock_timeout")
            clean()
            with suppress(DBAPIError):
                run(tmp_path, "c")
            assert "".join(sorted(tables())) == {"single": "", "per-revision": "ab", "none": "abc"}[case.mode]
        finally:
            clean()


@pytest.mark.parametrize("options", ["", PER_REVISION, ", transactional_ddl=True", "in a transaction"])
def test_sqlite_commits_the_rows_of_every_revision(tmp_path: Path, options: str) -> None:
    env = before(block="begin") if options == "in a transaction" else configured(options)
    upgrades = {"a": "op.execute('CREATE TABLE t (a INTEGER)')", "b": "op.execute('INSERT INTO t VALUES (1)')"}
    upgrades["c"] = "op.execute('INSERT INTO t VALUES (2)')\n    op.execute('SELECT nothing')"
    database = tmp_path / "database"
    write(tmp_path, env, f"sqlite:///{database}", upgrades)
    with suppress(DBAPIError):
        run(tmp_path, "head")
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT a FROM t").fetchall()
    mode = read(tmp_path, "sqlite").transactions
    assert mode == ("single" if options in (", transactional_ddl=True", "in a transaction") else "per-revision")
    assert rows == ([(1,)] if mode == "per-revision" else [])


@pytest.mark.parametrize("template", ["generic", "async", "multidb", "pyproject", "pyproject_async"])
def test_the_templates_of_alembic(tmp_path: Path, template: str) -> None:
    config = Config(str(tmp_path / "alembic.ini"), toml_file=str(tmp_path / "pyproject.toml"))
    command.init(config, str(tmp_path / "migrations"), template=template)
    environment = read(tmp_path)
    assert environment.transactions == "single"
    assert environment.knows_transactions
    assert environment.configure_span is not None
    assert (environment.settings, environment.advisory_locks, environment.is_autocommit) == ((), (), False)
    text = (tmp_path / "migrations" / "env.py").read_text()
    path = tmp_path / "migrations" / "env.py"
    changed = text.replace("target_metadata=target_metadata", "target_metadata=target_metadata, **PER_REVISION")
    path.write_text("PER_REVISION = {'transaction_per_migration': True}\n" + changed)
    # the one for several databases begins a transaction on each, which Alembic leaves alone
    assert read(tmp_path).transactions == ("single" if template == "multidb" else "per-revision")


@pytest.mark.parametrize("template", ["flask", "flask-multidb", "aioflask", "aioflask-multidb"])
def test_the_templates_of_flask_migrate(tmp_path: Path, template: str) -> None:
    spec = find_spec("flask_migrate")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    source = package / "templates" / template / "env.py"
    write(tmp_path, source.read_text(), "postgresql://localhost/app", {})
    environment = read(tmp_path)
    assert environment.transactions == "single"
    # `configure_args` of the application decide, unless a transaction is begun on every database before
    assert environment.knows_transactions == template.endswith("multidb")
    assert environment.configure_span is not None


UNKNOWN = [
    configured(", transaction_per_migration=settings.PER_REVISION"),
    configured(", transactional_ddl=settings.TRANSACTIONAL"),
    configured(", **settings.OPTIONS"),
    configured(engine="create_engine(URL, isolation_level=settings.LEVEL)"),
    configured(engine="engine_from_config({'sqlalchemy.url': URL, 'sqlalchemy.isolation_level': settings.LEVEL})"),
    online(
        "if settings.is_large():",
        f"    context.configure(connection=connection{PER_REVISION})",
        f"    {RUN.splitlines()[0]}",
        "        context.run_migrations()",
        "else:",
        "    context.configure(connection=connection)",
        "    context.run_migrations()",
    ),
    f"{HEAD}context.configure(connection=config.attributes['connection'], transaction_per_migration=True)\n{RUN}",
    "from alembic import context\n",
]


@pytest.mark.parametrize("env", UNKNOWN)
def test_what_cannot_be_computed_is_not_known(tmp_path: Path, env: str) -> None:
    write(tmp_path, f"from elsewhere import settings\n{env}", "postgresql://localhost/app", {})
    assert not read(tmp_path).knows_transactions


ASYNC = """\
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine

def do_run(connection):
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine(URL, connect_args={"server_settings": {"lock_timeout": "5s", "statement_timeout": 0}})
    async with engine.connect() as connection:
        await connection.run_sync(do_run)

if context.is_offline_mode():
    context.configure(url=URL)
else:
    connectable = config.attributes.get("connection", None)
    if connectable is None:
        asyncio.run(main())
    else:
        do_run(connectable)
"""


def test_the_settings_of_asyncpg(tmp_path: Path) -> None:
    write(tmp_path, HEAD + ASYNC, "postgresql+asyncpg://localhost/app", {})
    environment = read(tmp_path)
    assert (environment.transactions, environment.knows_transactions) == ("per-revision", True)
    assert [(each.name, each.value, each.source) for each in environment.settings] == [
        ("lock_timeout", "5s", "connection"),
        ("statement_timeout", "0", "connection"),
    ]


def test_options_of_the_url_stand_in_the_configuration(tmp_path: Path) -> None:
    engine = 'engine_from_config(config.get_section(config.config_ini_section, {}), prefix="sqlalchemy.")'
    write(tmp_path, configured(engine=engine), "postgresql://localhost/app?options=-c%20lock_timeout%3D5s", {})
    (setting,) = read(tmp_path).settings
    assert (setting.name, setting.value, setting.source) == ("lock_timeout", "5s", "connection")
    assert (setting.span.path, setting.span.line) == ("alembic.ini", 3)


def test_a_value_that_is_not_known(tmp_path: Path) -> None:
    env = configured("", "connection.execute(text(f\"SET LOCAL lock_timeout = '{settings.X}ms'\"))")
    write(tmp_path, f"from elsewhere import settings\n{env}", "postgresql://localhost/app", {})
    (setting,) = read(tmp_path).settings
    assert (setting.name, setting.value, setting.source, setting.is_local) == ("lock_timeout", "", "statement", True)


LOCKED = "connection.execute(text('SELECT {}(11)'))"


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        (configured("", LOCKED.format("pg_advisory_xact_lock")), [("pg_advisory_xact_lock", True, True)]),
        (before(LOCKED.format("pg_advisory_lock"), "connection.commit()"), [("pg_advisory_lock", True, True)]),
        (
            before(f"while not {LOCKED.format('pg_try_advisory_lock')}.scalar():", "    wait()"),
            [("pg_try_advisory_lock", False, True)],
        ),
        (
            before('connection.execution_options(isolation_level="AUTOCOMMIT")', LOCKED.format("pg_advisory_lock")),
            [("pg_advisory_lock", True, False)],
        ),
        (configured("", "connection.execute(select(func.pg_advisory_lock(1)))"), [("pg_advisory_lock", True, True)]),
        (configured("", "connection.scalar(text('SELECT pg_advisory_unlock(1)'))"), []),
    ],
)
def test_advisory_locks(tmp_path: Path, env: str, expected: list[tuple[str, bool, bool]]) -> None:
    write(tmp_path, env, "postgresql://localhost/app", {})
    locks = read(tmp_path).advisory_locks
    assert [(each.function, each.is_waiting, each.is_in_transaction) for each in locks] == expected
    assert all("advisory" in env.splitlines()[each.span.line - 1] for each in locks)
