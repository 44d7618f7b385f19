"""The drivers: where each opens its connections, and what of a connection's arguments goes with it to the scratch.

Each is patched at the one function that all its ways to connect come through, of the versions named with it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from .importing import after_import
from .own import are_ours
from .refusal import DIALECTS
from .reuse import Kept

if TYPE_CHECKING:
    from types import ModuleType

    from .databases import Databases

Arguments = dict[str, Any]

_KEPT_OF_LIBPQ = frozenset(
    {
        "application_name",
        "client_encoding",
        "connect_timeout",
        "fallback_application_name",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "options",
        "tcp_user_timeout",
    }
)
_WHERE_AND_WHO = frozenset(
    {
        "auth_plugin",
        "auth_plugin_map",
        "bind_address",
        "client_flag",
        "database",
        "db",
        "defer_connect",
        "direct_tls",
        "dsn",
        "failover",
        "gsslib",
        "host",
        "krbsrvname",
        "option_files",
        "option_groups",
        "passfile",
        "passwd",
        "password",
        "password1",
        "pool_name",
        "port",
        "read_default_file",
        "read_default_group",
        "replication",
        "server_public_key",
        "service",
        "servicefile",
        "sock",
        "source_address",
        "target_session_attrs",
        "unix_sock",
        "unix_socket",
        "user",
        "username",
    }
)


class Driver(NamedTuple):
    """One function that opens connections."""

    module: str
    """The module after whose import it is patched."""
    function: str
    """Its name in the module, or that of a class and its method."""
    dialect: str
    name: str
    """What SQLAlchemy calls the driver."""
    rewrite: Callable[[Databases, Arguments], Arguments]
    positional: Sequence[str] = ()
    """The names of its arguments where it is written in C and does not tell them."""
    is_kept: bool = False
    """A connection that was closed can be used again."""


def patch_drivers(
    databases: Databases, used: Callable[[str], None], refuse: Callable[[str], Exception], kept: Kept
) -> None:
    """Patch every driver that is or will be imported; `used` is told which, `refuse` makes the error of the others."""
    for driver in DRIVERS:
        after_import(driver.module, functools.partial(_patch, driver, databases, used, refuse, kept))
    for name, functions in OTHERS.items():
        after_import(name, functools.partial(_close, functions, refuse))


def _patch(
    driver: Driver,
    databases: Databases,
    used: Callable[[str], None],
    refuse: Callable[[str], Exception],
    kept: Kept,
    module: ModuleType,
) -> None:
    *owners, name = driver.function.split(".")
    owner: Any = functools.reduce(getattr, owners, module)
    found = vars(owner)[name]
    is_class_method = isinstance(found, classmethod)
    original = found.__func__ if is_class_method else found

    @functools.wraps(original)
    def connect(*args: Any, **kwargs: Any) -> Any:
        receiver, rest = (args[:1], args[1:]) if owners else ((), args)
        if driver.dialect != databases.server.dialect:
            raise refuse(f"{DIALECTS[driver.dialect]} by {driver.name}")
        if not are_ours():
            used(driver.name)
        names = driver.positional or (list(inspect.signature(original).parameters)[len(receiver) :] if rest else ())
        arguments = driver.rewrite(databases, _named(names, rest, kwargs))
        opened = functools.partial(original, *receiver, **arguments)
        return kept.connect(opened, receiver, arguments) if driver.is_kept and not are_ours() else opened()

    setattr(owner, name, classmethod(connect) if is_class_method else connect)


def _close(functions: Sequence[str], refuse: Callable[[str], Exception], module: ModuleType) -> None:
    """Let functions of a driver that is not known to the redirect raise."""

    def connect(*_: Any, **__: Any) -> Any:
        raise refuse(f"a database by {module.__name__}")

    for name in functions:
        if hasattr(module, name):
            setattr(module, name, connect)


def _named(names: Iterable[str], args: Sequence[Any], kwargs: Arguments) -> Arguments:
    """Give every argument its name."""
    return {**dict(zip(names, args)), **kwargs}


def _elsewhere(arguments: Mapping[str, Any]) -> Arguments:
    """Leave out what says where to connect and as whom."""
    return {
        name: value
        for name, value in arguments.items()
        if name not in _WHERE_AND_WHO and not name.startswith(("ssl", "tls"))
    }


def _psycopg(databases: Databases, arguments: Arguments) -> Arguments:
    """psycopg 3.1 to 3.3: `connect(conninfo, *, autocommit, …, **parameters of libpq)`."""
    from psycopg.conninfo import conninfo_to_dict

    own = ("autocommit", "prepare_threshold", "context", "row_factory", "cursor_factory")
    given = {name: arguments.pop(name) for name in own if name in arguments}
    parameters = conninfo_to_dict(arguments.pop("conninfo", "") or "", **arguments)
    return {**given, **_libpq(databases, parameters)}


def _psycopg2(databases: Databases, arguments: Arguments) -> Arguments:
    """psycopg2 2.8 to 2.9: `connect` makes one text of its arguments and hands it to `_connect`."""
    from psycopg2.extensions import make_dsn, parse_dsn  # type: ignore[import-untyped]

    own = ("connection_factory", "async", "async_")
    given = {name: arguments[name] for name in own if name in arguments}
    return {**given, "dsn": make_dsn(**_libpq(databases, parse_dsn(arguments.get("dsn") or "")))}


def _libpq(databases: Databases, parameters: Mapping[str, Any]) -> Arguments:
    kept = {name: value for name, value in parameters.items() if name in _KEPT_OF_LIBPQ}
    name = databases.standing_for(_text(parameters.get("dbname")) or _text(parameters.get("service")))
    return {**kept, **databases.server.libpq(name)}


def _asyncpg(databases: Databases, arguments: Arguments) -> Arguments:
    """asyncpg 0.27 to 0.32: `connect` and pools hand their arguments to `connect_utils._connect`.

    What the query of a DSN says and asyncpg has no name for is a setting of the session.
    """
    dsn = urlsplit(arguments.get("dsn") or "")
    query = dict(parse_qsl(dsn.query))
    name = arguments.get("database") or query.pop("dbname", query.pop("database", "")) or unquote(dsn.path.lstrip("/"))
    settings = {key: value for key, value in _elsewhere(query).items() if key not in {"gsslib", "hostaddr"}}
    arguments["server_settings"] = {**settings, **(arguments.get("server_settings") or {})} or None
    unset = {"host", "port", "user", "password", "passfile", "service", "servicefile", "database", "ssl", "dsn"}
    unset |= {"direct_tls", "target_session_attrs", "krbsrvname", "gsslib"}
    kept = {key: None if key in unset else value for key, value in arguments.items()}
    return {**kept, **databases.server.asyncpg(databases.standing_for(_text(name)))}


def _pg8000(databases: Databases, arguments: Arguments) -> Arguments:
    """pg8000 1.29 to 1.31: every connection is a `core.CoreConnection`."""
    name = databases.standing_for(_text(arguments.get("database")))
    return {**_elsewhere(arguments), **databases.server.pg8000(name)}


def _mysql(databases: Databases, arguments: Arguments) -> Arguments:
    name = databases.standing_for(_text(arguments.get("database") or arguments.get("db")))
    return {**_elsewhere(arguments), **databases.server.mysql(name)}


def _aiomysql(databases: Databases, arguments: Arguments) -> Arguments:
    """aiomysql 0.2 to 0.3 has kept PyMySQL's older name of the database."""
    arguments = _mysql(databases, arguments)
    arguments["db"] = arguments.pop("database")
    return arguments


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode()
    return None if value is None else str(value)


