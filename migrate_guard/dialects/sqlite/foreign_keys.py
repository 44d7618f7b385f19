"""Foreign keys of SQLite, which are enforced where a connection has asked for it.

Sources: sqlite.org/foreignkeys.html, pragma.html. Asked of SQLite 3.40, through Python's sqlite3 and Alembic 1.20.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from migrate_guard.model.schema import ForeignKey

Fate: TypeAlias = Literal["deletes", "clears", "fails"]


def is_on(value: str) -> bool:
    """Whether a PRAGMA that is a boolean is switched on by a value."""
    return value.strip("'\"").lower() in ("1", "on", "true", "yes")


def fate(key: ForeignKey) -> Fate:
    """What becomes of rows that refer to a table when that is dropped, if foreign_keys is ON.

    DROP TABLE deletes every row first (lang_droptable.html). What ON DELETE says happens; what it leaves unmended fails
    at once, or where the key is deferred at the commit, also if a table of the same name and rows has come by then. SET
    DEFAULT fails too, as the row that the default refers to goes with the others.
    """
    match key.ondelete:
        case "CASCADE":
            return "deletes"
        case "SET NULL":
            return "clears"
    return "fails"
