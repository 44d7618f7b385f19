"""What a database has: an exact definition of each object, the same however the schema was reached.

A snapshot maps (kind, owner, part) to the text of a definition, a clause a line. The owner is the table, type … with
its schema outside of the default one; the part is the name of a column, index, constraint …, empty for the owner
itself. What is said of an object besides its definition has a kind of its own: `table comment`, `column privileges`,
`function owner`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from . import following, mysql, postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Key = tuple[str, str, str]
Snapshot = dict[Key, str]
Difference = tuple[str, str, str, Optional[str], Optional[str]]


def snapshot(connection: Connection, version_table: str) -> Snapshot:
    """Return the catalogue of the connection's database without Alembic's table, in whatever schema it is."""
    name = connection.dialect.name
    reader = postgresql if name == "postgresql" else sqlite if name == "sqlite" else mysql
    table = version_table.rpartition(".")[2]
    return {key: text for key, text in reader.entries(connection).items() if key[1].rpartition(".")[2] != table}


def differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    """Return what is in one only or other than it was, in the order of the keys, without what follows from another."""
    keys = before.keys() ^ after.keys()
    keys |= {key for key in before.keys() & after.keys() if before[key] != after[key]}
    return [(*key, before.get(key), after.get(key)) for key in sorted(following.causes(keys, before, after))]
