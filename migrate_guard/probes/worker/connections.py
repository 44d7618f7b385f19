"""Connections of our own to the scratch databases, by the driver that user code has."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Sequence
from importlib.util import find_spec
from threading import Thread
from typing import TYPE_CHECKING, Any, Callable, TypeVar

from .own import ours

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from .server import Server

Result = TypeVar("Result")

_MODULES = {"mysqldb": "MySQLdb", "mysqlconnector": "mysql.connector", "mariadbconnector": "mariadb"}
"""What SQLAlchemy calls a driver, where its module is called otherwise."""

_SYNCHRONOUS: dict[str, Sequence[str]] = {
    "postgresql": ("psycopg", "psycopg2", "pg8000"),
    "mysql": ("pymysql", "mysqldb", "mysqlconnector", "mariadbconnector"),
    "sqlite": ("pysqlite",),
}
_ASYNCHRONOUS: dict[str, Sequence[str]] = {"postgresql": ("asyncpg",), "mysql": ("asyncmy",), "sqlite": ()}
_TWINS = {"psycopg_async": "psycopg", "aiomysql": "pymysql", "aiosqlite": "pysqlite"}
"""Drivers with event loops that come with one that does without."""

_KEEPING = frozenset({"psycopg", "psycopg2"})
"""Drivers of PostgreSQL whose connections are bound to no event loop, and prepare only what they are told to."""


class NoDriver(Exception):
    """No driver of the scratch's dialect can be imported."""


class Connections:
    """Opens connections by the driver at hand, one at a time.

    One to each scratch database of PostgreSQL stays open, as its caches and plans are worth more than the connection:
    the catalogue takes 20 ms by it and 70 ms by a new one (15.18). It waits outside of transactions, and holds nothing.
    """

    def __init__(self, server: Server, directory: str) -> None:
        self.server = server
        self.directory = os.path.realpath(directory)
        self._engines: dict[tuple[str, str], Any] = {}
        self.driver: str | None = None
        """What user code connected by first."""

    def run(self, database: str, function: Callable[[Connection], Result]) -> Result:
        """Call `function` with a connection to the scratch database, which commits each statement."""
        driver = self.driver_at_hand()
        engine = self._engines.get((driver, database))
        if engine is None:
            engine = self._engines[driver, database] = self._engine(driver, database)
        running = _run_in_loop if driver in _ASYNCHRONOUS[self.server.dialect] else _run
        return running(engine, _settled(function) if self.server.dialect == "postgresql" else function)

    def maintain(self, function: Callable[[Connection], Result]) -> Result:
        """Call `function` with a connection to the database that is always there."""
        return self.run(self.server.maintenance, function)

    def driver_at_hand(self) -> str:
        """Return the driver that user code connected by first, else one that can be imported.

        What SQLAlchemy takes where a URL names none goes first: psycopg2 up to 2.0, psycopg from 2.1 on. Scripts are
        written for one, as the types of literals differ.
        """
        from sqlalchemy.engine import URL

        dialect = self.server.dialect
        if self.driver is not None:
            return _TWINS.get(self.driver, self.driver)
        usual = URL.create(dialect).get_dialect().driver
        for driver in (usual, *_SYNCHRONOUS[dialect], *_ASYNCHRONOUS[dialect]):
            if dialect == "sqlite" or _can_be_imported(_MODULES.get(driver, driver)):
                return driver
        raise NoDriver(f"no driver of {dialect} is installed next to SQLAlchemy: {', '.join(_SYNCHRONOUS[dialect])}")

    def file(self, database: str) -> str:
        """Return the path of a scratch database of SQLite."""
        return os.path.join(self.directory, f"{database}.db")

    def url(self, driver: str, database: str) -> str:
        """Return SQLAlchemy's URL of a scratch database; where its server is, the driver's patch says."""
        from sqlalchemy.engine import URL

        name = f"{self.server.dialect}+{driver}"
        if self.server.dialect == "sqlite":
            url = URL.create(name, database=self.file(database))
        else:
            url = URL.create(name, username=self.server.user or "scratch", database=database)
        return url.render_as_string(hide_password=False)

    def forget(self, database: str) -> None:
        """Close what is open to a scratch database."""
        for (_, name), engine in self._engines.items():
            if name == database and self.server.dialect == "postgresql":
                getattr(engine, "sync_engine", engine).dispose()

    def _engine(self, driver: str, database: str) -> Any:
        from sqlalchemy.pool import NullPool

        url = self.url(driver, database)
        if driver in _ASYNCHRONOUS[self.server.dialect]:
            from sqlalchemy.ext.asyncio import create_async_engine

            return create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        from sqlalchemy import create_engine, event

        if driver not in _KEEPING or database == self.server.maintenance:
            return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        engine = create_engine(url, pool_size=1, pool_pre_ping=True, isolation_level="AUTOCOMMIT")
        if driver == "psycopg":
            event.listen(engine, "connect", _prepare_nothing)
        return engine


def _settled(function: Callable[[Connection], Result]) -> Callable[[Connection], Result]:
    """Call with a connection to PostgreSQL that has been told what no statement of ours is to wait for.

    The disk (manual, 20.5.1, synchronous_commit), and the compiling of queries of many parts, which takes seconds where
    running them takes milliseconds (20.7.2, jit).
    """

    def settled(connection: Connection) -> Result:
        if not connection.info.get(_SETTLED):
            connection.exec_driver_sql("SET jit TO off")
            connection.exec_driver_sql("SET synchronous_commit TO off")
            connection.info[_SETTLED] = True
        return function(connection)

    return settled


_SETTLED = "migrate_guard_settled"


def _prepare_nothing(connection: Any, _record: object) -> None:
    """Keep psycopg from preparing what is asked for often: a plan fails when a column gets another type."""
    connection.prepare_threshold = None


_connections: list[Connections] = []


def install(connections: Connections) -> None:
    """Make these the connections of this process."""
    _connections[:] = [connections]


def run(database: str, function: Callable[[Connection], Result]) -> Result:
    """Call `function` with a connection of ours to a scratch database, in AUTOCOMMIT; return what it returns."""
    return _connections[0].run(database, function)


def _run(engine: Engine, function: Callable[[Connection], Result]) -> Result:
    with ours(), engine.connect() as connection:
        return function(connection)


def _run_in_loop(engine: AsyncEngine, function: Callable[[Connection], Result]) -> Result:
    """Run in an event loop of ours, in a thread of its own where user code's loop is running in this one."""

    async def call() -> Result:
        with ours():
            async with engine.connect() as connection:
                return await connection.run_sync(function)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _in_new_loop(call)
    results: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(_in_new_loop(call))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits
            errors.append(error)

    thread = Thread(target=work)
    thread.start()
    thread.join()
    for error in errors:
        raise error
    return results[0]


def _in_new_loop(call: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    """Run without `asyncio.run`, which would leave the thread without the event loop that user code may ask for."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(call())
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


def _can_be_imported(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
