"""Columns that are filled together, for a foreign key or a CHECK binds them, with the values they can take together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice, product
from random import Random
from typing import Callable, NamedTuple, Optional

from .expressions import candidates
from .shape import Check, Column, Reference, Table
from .values import distinct, variety

Value = Optional[str]
"""In the text form of its type; None is NULL."""
Choice = tuple[Value, ...]
Row = dict[str, Value]
Holding = Callable[[Table, Sequence[Column], Sequence[Choice], Sequence[Check]], list[Choice]]
"""Asks the database which choices of some columns no check is false of."""

TELLING, DISTINCT, SPARSE = range(3)
"""How values are chosen: as telling as they can be; all different, no NULL; NULL wherever it may be."""

_TRIED = 2000
"""How many combinations of values a CHECK is tried on."""
_KEPT = 12
_ANYTHING = ["1", "a", "{}", "(1,1)"]
"""For a type that nothing is known of."""


class Defies(Exception):
    """No row can be made for a table."""


class Unit(NamedTuple):
    """Columns and what they can hold, the most telling first."""

    columns: tuple[str, ...]
    choices: list[Choice]
    is_distinct: bool = False
    """No choice repeats a value: a key is safe with it."""
    is_free: bool = False
    """A column that no foreign key binds: it can hold other values of its type too."""


class Aim(NamedTuple):
    """What is wanted of a table."""

    wanted: int
    salt: int
    manner: int
    random: Random


def units(table: Table, aim: Aim, parents: dict[Reference, list[Choice]], holding: Holding) -> list[Unit]:
    """Partition the columns of a table, but those that refer to the table itself alone.

    `parents` has the keys that each foreign key can refer to.
    """
    columns = {column.name: column for column in table.columns}
    made: list[Unit] = []
    for reference in table.references:
        if reference.target != table.name:
            unit = _referring(reference, columns, parents[reference], aim)
            is_key = any(set(key.columns) <= set(unit.columns) for key in table.keys)
            made = _joined(made, unit._replace(is_distinct=is_key))
    bound = {name for unit in made for name in unit.columns} | late(table)
    different = _to_tell_apart(table, bound)
    made += [_free(column, aim, column.name in different) for column in table.columns if column.name not in bound]
    return _checked(table, made, aim, holding)


def late(table: Table) -> set[str]:
    """Return the columns of references to the table itself that no other foreign key has."""
    own: set[str] = set()
    others: set[str] = set()
    for reference in table.references:
        (own if reference.target == table.name else others).update(reference.columns)
    keys = {
        name for reference in table.references if reference.target == table.name for name in reference.target_columns
    }
    return own - others - keys


def _free(column: Column, aim: Aim, is_different: bool) -> Unit:
    values: list[Value] = []
    if is_different or aim.manner == DISTINCT:
        numbers = range(aim.salt, aim.salt + aim.wanted + 1)
        values += [value for value in (distinct(column.type, number) for number in numbers) if value is not None]
    has_values = column.type.family != "enum" or bool(column.type.labels)
    if not has_values and not column.is_nullable:
        raise Defies(f"its enum {column.type.name} has no values")
    if not values and has_values:
        values += variety(column.type) or _ANYTHING
        turn = aim.salt % len(values) if aim.manner == DISTINCT else 0
        values = values[turn:] + values[:turn]
    if not values or (column.is_nullable and aim.manner != DISTINCT):
        values = [None] if aim.manner == SPARSE else [*values[:1], None, *values[1:]]
    return Unit((column.name,), [(value,) for value in dict.fromkeys(values)], is_different, is_free=True)


_TELLS_APART = ["integer", "text", "uuid", "numeric", "timestamptz", "timestamp", "date", "float", "bytes"]
"""Types with values enough, the best first."""


def _to_tell_apart(table: Table, bound: set[str]) -> set[str]:
    """Choose a column for each key, none of a foreign key's, that differs from row to row."""
    families = {column.name: column.type.family for column in table.columns}
    chosen: set[str] = set()
    for key in sorted(table.keys, key=lambda key: len(key.columns)):
        free = [name for name in key.columns if name in families and name not in bound]
        if free and not chosen.intersection(key.columns):
            order = {family: place for place, family in enumerate(_TELLS_APART)}
            chosen.add(min(free, key=lambda name: order.get(families[name], len(order))))
    return chosen


