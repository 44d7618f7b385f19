"""The conventions of a house: what the tables of a schema agree on, learned in one pass and kept with the schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, Final, TypeVar

from msgspec import Struct

from migrate_guard.asking import Identity, is_association
from migrate_guard.asking.house_names import STYLES, agreed, number
from migrate_guard.asking.house_patterns import (
    CHECKS,
    DEFAULTS,
    FOREIGN_KEYS,
    INDEXES,
    PRIMARY_KEYS,
    UNIQUES,
    Named,
    Tiers,
    constraint_named,
    follows,
    index_named,
    kind,
)
from migrate_guard.asking.house_references import FORMS, form, references, stem_number
from migrate_guard.asking.house_settings import HouseSettings, Taste, house_settings
from migrate_guard.asking.house_timestamps import Half, halves
from migrate_guard.dialects.names import is_numbered_key
from migrate_guard.model.schema import Column, Schema, Table
from migrate_guard.model.source import Span
from migrate_guard.rule import TableView

T = TypeVar("T")

FEW: Final = 3
"""As many tables of one mind have a convention, though not enough to hold others to it."""


class Habit(Struct, frozen=True):
    """One convention: what holds, and how the house has it."""

    name: str
    """What it is about: "names of columns"."""
    value: str
    """What is expected: "snake_case"; empty where the house does not agree, or nothing is asked for."""
    agreeing: int
    """How many tables do as `value` says, or as most do where it is empty."""
    tables: int
    """How many could."""
    option: str
    """What sets it: "column-name-style.style"."""
    is_learnt: bool = False
    """The tables of the house say so, not a default and not an option."""
    is_set: bool = False
    """The option says so."""

    def __str__(self) -> str:
        """The evidence, for a sentence: 47 of 51 tables."""
        return f"{self.agreeing} of {self.tables} tables"


class House(Struct, frozen=True):
    """What the tables of a schema agree on."""

    created: Half
    updated: Half
    zones: Habit
    keys: Habit
    table_style: Habit
    table_number: Habit
    column_style: Habit
    indexes: Habit
    constraints: Mapping[str, Habit]
    """By what the options call the kinds: "unique"."""
    references: Habit
    reference_number: Habit
    object_style: Habit

    def habits(self) -> tuple[Habit, ...]:
        """All conventions, as a command tells them."""
        return (
            _stamps(self.created, "the column that says when a row was made"),
            _stamps(self.updated, "the column that says when a row was changed last"),
            self.zones,
            self.keys,
            self.table_style,
            self.table_number,
            self.column_style,
            self.indexes,
            *self.constraints.values(),
            self.references,
            self.reference_number,
            self.object_style,
        )


def _stamps(half: Half, name: str) -> Habit:
    value = half.column if half.is_expected else ""
    is_set = not half.is_learnt and half.house.is_told
    counts = half.house.agreeing, half.house.tables
    return Habit(name, value, *counts, "missing-timestamps.expect", half.is_learnt and half.is_expected, is_set)


def conventions(
    schema: Schema, version_table: str, rule_options: Mapping[str, Mapping[str, Any]] | None = None
) -> tuple[Habit, ...]:
    """What a house has been learned to do: of a schema at head, and the options of rules by name."""
    return house(Identity(schema), version_table, house_settings(rule_options or {})).habits()


def house_of(view: TableView, settings: HouseSettings) -> House:
    """What the other tables agree on that stand beside the one of a view."""
    return house(Identity(view.schema), view.environment.version_table, settings)


@lru_cache(maxsize=16)
def house(schema: Identity[Schema], version_table: str, settings: HouseSettings) -> House:
    """Learn what the tables of a schema agree on."""
    known = schema.value
    tables = [each for each in known.tables.values() if is_own(each, version_table)]
    created, updated = halves(tables, settings.timestamps)
    number_of_references = _learned(
        "number of the table in columns of foreign keys",
        (_all_of(stem_number(each) for each in references(table, known)) for table in tables),
        (("singular", "plural"),),
        settings.references,
        option="foreign-key-name-style.pattern",
        expect="auto" if settings.references.pattern == "auto" else "any",
    )
    return House(
        created,
        updated,
        zones=_zones(tables, settings),
        keys=_keys(tables, settings),
        table_style=_learned(
            "style of table names",
            (agreed([each.name.name]) for each in tables),
            (STYLES,),
            settings.tables,
            default="snake_case",
            option="table-name-style.style",
            expect=settings.tables.style,
        ),
        table_number=_learned(
            "number of table names",
            (_all_of([number(each.name.name)]) for each in tables if not is_association(each)),
            (("singular", "plural"),),
            settings.tables,
            option="table-name-style.number",
            expect=settings.tables.number,
        ),
        column_style=_learned(
            "style of column names",
            (agreed(column.name for column in each.columns if not column.is_inherited) for each in tables),
            (STYLES,),
            settings.columns,
            default="snake_case",
            option="column-name-style.style",
            expect=settings.columns.style,
        ),
        indexes=_learned(
            "names of indexes",
            (_patterns([index_named(each, index) for index in each.indexes if index.name], INDEXES) for each in tables),
            INDEXES,
            settings.indexes,
            default=DEFAULTS["index"],
            least_of_one_mind=FEW,
            option="index-name-style.pattern",
            expect=settings.indexes.pattern,
        ),
        constraints={each: _constraints(each, tables, settings) for each in KINDS},
        references=_learned(
            "columns of foreign keys",
            (_all_of(form(each) for each in references(table, known)) for table in tables),
            (FORMS,),
            settings.references,
            default=FORMS[0],
            option="foreign-key-name-style.pattern",
            expect=settings.references.pattern,
        ),
        reference_number=number_of_references,
        object_style=_learned(
            "style of index and constraint names",
            (agreed(_object_names(each)) for each in tables),
            (STYLES,),
            settings.quotes,
            default="snake_case",
            option="identifier-needs-quotes.expect",
            expect="snake_case" if settings.quotes.expect == "plain" else "auto",
        ),
    )


def is_own(table: Table, version_table: str) -> bool:
    """Whether the history tells all of a table that could agree with others, and nothing else has made it so."""
    is_told = not table.is_open and not table.is_given and not table.is_part
    return is_told and bool(table.columns) and table.name.name != version_table


def by_script(objects: Iterable[T], span: Callable[[T], Span]) -> list[list[T]]:
    """Objects of a table, those of one script together: each script answers for what it brings."""
    found: dict[str, list[T]] = {}
    for each in objects:
        found.setdefault(span(each).path, []).append(each)
    return list(found.values())


def _learned(
    name: str,
    votes: Iterable[frozenset[str] | None],
    candidates: Tiers,
    taste: Taste,
    *,
    option: str,
    expect: str,
    default: str = "",
    least_of_one_mind: int = 0,
) -> Habit:
    """Decide a convention: each table that could agree says with what it does, others None.

    With `least_of_one_mind` a few tables that all do otherwise than the default says may do so.
    """
    cast = [each for each in votes if each is not None]
    count, agreeing = len(cast), Counter(value for each in cast for value in each)
    if expect == "any":
        return Habit(name, "", 0, count, option, is_set=True)
    if expect != "auto":
        return Habit(name, expect, _those_with(expect, cast), count, option, is_set=True)
    if count < taste.least_tables:
        if least_of_one_mind and count >= least_of_one_mind and _those_with(default, cast) == 0:
            shared = (value for tier in candidates for value in tier if agreeing[value] == count)
            default = " ".join([default, *islice(shared, 1)])
        return Habit(name, default, _those_with(default, cast), count, option)
    most = 0
    for tier in candidates:
        value = max(tier, key=lambda each: agreeing[each])
        if agreeing[value] >= taste.share * count:
            return Habit(name, value, agreeing[value], count, option, is_learnt=True)
        most = max(most, agreeing[value])
    return Habit(name, "", most, count, option)


def _those_with(value: str, votes: Sequence[frozenset[str]]) -> int:
    wanted = frozenset(value.split())
    return sum(bool(wanted & each) for each in votes)


def _all_of(values: Iterable[str | None]) -> frozenset[str] | None:
    """The vote of a table whose parts all say the same; empty where they do not, None where none says anything."""
    said = {each for each in values if each is not None}
    return None if not said else frozenset(said) if len(said) == 1 else frozenset()


# Patterns.

KINDS: Final[Mapping[str, Tiers]] = {
    "primary_key": PRIMARY_KEYS,
    "unique": UNIQUES,
    "foreign_key": FOREIGN_KEYS,
    "check": CHECKS,
}
_NOUNS: Final[Mapping[str, str]] = {
    "primary_key": "primary keys",
    "unique": "unique constraints",
    "foreign_key": "foreign keys",
    "check": "check constraints",
}


def _constraints(of: str, tables: Sequence[Table], settings: HouseSettings) -> Habit:
    tiers = KINDS[of]
    return _learned(
        f"names of {_NOUNS[of]}",
        (_patterns(list(_named_constraints(each, of, tiers)), tiers) for each in tables),
        tiers,
        settings.constraints,
        default=DEFAULTS[of],
        least_of_one_mind=FEW,
        option=f"constraint-name-style.{of.replace('_', '-')}",
        expect=getattr(settings.constraints, of),
    )


def _object_names(table: Table) -> list[str]:
    constraints = (each.name for each in table.constraints() if each.name and not each.is_implicit_name)
    return [*constraints, *(each.name for each in table.indexes if each.name)]


def _named_constraints(table: Table, of: str, tiers: Tiers) -> Iterator[Named]:
    """The constraints of a table that have a name which tells something."""
    for each in table.constraints():
        if kind(each) != of or not each.name or each.is_assumed_name or each.inherited_from is not None:
            continue
        named = constraint_named(table, each)
        if is_numbered_key(each.name):
            continue
        # what another database than PostgreSQL calls a constraint says nothing of the house
        if not each.is_implicit_name or any(follows(named, tier) for tier in tiers):
            yield named


def _patterns(names: Sequence[Named], tiers: Tiers) -> frozenset[str] | None:
    """The patterns that all names of a table follow."""
    if not names:
        return None
    return frozenset(pattern for tier in tiers for pattern in tier if all(follows(each, (pattern,)) for each in names))


# Types.

_ZONES: Final = ("WITH TIME ZONE", "TIMESTAMPTZ")


def is_aware(column: Column) -> bool:
    """Whether a timestamp has a time zone."""
    return any(each in column.type.name.upper() for each in _ZONES)


def clocks(table: Table) -> list[Column]:
    """The timestamps of a table, with a time zone or without."""
    return [each for each in table.columns if each.type.family == "timestamp" and not each.is_inherited]


def _zones(tables: Sequence[Table], settings: HouseSettings) -> Habit:
    return _learned(
        "time zones",
        (_all_of("aware" if is_aware(each) else "naive" for each in clocks(table)) for table in tables),
        (("aware", "naive"),),
        settings.zones,
        default="aware",
        option="timestamp-without-timezone.expect",
        expect=settings.zones.expect,
    )


_SMALL: Final = frozenset(
    {"INTEGER", "INT", "INT4", "SERIAL", "SERIAL4", "SMALLINT", "INT2", "SMALLSERIAL", "MEDIUMINT", "TINYINT"}
)


def surrogate(table: Table) -> Column | None:
    """The column that alone is the key of a table and refers to no other."""
    key = table.primary_key
    column = table.column(key.columns[0]) if key and len(key.columns) == 1 else None
    if column is None or column.is_inherited or any(column.name in each.columns for each in table.foreign_keys):
        return None
    return column


def is_small(column: Column) -> bool:
    """Whether the database numbers a key with four bytes or fewer."""
    is_numbered = column.is_serial or column.is_identity
    return is_numbered and column.type.name.upper().removesuffix(" UNSIGNED") in _SMALL


def _keys(tables: Sequence[Table], settings: HouseSettings) -> Habit:
    keys = [surrogate(each) for each in tables]
    telling = (each for each in keys if each and (each.is_serial or each.is_identity or each.type.family == "uuid"))
    return _learned(
        "types of primary keys",
        (frozenset({"small" if is_small(each) else "big"}) for each in telling),
        (("big", "small"),),
        settings.keys,
        default="big",
        option="small-primary-key.expect",
        expect=settings.keys.expect,
    )
