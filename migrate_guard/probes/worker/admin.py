"""Create and drop scratch databases, by any driver that the user's Python can import.

No engine is made, so nothing that listens to engines sees it; the driver's `connect` is called once, in `administer`.
The janitor runs this file as a script, after the worker is gone: it stands alone, with SQLAlchemy and a driver.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Callable

DRIVERS = {
    "postgresql": ("psycopg", "psycopg2", "pg8000", "asyncpg", "psycopg2cffi"),
    "mysql": ("pymysql", "mysqldb", "mariadbconnector", "mysqlconnector", "asyncmy", "aiomysql"),
}
"""As SQLAlchemy names them; those that need no event loop first."""

PACKAGES = {"postgresql": "psycopg", "mysql": "pymysql"}
"""What to install where there is none of them."""

Ask = Callable[[str], list[tuple[Any, ...]]]


class Refused(Exception):
    """The server could not be asked; the text says by which driver and why, without the password."""


def create(server_url: str, name: str) -> None:
    """Create an empty database on a server; raises Refused."""
    _known(server_url, name)
    administer(server_url, lambda ask: create_one(ask, _dialect(server_url), name))


def drop(server_url: str, prefix: str) -> None:
    """Drop all databases named <prefix>_<number>, whoever is connected to them; raises Refused."""
    _known(server_url, prefix)
    ours = re.compile(re.escape(prefix) + "_[0-9]+")

    def work(ask: Ask) -> None:
        dialect = _dialect(server_url)
        names = ask("SHOW DATABASES" if dialect == "mysql" else "SELECT datname FROM pg_catalog.pg_database")
        left: list[Refused] = []
        for (name,) in names:
            if ours.fullmatch(name):
                try:
                    drop_one(ask, dialect, name)
                except Refused as refused:
                    left.append(refused)
        if left:
            raise left[0]

    administer(server_url, work)


def create_one(ask: Ask, dialect: str, name: str) -> None:
    """Create an empty database by a connection that is there already."""
    if dialect == "mysql":
        ask(f"CREATE DATABASE `{name}`")
    else:
        ask(f'CREATE DATABASE "{name}"{_strategy(ask)}')


def copy_one(ask: Ask, name: str, copy: str) -> None:
    """Copy a database of PostgreSQL by a connection to another; whoever is connected to it is not any more."""
    ask(f"SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = '{name}'")
    ask(f'CREATE DATABASE "{copy}" TEMPLATE "{name}"{_strategy(ask)}')


def drop_one(ask: Ask, dialect: str, name: str) -> None:
    """Drop a database, if it is there, by a connection to another; whoever is connected to it is not any more."""
    (_drop_mysql if dialect == "mysql" else _drop_postgresql)(ask, name)


def administer(server_url: str, work: Callable[[Ask], None]) -> None:
    """Connect, without a transaction, and pass on what asks the server; raises Refused."""
    url, dialect = _driver(server_url)
    arguments, options = dialect.create_connect_args(url)

    def refuse(error: BaseException) -> Refused:
        return Refused(f"{_without_password(url)} by {dialect.driver}: {_words(error)}")

    def run() -> None:
        connection = dialect.loaded_dbapi.connect(*arguments, **options)
        try:
            dialect.set_isolation_level(connection, "AUTOCOMMIT")
            work(_asking(connection, dialect.loaded_dbapi.Error, refuse))
        finally:
            connection.close()

    try:
        if dialect.is_async:
            _in_a_loop(run)
        else:
            run()
    except (OSError, dialect.loaded_dbapi.Error) as error:
        raise refuse(error) from error


def _in_a_loop(run: Callable[[], None]) -> None:
    """Run what waits through SQLAlchemy's greenlets, in a thread of its own, as a loop may run in this one."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from sqlalchemy.util.concurrency import greenlet_spawn

    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(greenlet_spawn(run))).result()


