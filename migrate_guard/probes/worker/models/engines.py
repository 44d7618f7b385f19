"""Engines without a driver and without a database: what `create_engine` makes connects to nothing.

The dialects stay SQLAlchemy's own, so that all arguments of `create_engine` are taken and types compile as they do; a
class derived from each imports no driver and asks no questions. A database in memory of SQLite is a real one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .answers import Server
from .connections import Connection, Driver

if TYPE_CHECKING:
    from sqlalchemy.engine import URL
    from sqlalchemy.pool import Pool


def patch(server: Server) -> None:
    """Let all engines that are made from now on be of this kind; those of other databases, too."""
    from sqlalchemy.engine.url import URL
    from sqlalchemy.exc import NoSuchModuleError
    from sqlalchemy.pool import Pool

    entrypoint_of: Any = URL._get_entrypoint  # noqa: SLF001 - what both create_engine and URL.get_dialect ask
    real = dialect_class(server.dialect)
    creator_of: Any = Pool._should_wrap_creator  # noqa: SLF001 - all pools have their creator called through it

    def get_entrypoint(url: URL) -> Any:
        try:
            found = entrypoint_of(url)
        except (NoSuchModuleError, ImportError):
            # of a package that is not installed, or needs its driver
            found = real
        return found if _is_in_memory(url) else _Entrypoint(found, server)

    def should_wrap_creator(pool: Pool, creator: Any) -> Callable[[Any], Any]:
        invoke: Callable[[Any], Any] = creator_of(pool, creator)

        def connect(record: Any) -> Any:
            dialect: Any = getattr(pool, "_dialect", None)
            return Connection(dialect.server) if isinstance(dialect, _Unconnected) else invoke(record)

        return connect

    URL._get_entrypoint = get_entrypoint  # type: ignore[method-assign, assignment] # noqa: SLF001
    Pool._should_wrap_creator = should_wrap_creator  # type: ignore[method-assign, assignment] # noqa: SLF001


def dialect_class(name: str) -> Any:
    """The class of a dialect with the driver that SQLAlchemy takes if none is named; the driver is not imported."""
    from sqlalchemy.engine import make_url

    found = make_url(f"{name}://").get_dialect()
    return found.__bases__[1] if issubclass(found, _Unconnected) else found


def _is_in_memory(url: URL) -> bool:
    return url.drivername in ("sqlite", "sqlite+pysqlite") and url.database in (None, "", ":memory:")


class _Entrypoint:
    """What a URL leads to: the classes of its dialect, without connections."""

    def __init__(self, found: Any, server: Server) -> None:
        self._found, self._server = found, server

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found, name)

    def get_dialect_cls(self, url: URL) -> Any:
        return _unconnected(self._found.get_dialect_cls(url), self._server)

    def get_async_dialect_cls(self, url: URL) -> Any:
        return _unconnected(self._found.get_async_dialect_cls(url), self._server)


class _Unconnected:
    """Comes before a dialect among the bases of a class."""

    server: Server
    _levels = ("AUTOCOMMIT", "READ COMMITTED", "READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE", "SNAPSHOT")

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**{**arguments, "dbapi": None})
        # with a driver, some dialects import the rest of it
        self.dbapi = DRIVER

    @classmethod
    def import_dbapi(cls) -> Any:
        return DRIVER

    def create_connect_args(self, *_: Any) -> Any:
        return [], {}

    def connect(self, *_: Any, **__: Any) -> Any:
        return Connection(self.server)

    def on_connect(self) -> None:
        return None

    def on_connect_url(self, *_: Any) -> None:
        return None

    def _builtin_onconnect(self) -> None:
        return None

    def initialize(self, _connection: Any) -> None:
        """Know of the server what asking it would tell."""
        know(self, self.server)

    def do_ping(self, *_: Any) -> bool:
        return True

    def get_isolation_level_values(self, *_: Any) -> Sequence[str]:
        return self._levels

    def get_isolation_level(self, *_: Any) -> str:
        return "READ COMMITTED"

    def get_default_isolation_level(self, *_: Any) -> str:
        return "READ COMMITTED"

    def set_isolation_level(self, *_: Any) -> None:
        return None

    def reset_isolation_level(self, *_: Any) -> None:
        return None

    def do_execute(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        cursor.execute(statement, parameters)
        if getattr(self, "is_async", False):
            _wait()
        compiled = getattr(context, "compiled", None)
        columns = getattr(compiled, "_result_columns", None)
        if columns:
            cursor.describe([str(each[0]) for each in columns])

    def do_execute_no_params(self, cursor: Any, statement: Any, context: Any = None) -> None:
        self.do_execute(cursor, statement, (), context)

    def do_executemany(self, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> None:
        self.do_execute(cursor, statement, parameters, context)


DRIVER: Any = Driver()


def _wait() -> None:
    """Wait for nothing, as SQLAlchemy's asyncio extension refuses a driver that never waits."""
    from sqlalchemy.exc import InvalidRequestError
    from sqlalchemy.util import await_only

    async def nothing() -> None:
        return None

    waiting = nothing()
    try:
        await_only(waiting)
    except InvalidRequestError:
        # an engine that is used outside of an event loop
        waiting.close()


@functools.cache
def _unconnected(cls: Any, server: Server) -> Any:
    # 1.4 asks for `dbapi` where 2.0 asks for `import_dbapi`
    names = {"server": server, "import_dbapi": _Unconnected.import_dbapi, "supports_statement_cache": True}
    if not hasattr(cls, "import_dbapi"):
        names["dbapi"] = _Unconnected.import_dbapi
    own = (
        server
        if _is_same(cls.name, server.dialect)
        else server._replace(dialect=cls.name, version=_NEWEST.get(cls.name, (1,)))
    )
    return type(cls.__name__, (_Unconnected, cls), {**names, "server": own, "__module__": cls.__module__})


def _is_same(name: str, dialect: str) -> bool:
    return name == dialect or {name, dialect} == {"mysql", "mariadb"}


_NEWEST = {"postgresql": (17,), "mysql": (8, 4), "mariadb": (11, 4), "sqlite": (3, 45)}
"""What another database than that of the job says that it is."""


def know(dialect: Any, server: Server) -> None:
    """Set what a dialect would learn from the server when it first connects."""
    dialect.server_version_info = server.version
    dialect.default_isolation_level = "READ COMMITTED"
    dialect.default_schema_name = _SCHEMAS.get(dialect.name, "app")
    if dialect.name == "postgresql":
        dialect.supports_identity_columns = server.version >= (10,)
    elif dialect.name in ("mysql", "mariadb"):
        dialect.is_mariadb = server.dialect == "mariadb"


_SCHEMAS = {"postgresql": "public", "sqlite": "main"}
