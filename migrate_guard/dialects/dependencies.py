"""What a database refuses to take away or to change while something else depends on it."""

from __future__ import annotations

from typing import Final

from migrate_guard.model.schema import Type
from migrate_guard.model.target import Target


def protects_dependents(target: Target) -> bool:
    """Whether nothing is dropped on which something else depends, unless CASCADE is said.

    PostgreSQL, documentation, 5.15 Dependency Tracking. MySQL and SQLite know foreign keys only, as their `DropTable`
    says, and let go of the rest.
    """
    return target.dialect == "postgresql"


def keeps_generated_columns(target: Target) -> bool:
    """Whether a column is not dropped while a generated column of the table uses it; before, that one went along.

    Tried on PostgreSQL 12, 14, 15, 17 and 18.
    """
    return target.dialect == "postgresql" and target.version >= (KEEPS_GENERATED,)


KEEPS_GENERATED: Final = 15


def casts_by_itself(old: Type, new: Type, target: Target) -> bool | None:
    """Whether a column of one type becomes one of another without being told how; None: that is not known."""
    if target.dialect == "postgresql":
        from migrate_guard.dialects.postgresql.casts import is_assignable

        return is_assignable(old, new)
    return True