def _driver(server_url: str) -> tuple[Any, Any]:
    """Return the URL for the first driver that can be imported, and SQLAlchemy's dialect for it."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    name = _dialect(server_url)
    try:
        given = make_url(server_url)
    except ArgumentError as error:
        raise Refused("this is no database URL that SQLAlchemy understands") from error
    _, _, wanted = given.drivername.partition("+")
    for driver in _first(wanted, DRIVERS[name]):
        url = given.set(drivername=f"{name}+{driver}")
        try:
            kind: Any = url.get_dialect()
            dialect = kind(dbapi=kind.import_dbapi())
        except (ImportError, NoSuchModuleError):
            continue
        return _fitted(url, driver), dialect
    raise Refused(f"no driver for {name} can be imported by {sys.executable}: install {PACKAGES[name]} there")


def _fitted(url: Any, driver: str) -> Any:
    """Say what libpq understands in the words of drivers that do without it."""
    query = dict(url.query)
    if driver == "pg8000" and str(query.get("host", "")).startswith("/"):
        query["unix_sock"] = "{}/.s.PGSQL.{}".format(query.pop("host"), query.pop("port", url.port or 5432))
    if driver == "asyncpg" and "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(query=query)


def _asking(connection: Any, error: type[BaseException], refuse: Callable[[BaseException], Refused]) -> Ask:
    def ask(statement: str) -> list[tuple[Any, ...]]:
        cursor = connection.cursor()
        try:
            cursor.execute(statement)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        except error as refused:
            raise refuse(refused) from refused
        finally:
            cursor.close()

    return ask


def _strategy(ask: Ask) -> str:
    """Copy files where that needs no disk: CREATE DATABASE took 10 ms instead of 24 ms (PostgreSQL 15.18, fsync off).

    Elsewhere it waits for two checkpoints (CREATE DATABASE, PostgreSQL 15, "STRATEGY").
    """
    ((version, fsync),) = ask("SELECT current_setting('server_version_num'), current_setting('fsync')")
    return " STRATEGY file_copy" if int(version) >= 150000 and fsync == "off" else ""


def _drop_postgresql(ask: Ask, name: str) -> None:
    slots = f"FROM pg_catalog.pg_replication_slots WHERE database = '{name}' AND NOT active"
    for preparation in (
        f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
        f"SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = '{name}'",
        f"SELECT pg_drop_replication_slot(slot_name) {slots}",
    ):
        with suppress(Refused):
            ask(preparation)
    ask(f'DROP DATABASE IF EXISTS "{name}"')


def _drop_mysql(ask: Ask, name: str) -> None:
    # A session that waits in a transaction holds metadata locks, for which DROP DATABASE would wait.
    for (session,) in ask(f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"):
        with suppress(Refused):
            ask(f"KILL {int(session)}")
    ask(f"DROP DATABASE IF EXISTS `{name}`")


def _known(server_url: str, name: str) -> None:
    """Names are put into statements as they are, so they are ours."""
    assert re.fullmatch("[a-z0-9_]{1,63}", name), name
    if _dialect(server_url) not in DRIVERS:
        raise Refused(f"no scratch databases are made by a URL of {_dialect(server_url)}")


def _dialect(server_url: str) -> str:
    name = re.split("[+:]", server_url.strip(), maxsplit=1)[0].lower()
    return {"postgres": "postgresql", "mariadb": "mysql"}.get(name, name)


def _first(wanted: str, drivers: Sequence[str]) -> Iterator[str]:
    if wanted:
        yield wanted
    for driver in drivers:
        if driver != wanted:
            yield driver


def _without_password(url: Any) -> str:
    text: str = url.set(query={}).render_as_string(hide_password=True)
    return text


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def main(text: str | None = None) -> int:
    """Drop databases: {"url": …, "prefix": …} on standard input, where nobody who lists processes reads it."""
    here = re.sub(r"[/\\][^/\\]*$", "", __file__)
    # Its directory has modules named like others.
    sys.path[:] = [each for each in sys.path if each != here]
    job = json.loads(sys.stdin.read() if text is None else text)
    try:
        drop(job["url"], job["prefix"])
    except Refused as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
