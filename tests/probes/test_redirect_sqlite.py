"""Files of SQLite and servers of MySQL that migrations name are not touched; the scratch databases are."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.probes.redirecting import ENV, SCRIPT, Scratch, make_project, migrate, sqlite_scratch
from tests.servers import MariaDBServer

PLAIN = SCRIPT.format(top="", body="pass")
MIGRATED = ["alembic_version", "parcels"]

FROM_INI = """\
import sqlalchemy as sa
with sa.create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    run(connection)
"""
ENVIRONMENTS = {
    "URL of the ini file": ("", FROM_INI),
    "creator": (
        "import sqlite3, sqlalchemy as sa",
        """\
def connect():
    connection = sqlite3.connect("file:live.db?mode=rw", uri=True)
    connection.create_function("twice", 1, lambda value: 2 * value)
    return connection

with sa.create_engine("sqlite://", creator=connect).connect() as connection:
    assert connection.exec_driver_sql("SELECT twice(2)").scalar() == 4
    run(connection)
""",
    ),
    "pool of its own": (
        "import sqlite3, sqlalchemy as sa\nfrom sqlalchemy.pool import StaticPool",
        """\
pool = StaticPool(lambda: sqlite3.Connection("live.db"))
with sa.create_engine("sqlite://", pool=pool).connect() as connection:
    run(connection)
""",
    ),
    "URL of the environment": (
        "import os",
        'context.config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])\n' + FROM_INI,
    ),
    "in memory": (
        "import sqlalchemy as sa",
        FROM_INI.replace('context.config.get_main_option("sqlalchemy.url")', '"sqlite://"'),
    ),
    "aiosqlite": (
        "import asyncio\nfrom sqlalchemy.ext.asyncio import create_async_engine",
        """\
async def migrate():
    engine = create_async_engine("sqlite+aiosqlite:///live.db")
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(migrate())
""",
    ),
    "async_creator": (
        "import asyncio, aiosqlite\nfrom sqlalchemy.ext.asyncio import create_async_engine",
        """\
async def migrate():
    engine = create_async_engine("sqlite+aiosqlite://", async_creator=lambda: aiosqlite.connect("live.db"))
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()

asyncio.run(migrate())
""",
    ),
}

DIRECT = {
    "connect": ("import sqlite3", 'sqlite3.connect("live.db").execute("CREATE TABLE extra (a)").connection.close()'),
    "connect, bound before": (
        "from sqlite3 import connect",
        'connect(b"live.db").execute("CREATE TABLE extra (a)").connection.close()',
    ),
    "dbapi2": (
        "import pathlib\nfrom sqlite3 import dbapi2",
        'dbapi2.connect(pathlib.Path("live.db")).execute("CREATE TABLE extra (a)").connection.close()',
    ),
    "a class of its own": (
        "import sqlite3\nclass Connection(sqlite3.Connection):\n    pass",
        """
    sqlite3.connect("live.db", factory=Connection).close()
    connection = Connection("live.db")
    assert isinstance(connection, sqlite3.Connection)
    connection.execute("CREATE TABLE extra (a)")
    connection.close()