def _referring(reference: Reference, columns: dict[str, Column], keys: list[Choice], aim: Aim) -> Unit:
    """Make the unit of a foreign key: rows to refer to, and NULL where one may refer to nothing."""
    nullable = [name in columns and columns[name].is_nullable for name in reference.columns]
    may_be_null = all(nullable) if reference.is_full else any(nullable)
    if not keys and not may_be_null:
        raise Defies(f"it refers to {reference.target}, which has no rows")
    if not keys:
        free = tuple(name for name, may in zip(reference.columns, nullable) if may)
        return Unit(free, [(None,) * len(free)])
    without = (
        [tuple(None if may else value for value, may in zip(key, nullable)) for key in keys] if may_be_null else []
    )
    if aim.manner == SPARSE and without:
        return Unit(reference.columns, without)
    turn = aim.salt % len(keys)
    ordered = [*keys[turn:], *keys[:turn]]
    return Unit(reference.columns, list(dict.fromkeys([*ordered[:1], *without[:1], *ordered[1:], *without[1:]])))


def _joined(made: list[Unit], unit: Unit) -> list[Unit]:
    """Add a unit, as one with those that share columns with it: a natural join."""
    apart = [other for other in made if not set(other.columns) & set(unit.columns)]
    for other in made:
        shared = [name for name in other.columns if name in unit.columns]
        if not shared:
            continue
        own = [place for place, name in enumerate(unit.columns) if name not in shared]
        pairs = [(other.columns.index(name), unit.columns.index(name)) for name in shared]
        choices = [
            (*left, *(right[place] for place in own))
            for left in other.choices[:100]
            for right in unit.choices[:100]
            if all(left[a] == right[b] for a, b in pairs)
        ]
        unit = Unit((*other.columns, *(unit.columns[place] for place in own)), choices)
    if not unit.choices:
        raise Defies(f"no rows that its foreign keys over {', '.join(unit.columns)} refer to go together")
    return [*apart, unit]


def _checked(table: Table, made: list[Unit], aim: Aim, holding: Holding) -> list[Unit]:
    """Leave the choices that the CHECKs hold for; join the units that a CHECK is about."""
    columns = {column.name: column for column in table.columns}
    known = {name for unit in made for name in unit.columns}
    checks = [check for check in table.checks if check.columns and known.issuperset(check.columns)]
    if not checks:
        return made
    made = [_with_candidates(unit, checks, columns, aim) for unit in made]
    alone: list[Unit] = []
    for unit in made:
        about = [check for check in checks if set(check.columns) <= set(unit.columns)]
        kept = holding(table, [columns[name] for name in unit.columns], unit.choices, about) if about else unit.choices
        # where none is left, the database says of a row what it has against it
        alone.append(unit._replace(choices=kept or unit.choices))
    for check in sorted(checks, key=lambda check: len(check.columns)):
        touched = [unit for unit in alone if set(unit.columns) & set(check.columns)]
        if len(touched) > 1:
            whole = [name for unit in touched for name in unit.columns]
            about = [other for other in checks if set(other.columns) <= set(whole)]
            choices = _combinations([unit.choices for unit in touched], aim.random)
            kept = _telling(holding(table, [columns[name] for name in whole], choices, about), aim)
            joined = Unit(tuple(whole), kept or choices[:_KEPT], any(unit.is_distinct for unit in touched))
            alone = [*(unit for unit in alone if unit not in touched), joined]
    return alone


