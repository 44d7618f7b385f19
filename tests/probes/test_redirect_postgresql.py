"""Whatever env.py or a script connects by, it reaches the scratch server, and the live one sees nobody."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_guard.probes.isolation import isolated, not_enforced
from tests.probes.redirecting import (
    ENV,
    SCRIPT,
    Live,
    Scratch,
    live,
    make_project,
    migrate,
    postgresql_scratch,
)

PLAIN = SCRIPT.format(top="", body="pass")
MIGRATED = ["alembic_version", "parcels"]

ENVIRONMENTS = {
    "URL of the ini file": (
        "from sqlalchemy import engine_from_config, pool",
        """\
engine = engine_from_config(context.config.get_section("alembic"), poolclass=pool.NullPool)
with engine.connect() as connection:
    run(connection)
""",
    ),
    "arguments that say where": (
        "import sqlalchemy as sa",
        """\
arguments = {"host": "{HOST}", "user": "postgres", "sslmode": "disable", "options": "-c statement_timeout=7777"}
with sa.create_engine("postgresql+psycopg:///app", connect_args=arguments).connect() as connection:
    assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "7777ms"
    connection.rollback()
    run(connection)
""",
    ),
    "creator": (
        "import psycopg, sqlalchemy as sa",
        """\
engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect("{DSN}"))
with engine.connect() as connection:
    run(connection)
""",
    ),
    "creator that needs the world": (
        "import urllib.request, psycopg, sqlalchemy as sa",
        """\
def connect():
    password = urllib.request.urlopen("http://127.0.0.1:9/token").read()
    return psycopg.connect("{DSN}", password=password)

with sa.create_engine("postgresql+psycopg://", creator=connect).connect() as connection:
    run(connection)
""",
    ),
    "creator bound before": (
        "import sqlalchemy as sa\nfrom psycopg import connect",
        """\
with sa.create_engine("postgresql+psycopg://", creator=lambda: connect("{DSN}")).connect() as connection:
    run(connection)
""",
    ),
    "pool of its own": (
        "import psycopg, sqlalchemy as sa\nfrom sqlalchemy.pool import QueuePool",
        """\
engine = sa.create_engine("postgresql+psycopg://", pool=QueuePool(lambda: psycopg.connect("{DSN}"), dialect=None))
with engine.connect() as connection:
    run(connection)
engine.dispose()
with engine.connect() as connection:
    run(connection)
""",
    ),
    "pool of one connection": (
        "import sqlalchemy as sa\nfrom sqlalchemy.pool import StaticPool",
        """\
with sa.create_engine("{URL}", poolclass=StaticPool).connect() as connection:
    run(connection)
""",
    ),
    "password from elsewhere": (
        "import sqlalchemy as sa",
        """\
engine = sa.create_engine("{URL}")

@sa.event.listens_for(engine, "do_connect")
def password(dialect, record, args, arguments):
    raise RuntimeError("no key to the vault")

with engine.connect() as connection:
    run(connection)
""",
    ),
    "engine of a module": (
        "from database import engine",
        "with engine.connect() as connection:\n    run(connection)\n",
    ),
    "service": (
        "import sqlalchemy as sa",
        """\
with sa.create_engine("postgresql+psycopg://?service=live").connect() as connection:
    run(connection)
""",
    ),
    "variables of libpq": (
        "import sqlalchemy as sa",
        'with sa.create_engine("postgresql+psycopg://").connect() as connection:\n    run(connection)\n',
    ),
    "URL of the environment": (
        "import os, sqlalchemy as sa",
        """\
url = os.environ["DATABASE_URL"]
context.config.set_main_option("sqlalchemy.url", url)
assert url.startswith("postgresql+psycopg://") and "{HOST}" not in url
with sa.create_engine(url).connect() as connection:
    run(connection)
""",
    ),
    "variables that a script sets": (
        "import os, sqlalchemy as sa",
        """\
os.environ.update(PGHOST="{HOST}", PGHOSTADDR="127.0.0.1", PGUSER="postgres", PGDATABASE="app")
with sa.create_engine("postgresql+psycopg://").connect() as connection:
    run(connection)
""",
    ),
    "asyncpg": (
        "import asyncio\nfrom sqlalchemy.ext.asyncio import create_async_engine",
        """\
async def migrate():
    engine = create_async_engine("{ASYNCPG}")
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(migrate())
""",
    ),
    "psycopg with an event loop": (
        "import asyncio\nfrom sqlalchemy.ext.asyncio import create_async_engine",
        """\
async def migrate():
    engine = create_async_engine("{URL}")
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(migrate())
""",
    ),
    "async_creator": (
        "import asyncio, asyncpg\nfrom sqlalchemy.ext.asyncio import create_async_engine",
        """\
