"""Our own connections reach a scratch database by the driver of user code, and a database is replaced under it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psycopg
import pytest

from tests import servers
from tests.probes.redirecting import Scratch, postgresql_scratch, sqlite_scratch

PREFIX = "migrate_guard_c0ffee"

START = """\
import asyncio, json, sys
from migrate_guard.probes.worker import redirect
from migrate_guard.probes.worker.connections import run
redirected = redirect.install(json.loads(sys.argv[1]))
import sqlalchemy as sa

def tables(connection):
    return sorted(sa.inspect(connection).get_table_names())

def make(connection):
    connection.execute(sa.text("CREATE TABLE parcels (id int)"))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    with postgresql_scratch(tmp_path_factory.mktemp("scratch")) as found:
        yield found


@pytest.fixture(params=["postgresql", "sqlite"])
def scratch(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scratch]:
    if request.param == "sqlite":
        yield sqlite_scratch(tmp_path / "scratch")
        return
    server: Scratch = request.getfixturevalue("server")
    yield server
    with psycopg.connect(server.url, autocommit=True) as connection:
        query = f"SELECT datname FROM pg_database WHERE starts_with(datname, '{PREFIX}')"
        for (name,) in connection.execute(query.encode()).fetchall():
            connection.execute(f"DROP DATABASE {name}".encode())


def _run(scratch: Scratch, code: str) -> str:
    job: dict[str, object] = {
        "dialect": scratch.dialect,
        "url": scratch.url,
        "prefix": PREFIX,
        "is_private": scratch.is_private,
    }
    job["directory"] = str(scratch.directory)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    completed = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + dedent(code), json.dumps(job)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def test_without_user_code_the_first_database_is_made_for_the_url(scratch: Scratch) -> None:
    """The environment of ours connects by this URL."""
    code = """
    engine = sa.create_engine(redirected.url(), poolclass=sa.NullPool)
    with engine.begin() as connection:
        make(connection)
    print(run(redirected.databases[0], tables), len(redirected.databases))
    """
    assert _run(scratch, code) == "['parcels'] 1\n"


def test_each_statement_is_committed_and_no_connection_stays(server: Scratch) -> None:
    code = """
    redirected.url()
    (database,) = redirected.databases
    run(database, lambda connection: connection.execute(sa.text("CREATE TABLE parcels (id int)")))
    others = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    print(run(database, tables), run(database, lambda connection: connection.execute(sa.text(others)).scalar()))
    """
    with psycopg.connect(server.url, autocommit=True) as connection:
        assert _run(server, code) == "['parcels'] 0\n"
        connection.execute(f"DROP DATABASE {PREFIX}_1".encode())


@pytest.mark.parametrize(
    ("scratch", "driver"), [("postgresql", "asyncpg"), ("sqlite", "aiosqlite")], indirect=["scratch"]
)
def test_a_driver_of_event_loops_serves_in_a_loop_and_outside(scratch: Scratch, driver: str) -> None:
    code = f"""
    from sqlalchemy.ext.asyncio import create_async_engine

    async def main():
        engine = create_async_engine("{scratch.dialect}+{driver}:///app", poolclass=sa.NullPool)
        async with engine.begin() as connection:
            await connection.run_sync(make)
        print(redirected.driver, run(redirected.databases[0], tables))

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())
    print(run(redirected.databases[0], tables))
    assert asyncio.get_event_loop() is loop
    loop.close()
    asyncio.set_event_loop(None)
    """
    assert _run(scratch, code) == f"{driver} ['parcels']\n['parcels']\n"


def test_a_replaced_database_is_empty_for_pools_that_knew_the_one_before(scratch: Scratch) -> None:
    code = f"""
    import time
    engine = sa.create_engine("{scratch.dialect}:///app" if "{scratch.dialect}" == "sqlite" else "postgresql+psycopg:///app")
    still_open = engine.connect()
    still_open.execute(sa.text("SELECT 1"))
    with engine.begin() as connection:
        make(connection)
    (database,) = redirected.databases
    redirected.replace(database)
    print(redirected.databases == [database], run(database, tables))
    with engine.begin() as connection:
        print(tables(connection))
        make(connection)
    print(run(database, tables))
    still_open.invalidate()
    still_open.close()
    engine.dispose()
    """
    assert _run(scratch, code) == "True []\n[]\n['parcels']\n"


def test_a_replaced_database_of_mysql_is_empty_although_a_table_is_in_use(tmp_path: Path) -> None:
    code = """
    engine = sa.create_engine("mysql+pymysql:///app")
    with engine.begin() as connection:
        make(connection)
    reading = engine.connect()
    reading.execute(sa.text("SELECT * FROM parcels"))
    (database,) = redirected.databases
    redirected.replace(database)
    print(run(database, tables))
    with engine.begin() as connection:
        print(tables(connection))
    reading.invalidate()
    reading.close()
    engine.dispose()
    """
    with servers.mariadb(tmp_path) as server:
        assert _run(Scratch("mysql", f"mysql://root@/mysql?unix_socket={server.socket}", tmp_path), code) == "[]\n[]\n"


@pytest.mark.parametrize("statement", ["DROP DATABASE app", "create  role teller", "ALTER SYSTEM SET jit = off"])
def test_a_server_that_others_use_is_not_changed(statement: str, server: Scratch) -> None:
    code = f"""
    from migrate_guard.probes.worker.shared import Beyond
    engine = sa.create_engine("postgresql+psycopg:///app", poolclass=sa.NullPool)
    with engine.connect() as connection:
        try:
            connection.execute(sa.text("{statement}"))
        except Beyond as error:
            print(error)
    """
    with psycopg.connect(server.url, autocommit=True) as connection:
        told = _run(Scratch(server.dialect, server.url, server.directory, is_private=False), code)
        connection.execute(f"DROP DATABASE {PREFIX}_1".encode())
    assert told.startswith(f"refused {' '.join(statement.upper().split()[:2])}: it would change the server")