def _with_candidates(unit: Unit, checks: list[Check], columns: dict[str, Column], aim: Aim) -> Unit:
    """Add to a single column what the CHECKs about it name."""
    if not unit.is_free:
        return unit
    column = columns[unit.columns[0]]
    about = [check for check in checks if column.name in check.columns]
    named = [(text,) for check in about for text in candidates(check.expression, column.type)]
    usual = [(text,) for text in variety(column.type)] if about else []
    found: list[Choice] = [*unit.choices, *named, *usual]
    return unit._replace(choices=list(dict.fromkeys(found))[: 20 * _KEPT])


def _combinations(pools: list[list[Choice]], random: Random) -> list[Choice]:
    """Combine the choices of several units: all ways where they are few, else a part of them by chance."""
    size = 1
    for pool in pools:
        size *= len(pool)
    ways: list[tuple[Choice, ...]]
    if size <= _TRIED:
        ways = list(product(*pools))
        random.shuffle(ways)
    else:
        ways = [tuple(random.choice(pool) for pool in pools) for _ in range(_TRIED)]
    return list(dict.fromkeys(tuple(value for choice in way for value in choice) for way in ways))


def _telling(choices: list[Choice], aim: Aim) -> list[Choice]:
    """Keep some choices, each with as many values as can be that those before it have not."""
    rest = choices[:300]
    kept: list[Choice] = []
    seen: set[tuple[int, Value]] = set()
    while rest and len(kept) < max(_KEPT, aim.wanted + 1):
        best = max(rest, key=lambda choice: sum(pair not in seen for pair in enumerate(choice)))
        seen.update(enumerate(best))
        rest.remove(best)
        kept.append(best)
    return kept


def rows(table: Table, made: list[Unit], aim: Aim) -> list[Row]:
    """Make rows that share no key: of each unit the first choice twice, so that what is no key has duplicates."""
    pattern = [0, 1, 0, *range(2, aim.wanted)] if aim.manner == TELLING else list(range(aim.wanted))
    taken: set[tuple[object, ...]] = set()
    found: list[Row] = []
    for place in range(aim.wanted):
        preferred = [(place if unit.is_distinct else pattern[place]) % len(unit.choices) for unit in made]
        for turned in islice(_turns(table, made, preferred), 500):
            row = {
                name: value for unit, turn in zip(made, turned) for name, value in zip(unit.columns, unit.choices[turn])
            }
            row.update(_own(table, row, found))
            keys = _keys(table, row)
            if not taken.intersection(keys):
                taken.update(keys)
                found.append(row)
                break
    return found


def _turns(table: Table, made: list[Unit], preferred: list[int]) -> product[tuple[int, ...]]:
    """Return the preferred choices of all units, then those with other choices where a key is concerned."""
    in_keys = {name for key in table.keys for name in key.columns}
    turns = []
    for unit, first in zip(made, preferred):
        others = [turn for turn in range(len(unit.choices)) if turn != first] if in_keys & set(unit.columns) else []
        turns.append([first, *others])
    return product(*turns)


def _own(table: Table, row: Row, before: list[Row]) -> Row:
    """Let a row refer to one before it, or to nothing, or to itself where it must refer to something."""
    free = late(table)
    nullable = {column.name for column in table.columns if column.is_nullable}
    own: Row = {}
    for reference in table.references:
        if reference.target != table.name or not free.intersection(reference.columns):
            continue
        pairs = list(zip(reference.columns, reference.target_columns))
        for above in before[max(0, len(before) - 2) :: -1] if before else []:
            if all(row.get(name, above.get(key)) == above.get(key) is not None for name, key in pairs):
                own.update({name: above[key] for name, key in pairs if name in free})
                break
        else:
            may_be_null = free.intersection(reference.columns) & nullable
            own.update({name: None if may_be_null else row.get(key) for name, key in pairs if name in free})
    return own


def _keys(table: Table, row: Row) -> list[tuple[object, ...]]:
    keys: list[tuple[object, ...]] = []
    for number, key in enumerate(table.keys):
        values = tuple(row.get(name) for name in key.columns)
        if None not in values or not key.nulls_are_distinct:
            keys.append((number, *values))
    return keys
