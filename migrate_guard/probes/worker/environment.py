"""The variables of the environment that lead to databases, led to the scratch database."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from .server import Server, read_server

NOWHERE = "scratch.invalid"
"""A host that cannot be (RFC 2606, 2), for what wants one in a URL although the scratch database is behind a socket."""

_URL = re.compile(r"(?P<scheme>(?P<dialect>postgres(?:ql)?|mysql|mariadb|sqlite)(?:\+\w+)?)://", re.ASCII)
_FAMILIES = {"postgres": "postgresql", "mariadb": "mysql"}
_SOCKET_QUERY = {"host", "hostaddr", "port", "unix_socket", "unix_sock", "user", "password", "passfile", "service"}
_SOCKET_QUERY |= {"read_default_file", "read_default_group"}


def scratch_environment(environment: Mapping[str, str], url: str, directory: str) -> dict[str, str]:
    """Return the environment for user code: the job's server URL ("" for SQLite) and its directory in, variables out.

    Names of databases stay, as the redirect keeps the user's databases apart by them.
    """
    server = read_server(url)
    kept = {
        name: _led(value, server, directory)
        for name, value in environment.items()
        if not name.startswith("PG") and name not in {"MYSQL_PWD", "MYSQL_HOME"}
    }
    return {**kept, **_libpq(environment, server, directory), **_mysql(environment, server, directory)}


def _libpq(environment: Mapping[str, str], server: Server, directory: str) -> dict[str, str]:
    """PostgreSQL, 34.15 Environment Variables; code that demands a variable finds it where it was."""
    is_scratch = server.dialect == "postgresql"
    found = {
        "PGHOST": (server.socket or server.host or "") if is_scratch else os.path.join(directory, "nowhere"),
        "PGPASSFILE": os.path.join(directory, "nowhere"),
        "PGPORT": str(server.port) if is_scratch else "5432",
        "PGSERVICEFILE": os.path.join(directory, "nowhere"),
        "PGSYSCONFDIR": os.path.join(directory, "nowhere"),
    }
    if is_scratch:
        found["PGUSER"] = server.user or "postgres"
        if server.password is not None or "PGPASSWORD" in environment:
            found["PGPASSWORD"] = server.password or ""
    for name in ("PGDATABASE", "PGOPTIONS", "PGAPPNAME", "PGTZ", "PGDATESTYLE", "PGCLIENTENCODING"):
        if name in environment:
            found[name] = environment[name]
    return found


def _mysql(environment: Mapping[str, str], server: Server, directory: str) -> dict[str, str]:
    """MariaDB and MySQL, Environment Variables."""
    is_scratch = server.dialect == "mysql"
    socket = server.socket if is_scratch and server.socket else os.path.join(directory, "nowhere")
    port = str(server.port) if is_scratch else "3306"
    found = {"MYSQL_HOME": os.path.join(directory, "nowhere"), "MYSQL_TCP_PORT": port, "MYSQL_UNIX_PORT": socket}
    if "MYSQL_HOST" in environment:
        found["MYSQL_HOST"] = server.host if is_scratch and server.host else NOWHERE
    return found


def _led(value: str, server: Server, directory: str) -> str:
    """Lead a URL of a database to the scratch, with its own driver and name; anything else stays."""
    match = _URL.match(value)
    if match is None:
        return value
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        # a password that should have been quoted: nothing of it is kept
        parts, port = urlsplit(match[0]), None
    query = [each for each in parse_qsl(parts.query) if each[0] not in _SOCKET_QUERY and not each[0].startswith("ssl")]
    dialect = _FAMILIES.get(match["dialect"], match["dialect"])
    if dialect == "sqlite":
        path = unquote(parts.path[1:])
        if not path or path == ":memory:":
            return value
        quoted = os.path.join(directory, quoted_path(os.path.abspath(path)))
        return f"{match['scheme']}:///{quoted}{_tail(query)}"
    account, host = "scratch", NOWHERE
    if dialect == server.dialect:
        account = quote(server.user or "", safe="")
        account += "" if server.password is None else ":" + quote(server.password, safe="")
        host, port = server.host or NOWHERE, server.port
        if server.socket is not None and dialect == "postgresql":
            query += [("host", server.socket), ("port", str(server.port))]
        elif server.socket is not None:
            query += [("unix_socket", server.socket)]
    place = f"[{host}]" if ":" in host else host
    place += "" if port is None else f":{port}"
    return f"{match['scheme']}://{account}{'@' if account else ''}{place}{parts.path}{_tail(query)}"


def quoted_path(path: str) -> str:
    """Make a path the name of one file, of characters that neither an ini file nor a URL takes for its own."""
    return quote(path, safe="").replace("~", "%7E").replace("%", "~")


def unquoted_path(name: str) -> str:
    """Return the path that `quoted_path` made a name of."""
    return unquote(name.replace("~", "%"))


def _tail(query: Sequence[tuple[str, str]]) -> str:
    return f"?{urlencode(query, safe='/')}" if query else ""
