"""The catalogue of a PostgreSQL database (12 to 18).

The facts are those of the manual's chapter "System Catalogs" of each version. A definition is what the server itself
prints (`pg_get_constraintdef`, `pg_get_indexdef`, `pg_get_functiondef` …), a clause a line. What the server makes of
its own accord for another object (constraints, indexes and triggers of a partition, array and multirange types, NOT
NULL constraints as rows of `pg_constraint`, which 18 added) is said by that object. Roles belong to the server.

The texts have neither `%` nor a colon: drivers take them for parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .postgresql_queries import Entries, ask, others, relations
from .postgresql_since import Known, known_now, prepare

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_KNOWN = "migrate_guard_catalogue"


def entries(connection: Connection) -> Entries:
    """Return the definition of everything in the database that is neither the server's own nor
    of an extension.

    A connection that stays is asked for what has changed since it was asked last.
    """
    version = int((connection.dialect.server_version_info or (12,))[0])
    if type(connection.engine.pool).__name__ == "NullPool":
        return {**ask(connection, relations(version)), **ask(connection, others(version))}
    info: dict[Any, Any] = connection.info
    before: Known | None = info.get(_KNOWN)
    if before is None:
        prepare(connection, version)
    info[_KNOWN] = now = known_now(connection, before)
    return now.entries