async def migrate():
    connect = lambda: asyncpg.connect(host="{HOST}", user="postgres", database="app")
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(migrate())
""",
    ),
}

DIRECT = {
    "psycopg": ("import psycopg", 'psycopg.connect("{DSN}").close()'),
    "psycopg, bound before": ("from psycopg import connect", 'connect("{DSN}").close()'),
    "a connection's class": (
        "from psycopg import Connection",
        'Connection.connect(host="{HOST}", user="postgres", dbname="app").close()',
    ),
    "asyncpg": (
        "import asyncio, asyncpg, threading",
        """
    async def connect():
        found = await asyncpg.connect("postgresql://postgres@/app?host={HOST}")
        await found.close()
        async with asyncpg.create_pool(host="{HOST}", user="postgres", database="app", min_size=1) as pool:
            assert await pool.fetchval("SELECT 1") == 1

    thread = threading.Thread(target=asyncio.run, args=(connect(),))
    thread.start()
    thread.join()
""",
    ),
    "a psycopg of event loops": (
        "import asyncio, psycopg, threading",
        """
    async def connect():
        async with await psycopg.AsyncConnection.connect("{DSN}"):
            pass

    thread = threading.Thread(target=asyncio.run, args=(connect(),))
    thread.start()
    thread.join()
""",
    ),
}


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("live")) as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    with postgresql_scratch(tmp_path_factory.mktemp("scratch")) as found:
        yield found


@pytest.fixture
def scratch(server: Scratch) -> Iterator[Scratch]:
    """The server without the databases of another test."""
    import psycopg

    yield server
    with psycopg.connect(server.url, autocommit=True) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database WHERE datname LIKE 'migrate\\_guard\\_%'"
        ).fetchall()
        for (name,) in names:
            connection.execute(f"DROP DATABASE {name}".encode())


def _filled(text: str, alive: Live) -> str:
    values = {"HOST": alive.host, "URL": alive.url("+psycopg"), "ASYNCPG": alive.url("+asyncpg")}
    values["DSN"] = f"host={alive.host} user=postgres dbname=app"
    return re.sub(r"\{([A-Z]+)\}", lambda match: values[match[1]], text)


def _env(name: str, alive: Live) -> str:
    top, bottom = (_filled(text, alive) for text in ENVIRONMENTS[name])
    return ENV.format(top=top, bottom=bottom)


def _variables(tmp_path: Path, alive: Live) -> dict[str, str]:
    """All that leads to the live server by the environment, as in the shell of somebody who works with it."""
    service = f"[live]\nhost={alive.host}\nuser=postgres\ndbname=app\n"
    home = tmp_path / "home"
    home.mkdir()
    (home / ".pg_service.conf").write_text(service)
    (tmp_path / "service.conf").write_text(service)
    return {
        "DATABASE_URL": alive.url("+psycopg"),
        "HOME": str(home),
        "PGDATABASE": "app",
        "PGHOST": alive.host,
        "PGSERVICE": "live",
        "PGSERVICEFILE": str(tmp_path / "service.conf"),
        "PGUSER": "postgres",
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environments_reach_the_scratch(name: str, tmp_path: Path, alive: Live, scratch: Scratch) -> None:
    project = tmp_path / "project"
    ini = make_project(project, env=_env(name, alive), script=PLAIN, url=alive.url("+psycopg"))
    engine = f"import sqlalchemy as sa\nengine = sa.create_engine({alive.url('+psycopg')!r})\n"
    (project / "database.py").write_text(engine)
    with alive.left_alone():
        outcome = migrate(ini, scratch, _variables(tmp_path, alive))
    assert (outcome.error, outcome.tables) == ("", [MIGRATED])


@pytest.mark.parametrize("name", DIRECT)
def test_direct_connections_of_a_script_reach_the_scratch(
    name: str, tmp_path: Path, alive: Live, scratch: Scratch
) -> None:
    top, body = (_filled(text, alive) for text in DIRECT[name])
    env = _env("URL of the ini file", alive)
    script = SCRIPT.format(top=top, body=body)
    ini = make_project(tmp_path / "project", env=env, script=script, url=alive.url("+psycopg"))
    with alive.left_alone():
        outcome = migrate(ini, scratch)
    assert (outcome.error, outcome.tables, outcome.refused) == ("", [MIGRATED], [])


@pytest.mark.parametrize("name", DIRECT)
def test_direct_connections_of_env_reach_the_scratch(name: str, tmp_path: Path, alive: Live, scratch: Scratch) -> None:
    top, body = (_filled(text, alive) for text in DIRECT[name])
    env = _env("URL of the ini file", alive) + f"\n{top}\nif True:\n    {body}\n"
    ini = make_project(tmp_path / "project", env=env, script=PLAIN, url=alive.url("+psycopg"))
    with alive.left_alone():
        outcome = migrate(ini, scratch)
    assert (outcome.error, outcome.tables, outcome.refused) == ("", [MIGRATED], [])


def test_each_database_has_one_of_its_own(tmp_path: Path, alive: Live, scratch: Scratch) -> None:
    bottom = f"""\
