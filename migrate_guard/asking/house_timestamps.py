"""The columns of a house that say when rows were made and changed: which tables could have them, and which do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

from migrate_guard.asking import Convention, convention, is_association, words
from migrate_guard.asking.house_settings import Timestamps
from migrate_guard.model.schema import Column, Table

CLOCKS: Final = frozenset({"timestamp", "date"})
MOMENTS: Final = frozenset({"timestamp", "date", "integer", "text", "other", "unknown"})
"""Types that can say when: text and numbers too, as SQLite has no other."""


class Half(Struct, frozen=True):
    """One of the two columns: what it may be called, what the house calls it, and how many of its tables have it."""

    name: Literal["created", "updated"]
    names: tuple[str, ...]
    column: str
    house: Convention
    is_expected: bool
    is_learnt: bool

    @property
    def event(self) -> str:
        return "made" if self.name == "created" else "changed last"


def halves(tables: Sequence[Table], settings: Timestamps) -> tuple[Half, Half]:
    """What the tables of a house that could agree do; `tables` are those it makes itself."""
    able = [each for each in tables if could_agree(each, settings)]
    return _half("created", settings.created, able, settings), _half("updated", settings.updated, able, settings)


def _half(
    name: Literal["created", "updated"], names: tuple[str, ...], tables: Sequence[Table], settings: Timestamps
) -> Half:
    stamps = [stamp(each, names) for each in tables]
    house = convention((found is not None for found in stamps), settings.least_tables, settings.share)
    used = Counter(found.name for found in stamps if found)
    return Half(
        name,
        names,
        column=used.most_common(1)[0][0] if used else names[0],
        house=house,
        is_expected=house.holds if settings.expect == "auto" else settings.expect in ("both", name),
        is_learnt=house.is_told and settings.expect == "auto",
    )


def could_agree(table: Table, settings: Timestamps) -> bool:
    """Whether the table is one that does not tell otherwise when its rows were made and changed."""
    return bool(table.columns) and not is_association(table) and not _is_append_only(table, settings)


def _is_append_only(table: Table, settings: Timestamps) -> bool:
    """Whether each row is an event with a time of its own."""
    return stamp(table, settings.events, CLOCKS) is not None and stamp(table, settings.updated) is None


def stamp(table: Table, names: tuple[str, ...], families: frozenset[str] = MOMENTS) -> Column | None:
    """The column of the table that has one of the names and can say when."""
    for column in table.columns:
        if column.type.family in families and "_".join(words(column.name)) in names:
            return column
    return None
