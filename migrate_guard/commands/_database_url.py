"""Database URLs as SQLAlchemy spells them, taken apart; nothing in here repeats a password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from migrate_guard.reading.database_urls import URL
from migrate_guard.terminal import UserError


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """Where a database is; None where the URL leaves it to the driver."""

    dialect: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    host: str | None = None
    port: int | None = None
    database: str | None = None
    query: Mapping[str, str] = field(default_factory=dict, repr=False)


def database_url(text: str) -> DatabaseUrl:
    """Take a URL apart; raises UserError, which does not say what stands in it."""
    match = URL.fullmatch(text.strip())
    if match is None or "@" in (match["host"] or ""):
        raise UserError(
            "this is no database URL: expected dialect://user:password@host:port/database, "
            "in which an @ or % of a password is written as %40 or %25"
        )
    port = int(match["port"]) if match["port"] else None
    if port is not None and port > 65535:
        raise UserError(f"there is no port {port}")
    return DatabaseUrl(
        match["dialect"].lower(),
        unquote(match["user"]) if match["user"] else None,
        unquote(match["password"]) if match["password"] else None,
        match["address"] or unquote(match["host"]) or None,
        port,
        unquote(match["database"]) if match["database"] else None,
        dict(parse_qsl(match["query"] or "")),
    )