""",
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory for a project, with a live database in it."""
    directory = tmp_path / "project"
    directory.mkdir()
    with sqlite3.connect(directory / "live.db") as connection:
        connection.execute("CREATE TABLE people (name)")
        connection.execute("INSERT INTO people VALUES ('Ada')")
    connection.close()
    return directory


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    with servers.mariadb(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


def _state(project: Path) -> tuple[bytes, int, list[str]]:
    live = project / "live.db"
    return live.read_bytes(), live.stat().st_mtime_ns, sorted(os.listdir(project))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environments_reach_the_scratch(name: str, project: Path, tmp_path: Path) -> None:
    top, bottom = ENVIRONMENTS[name]
    url = "sqlite:///live.db"
    ini = make_project(project, env=ENV.format(top=top, bottom=bottom), script=PLAIN, url=url)
    before = _state(project)
    outcome = migrate(ini, sqlite_scratch(tmp_path / "scratch"), {"DATABASE_URL": url})
    (project / "outcome.json").unlink()
    assert (outcome.error, outcome.tables, outcome.refused) == ("", [MIGRATED], [])
    assert _state(project) == before


@pytest.mark.parametrize("name", DIRECT)
def test_direct_connections_reach_the_scratch(name: str, project: Path, tmp_path: Path) -> None:
    top, body = DIRECT[name]
    bottom = FROM_INI + f"{top}\nif True:\n    {body}\n"
    ini = make_project(project, env=ENV.format(top="", bottom=bottom), script=PLAIN, url="sqlite:///live.db")
    before = _state(project)
    outcome = migrate(ini, sqlite_scratch(tmp_path / "scratch"))
    (project / "outcome.json").unlink()
    assert (outcome.error, outcome.tables) == ("", [["alembic_version", "extra", "parcels"]])
    assert _state(project) == before


@pytest.mark.parametrize("statement", ["ATTACH DATABASE 'live.db' AS live", "VACUUM INTO 'copy.db'"])
def test_no_other_file_is_attached(statement: str, project: Path, tmp_path: Path) -> None:
    body = f'\n    with op.get_context().autocommit_block():\n        op.execute("{statement}")'
    script = SCRIPT.format(top="", body=body)
    ini = make_project(project, env=ENV.format(top="", bottom=FROM_INI), script=script, url="sqlite:///app.db")
    before = _state(project)
    outcome = migrate(ini, sqlite_scratch(tmp_path / "scratch"))
    (project / "outcome.json").unlink()
    assert outcome.error.startswith("DatabaseError: ")
    assert "by ATTACH or VACUUM INTO: it is not the scratch database" in outcome.refused[0]
    assert _state(project) == before


def test_a_database_in_memory_is_attached_and_the_scratch_is_vacuumed(project: Path, tmp_path: Path) -> None:
    body = """
    with op.get_context().autocommit_block():
        op.execute("ATTACH DATABASE ':memory:' AS aside")
        op.execute("VACUUM")
"""
    env = ENV.format(top="", bottom=FROM_INI)
    ini = make_project(project, env=env, script=SCRIPT.format(top="", body=body), url="sqlite:///app.db")
    outcome = migrate(ini, sqlite_scratch(tmp_path / "scratch"))
    assert (outcome.error, outcome.refused) == ("", [])


MYSQL = {
    "engine": (
        "import sqlalchemy as sa",
        """\
arguments = {"read_default_file": "/etc/my.cnf", "init_command": "SET lock_wait_timeout = 77"}
with sa.create_engine("mysql+pymysql://root@db.example/app", connect_args=arguments).connect() as connection:
    assert connection.exec_driver_sql("SELECT @@lock_wait_timeout").scalar() == 77
    run(connection)
""",
    ),
    "creator": (
        "import pymysql, sqlalchemy as sa",
        """\
connect = lambda: pymysql.connect(host="db.example", user="app", password="secret", db="app")
with sa.create_engine("mysql+pymysql://", creator=connect).connect() as connection:
    run(connection)
""",
    ),
    "direct": (
        "import sqlalchemy as sa\nfrom pymysql import connect",
        """\
connect(host="db.example", user="app", passwd="secret", database="app").close()
with sa.create_engine("mariadb+pymysql://root@db.example/app").connect() as connection:
    run(connection)
""",
    ),
}


@pytest.mark.parametrize("name", MYSQL)
def test_connections_to_mysql_reach_the_scratch(name: str, tmp_path: Path, mariadb: MariaDBServer) -> None:
    top, bottom = MYSQL[name]
    ini = make_project(tmp_path / "project", env=ENV.format(top=top, bottom=bottom), script=PLAIN)
    scratch = Scratch("mysql", f"mysql://root@/mysql?unix_socket={mariadb.socket}", tmp_path)
    try:
        outcome = migrate(ini, scratch)
    finally:
        with mariadb.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES LIKE 'migrate\\_guard\\_%'")
            for (database,) in cursor.fetchall():
                cursor.execute(f"DROP DATABASE {database}")
    assert (outcome.error, outcome.tables) == ("", [MIGRATED])