import sqlalchemy as sa
for name in ("app", "reports", "app"):
    with sa.create_engine(f"postgresql+psycopg://postgres@/{{name}}?host={alive.host}").connect() as connection:
        run(connection)
with sa.create_engine("postgresql+psycopg://").connect() as connection:
    assert sa.inspect(connection).has_table("parcels")
    assert connection.exec_driver_sql("SELECT current_database()").scalar().endswith("_1")
"""
    ini = make_project(tmp_path / "project", env=ENV.format(top="", bottom=bottom), script=PLAIN)
    with alive.left_alone():
        outcome = migrate(ini, scratch)
    assert (outcome.error, outcome.tables) == ("", [MIGRATED, MIGRATED])


@pytest.mark.parametrize(
    ("url", "dialect"), [("mysql+pymysql://root@127.0.0.1/app", "MySQL"), ("sqlite:///live.db", "SQLite")]
)
def test_an_engine_of_another_dialect_names_both_and_what_to_do(
    url: str, dialect: str, tmp_path: Path, alive: Live, scratch: Scratch
) -> None:
    ini = make_project(tmp_path / "project", env=_env("URL of the ini file", alive), script=PLAIN, url=url)
    outcome = migrate(ini, scratch)
    assert outcome.error.startswith(f"Mismatch: refused to connect an engine of {dialect}")
    assert "the scratch database is PostgreSQL" in outcome.error
    assert f"--dialect {dialect.lower()}" in outcome.error
    assert "--no-env" in outcome.error
    assert outcome.databases == {}


@pytest.mark.parametrize(
    ("top", "body", "what"),
    [
        ("import pymysql", 'pymysql.connect(host="db.example")', "MySQL by pymysql"),
        ("import sqlite3", 'sqlite3.connect("live.db")', "the SQLite file live.db"),
        ("import sqlite3", 'sqlite3.Connection("file:live.db?mode=rw", uri=True)', "the SQLite file live.db"),
        ("import socket", 'socket.create_connection(("127.0.0.1", 6379))', "127.0.0.1:6379"),
        ("import socket", 'socket.socket(socket.AF_UNIX).connect("/run/cache")', "the socket /run/cache"),
    ],
)
def test_what_is_not_the_scratch_is_refused(
    top: str, body: str, what: str, tmp_path: Path, alive: Live, scratch: Scratch
) -> None:
    env = _env("URL of the ini file", alive)
    ini = make_project(tmp_path / "p", env=env, script=SCRIPT.format(top=top, body=body), url=alive.url("+psycopg"))
    outcome = migrate(ini, scratch)
    assert f"refused to connect to {what}: it is not the scratch database" in outcome.error
    assert any(f"to {what}:" in each for each in outcome.refused)
    assert not (ini.parent / "live.db").exists()


def test_sqlite_in_memory_is_nobodys_database(tmp_path: Path, alive: Live, scratch: Scratch) -> None:
    top = "import asyncio, socket, sqlite3"
    body = """
    sqlite3.connect(":memory:").execute("CREATE TABLE t (a)")
    for arguments in ({}, {"creator": lambda: sqlite3.connect(":memory:")}):
        with sa.create_engine("sqlite://", **arguments).connect() as connection:
            connection.exec_driver_sql("CREATE TABLE t (a)")
    loop = asyncio.new_event_loop()
    loop.close()
    [end.close() for end in socket.socketpair()]
"""
    env = _env("URL of the ini file", alive)
    ini = make_project(tmp_path / "p", env=env, script=SCRIPT.format(top=top, body=body), url=alive.url("+psycopg"))
    outcome = migrate(ini, scratch)
    assert (outcome.error, outcome.tables, outcome.refused) == ("", [MIGRATED], [])


def test_other_programs_see_no_live_server(tmp_path: Path, alive: Live, scratch: Scratch) -> None:
    """Other programs go to the scratch by what their environment says; to the live server there is no way."""
    assert not_enforced(scratch) is None
    psql = shutil.which("psql")
    assert psql is not None
    body = f"""
    ask = ["{psql}", "--no-psqlrc", "--tuples-only", "--command", "SELECT current_database()"]
    name = op.get_bind().exec_driver_sql("SELECT current_database()").scalar()
    ours = subprocess.run([*ask, name], capture_output=True, text=True)
    assert ours.stdout.strip() == name, ours.stderr
    live = subprocess.run([*ask, "host={alive.host} dbname=app user=postgres"], capture_output=True, text=True)
    assert live.returncode == 2, live.stdout
    raise RuntimeError(live.stderr)
"""
    env = _env("URL of the ini file", alive)
    script = SCRIPT.format(top="import subprocess", body=body)
    ini = make_project(tmp_path / "project", env=env, script=script, url=alive.url("+psycopg"))
    with alive.left_alone():
        outcome = migrate(ini, scratch, wrapped=isolated([], scratch))
    assert outcome.error.startswith("RuntimeError: ")
    assert "Connection refused" in outcome.error
