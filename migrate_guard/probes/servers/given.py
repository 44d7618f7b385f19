"""A server of the user's, by --scratch-url: only databases of our prefix are made there, and dropped at the end."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

from migrate_guard.model.target import DialectName
from migrate_guard.probes.janitor import ScratchError
from migrate_guard.reading.database_urls import URL

_SPELLED: Final[dict[str, str]] = {"postgres": "postgresql", "mariadb": "mysql"}


@dataclass(frozen=True, slots=True)
class Given:
    """A server and the database to connect to first."""

    url: str
    """Without a driver."""
    is_local: bool
    """Reached by a unix socket."""
    connect: str
    """A command line without the password, in which {database} stands for a database."""
    drop: str
    """Another that drops it."""


def server(url: str, dialect: DialectName) -> Given:
    """Take the URL of a server apart; raises ScratchError, which does not say what stands in it."""
    match = URL.fullmatch(url.strip())
    if match is None or "@" in (match["host"] or ""):
        raise ScratchError(
            "--scratch-url is no database URL: expected dialect://user:password@host:port/database, "
            "in which an @ or % of a password is written as %40 or %25"
        )
    if dialect == "sqlite":
        raise ScratchError("--scratch-url is not for SQLite, whose scratch databases are temporary files")
    kind = _SPELLED.get(match["dialect"].lower(), match["dialect"].lower())
    if kind != _SPELLED.get(dialect, dialect):
        raise ScratchError(f"--scratch-url is a server of {kind}, and these migrations are for {dialect}")
    is_postgresql = kind == "postgresql"
    user, port = unquote(match["user"] or ""), match["port"] or ""
    host = match["address"] or unquote(match["host"] or "")
    query = dict(parse_qsl(match["query"] or ""))
    database = match["database"] or ("postgres" if is_postgresql else "")
    following = next((each for each in ("database", "query") if match[each] is not None), None)
    authority = match.string[match.string.index("://") + 3 : match.start(following) - 1 if following else None]
    whole = f"{kind}://{authority}/{database}" + (f"?{match['query']}" if match["query"] else "")
    socket = query.get("unix_socket", "") or (query.get("host", "") if is_postgresql else "")
    where = socket or host
    if is_postgresql:
        named = {"-h": where, "-p": query.get("port", port), "-U": query.get("user", user)}
        words = [each for option, value in named.items() if value for each in (option, value)]
        connect, drop = shlex.join(["psql", *words]), shlex.join(["dropdb", *words])
        return Given(whole, where.startswith("/"), f"{connect} {{database}}", f"{drop} {{database}}")
    named = {"--socket": socket, "--host": "" if socket else host, "--port": port, "--user": user}
    words = [f"{option}={value}" for option, value in named.items() if value]
    connect = shlex.join(["mysql", *words, *(["--password"] if match["password"] else [])])
    return Given(whole, bool(socket), f"{connect} {{database}}", f"{connect} --execute='DROP DATABASE {{database}}'")
