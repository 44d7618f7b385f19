"""The server of the scratch databases: where it listens, and the arguments by which each driver reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

_PORTS = {"postgresql": 5432, "mysql": 3306}
_ALWAYS_THERE = {"postgresql": "postgres", "mysql": "information_schema"}
"""The databases that everybody may connect to."""


class Server(NamedTuple):
    """The address of a server, read from an SQLAlchemy URL without driver."""

    dialect: str
    host: str | None
    """The name or address of a server reached by TCP."""
    socket: str | None
    """PostgreSQL: the folder of the socket; MySQL: its path."""
    port: int
    user: str | None
    password: str | None
    maintenance: str
    """The database that is always there."""
    options: Mapping[str, str]
    """What else the URL says, as `sslmode`."""

    @property
    def socket_path(self) -> str | None:
        """Return the path of the socket itself (PostgreSQL: libpq, `host`: `.s.PGSQL.<port>` in the folder)."""
        if self.socket is None or self.dialect == "mysql":
            return self.socket
        return f"{self.socket}/.s.PGSQL.{self.port}"

    def libpq(self, database: str) -> dict[str, Any]:
        """Return the parameters of libpq's connection strings (PostgreSQL, 34.1.2).

        An empty hostaddr keeps PGHOSTADDR and service files from giving one, which would go before the host.
        """
        return {
            **self.options,
            "dbname": database,
            "hostaddr": "",
            "host": self.socket or self.host or "localhost",
            "port": str(self.port),
            **_given(user=self.user, password=self.password),
        }

    def asyncpg(self, database: str) -> dict[str, Any]:
        """Return the arguments of `asyncpg.connect`."""
        return {
            "database": database,
            "host": self.socket or self.host or "localhost",
            "port": self.port,
            "ssl": False if self.socket else self.options.get("sslmode", "prefer"),
            **_given(user=self.user, password=self.password),
        }

    def pg8000(self, database: str) -> dict[str, Any]:
        """Return the arguments of `pg8000.core.CoreConnection`."""
        wants_ssl = self.options.get("sslmode") in {"require", "verify-ca", "verify-full"}
        return {
            "database": database,
            "user": self.user,
            "password": self.password,
            "port": self.port,
            **_given(
                unix_sock=self.socket_path,
                host=None if self.socket else self.host,
                ssl_context=True if wants_ssl else None,
            ),
        }

    def mysql(self, database: str) -> dict[str, Any]:
        """Return the arguments that all drivers of MySQL share."""
        return {
            "database": database,
            **_given(
                unix_socket=self.socket,
                host=None if self.socket else self.host,
                port=None if self.socket else self.port,
                user=self.user,
                password=self.password,
            ),
        }


def read_server(url: str) -> Server:
    """Read an SQLAlchemy URL without driver; SQLite, which has no server, has the URL ""."""
    parts = urlsplit(url)
    dialect = parts.scheme.partition("+")[0] or "sqlite"
    query = dict(parse_qsl(parts.query))
    socket = query.pop("unix_socket", None)
    host = parts.hostname
    if dialect == "postgresql" and "host" in query:
        named = query.pop("host")
        socket, host = (named, None) if named.startswith(("/", "@")) else (None, named)
    port = query.pop("port", None)
    return Server(
        dialect=dialect,
        host=host,
        socket=socket,
        port=parts.port or (int(port) if port else _PORTS.get(dialect, 0)),
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        maintenance=unquote(parts.path.lstrip("/")) or _ALWAYS_THERE.get(dialect, ""),
        options=query,
    )


def _given(**arguments: Any) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if value is not None}
