"""The queries for the catalogue of a PostgreSQL database, put together for a version."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .postgresql_changes import CHANGES
from .postgresql_others import OTHERS
from .postgresql_relations import HEAD, RELATIONS, TAIL
from .postgresql_types import ROUTINES, TYPES
from .postgresql_versions import SINCE

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Entries = dict[tuple[str, str, str], str]

_UNION = "  UNION ALL"
THESE = "oid = ANY (CAST($1 AS oid[]))"
"""The relations that a prepared statement is given the numbers of."""


def relations(version: int, wanted: str = "true") -> str:
    """Return the query for those relations that are wanted; it gives a JSON array of arrays of four texts."""
    return _for(version, f"{HEAD.replace('{wanted}', wanted)}{RELATIONS}{TAIL}")


def others(version: int) -> str:
    """Return the query for everything else; it gives the same."""
    return _for(version, f"{HEAD.replace('{wanted}', 'true')}{_UNION.join([TYPES, ROUTINES, OTHERS])}{TAIL}")


def changes(version: int) -> str:
    """Return the query for what has changed since a transaction, whose number a prepared statement is given."""
    return _for(version, CHANGES)


def ask(connection: Connection, query: str) -> Entries:
    """Run one of the first two."""
    rows: Sequence[Sequence[str]] = json.loads(connection.exec_driver_sql(query).scalar_one())
    return {(kind, owner, part): definition for kind, owner, part, definition in rows}


def _for(version: int, text: str) -> str:
    for newer, placeholders in sorted(SINCE.items(), reverse=True):
        for name, (since, before) in placeholders.items():
            text = text.replace("{" + name + "}", since if version >= newer else before)
    return text
