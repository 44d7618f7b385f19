"""Which columns a foreign key can refer to. Asked of PostgreSQL 15, SQLite 3.40 and MariaDB 10.11."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from msgspec import Struct

from migrate_guard.model.schema import Index, Table, UniqueConstraint
from migrate_guard.model.target import Target


class Refusal(Struct, frozen=True):
    outcome: Literal["refused", "fails", "ambiguous"]
    """There can be no such key; there can, but not a row that is checked; it holds, but for several rows at once."""
    why: str = ""
    """For a sentence, where there is more to say than that nothing makes them unique."""


def refusal(table: Table, columns: Sequence[str], target: Target) -> Refusal | None:
    """What hinders a foreign key to these columns of a table; None: nothing."""
    wanted = set(columns)
    found = [each for each in _unique(table) if set(each.columns) == wanted and len(each.columns) == len(columns)]
    if target.dialect == "postgresql":
        if any(not _is_deferrable(each) for each in found):
            return None
        return (
            Refusal("refused", "the constraint that holds that unique is DEFERRABLE") if found else Refusal("refused")
        )
    if found:
        return None
    if target.dialect == "sqlite":
        return Refusal("fails")
    if target.dialect == "mysql" and target.version >= (8, 4):
        # MySQL 8.4 release notes: restrict_fk_on_non_standard_key is ON.
        return Refusal("refused")
    begins = [each[: len(columns)] for each in _sorted(table)]
    return Refusal("ambiguous") if tuple(columns) in begins else Refusal("refused")


class _Key(Struct, frozen=True):
    columns: tuple[str | None, ...]
    is_deferrable: bool = False


def _is_deferrable(key: _Key) -> bool:
    return key.is_deferrable


def _unique(table: Table) -> Iterator[_Key]:
    """What holds columns unique in all rows."""
    if table.primary_key:
        yield _Key(table.primary_key.columns)
    for constraint in table.unique_constraints:
        yield _Key(constraint.columns, constraint.deferrable)
    for index in table.indexes:
        if index.unique and index.where is None:
            yield _Key(index.columns)


def _sorted(table: Table) -> Iterator[tuple[str | None, ...]]:
    """What InnoDB can look a key up in: the first columns of an index."""
    keys: list[UniqueConstraint | Index] = [*table.unique_constraints, *table.indexes]
    if table.primary_key:
        yield table.primary_key.columns
    yield from (tuple(each.columns) for each in keys)