DRIVERS: Sequence[Driver] = (
    Driver("psycopg.connection", "Connection.connect", "postgresql", "psycopg", _psycopg, is_kept=True),
    Driver("psycopg.connection_async", "AsyncConnection.connect", "postgresql", "psycopg", _psycopg),
    Driver("psycopg2", "_connect", "postgresql", "psycopg2", _psycopg2, ("dsn", "connection_factory", "async")),
    Driver("pg8000.core", "CoreConnection.__init__", "postgresql", "pg8000", _pg8000),
    Driver("asyncpg.connect_utils", "_connect", "postgresql", "asyncpg", _asyncpg),
    Driver("pymysql.connections", "Connection.__init__", "mysql", "pymysql", _mysql),
    Driver("MySQLdb.connections", "Connection.__init__", "mysql", "mysqldb", _mysql),
    Driver("mysql.connector.abstracts", "MySQLConnectionAbstract.connect", "mysql", "mysqlconnector", _mysql),
    Driver("mysql.connector.aio.abstracts", "MySQLConnectionAbstract.__init__", "mysql", "mysqlconnector", _mysql),
    Driver("mariadb.connections", "Connection.__init__", "mysql", "mariadbconnector", _mysql),
    Driver("aiomysql.connection", "Connection.__init__", "mysql", "aiomysql", _aiomysql),
    Driver("asyncmy.connection", "Connection.__init__", "mysql", "asyncmy", _mysql),
)

OTHERS: Mapping[str, Sequence[str]] = {
    "adbc_driver_manager.dbapi": ("connect",),
    "clickhouse_connect": ("get_client", "create_client"),
    "cx_Oracle": ("connect", "Connection", "SessionPool"),
    "duckdb": ("connect",),
    "ibm_db": ("connect", "pconnect"),
    "oracledb": ("connect", "connect_async", "create_pool", "create_pool_async", "Connection"),
    "pgdb": ("connect",),
    "psycopg2cffi": ("connect",),
    "pymssql": ("connect",),
    "pyodbc": ("connect",),
}
"""Drivers that the redirect does not know, and that reach databases by code in which Python sees no socket."""

KNOWN: list[str] = sorted({driver.name for driver in DRIVERS} | {"psycopg_async", "pysqlite", "aiosqlite"})
