"""What differs between two schemas that should be one: what is left behind, missing, or not as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TypeVar

from migrate_guard.history.facts import (
    KINDS,
    Sides,
    are_identical,
    column_facts,
    have_one_name,
    have_one_place,
    index_facts,
    key_facts,
    numbering,
    paired,
    say_the_same,
)
from migrate_guard.model.difference import DEFINED, Difference, Fact, Part, PartKind
from migrate_guard.model.folding_tables import given_table
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.schema import EnumType, Index, Schema, Table
from migrate_guard.model.target import Target

V = TypeVar("V")


def differences(before: Schema, after: Schema, target: Target, confirmed: Collection[str] = ()) -> Iterator[Difference]:
    """Compare two schemas of one history; comments, the order of columns and what a view reads are not compared.

    `confirmed` are names of constraints that a script uses, so that they are not only assumed.

    What is only learnt of a given table between the two is no difference.
    """
    for name in before.tables.changed(after.tables):
        yield from _table(Sides(name, before.table(name), after.table(name), before, after, target, confirmed))
    for name in before.enums.changed(after.enums):
        yield from _enum(before.enums.get(name), after.enums.get(name))
    yield from _present("view", before.views, after.views)
    for kind, name in dict.fromkeys((*before.definitions, *after.definitions)):
        is_there = [(kind, name) in each.definitions for each in (before, after)]
        if name.schema == "pg_temp":
            continue  # it goes with the session
        if (part_kind := DEFINED.get(kind)) and is_there[0] != is_there[1]:
            yield Difference("missing" if is_there[0] else "left behind", Part(part_kind, name))
    if made := list(_present("sequence", before.sequences, after.sequences)):
        numbering = _numbering_sequences(before, after) | _numbering_sequences(after, before)
        yield from (each for each in made if each.part.owner not in numbering)


def _present(
    kind: PartKind, before: PersistentMap[QualifiedName, V], after: PersistentMap[QualifiedName, V]
) -> Iterator[Difference]:
    for name in before.changed(after):
        if (name in before) != (name in after):
            yield Difference("missing" if name in before else "left behind", Part(kind, name))


def _numbering_sequences(schema: Schema, other: Schema) -> set[QualifiedName]:
    """The sequences that number columns of tables not the same in both: they come and go with those."""
    found: set[QualifiedName] = set()
    for name in schema.tables.changed(other.tables):
        table = schema.table(name)
        for column in table.columns if table else ():
            if sequence := numbering(column, name):
                found.add(QualifiedName(sequence, name.schema))
    return found


def _enum(before: EnumType | None, after: EnumType | None) -> Iterator[Difference]:
    if before and after:
        if before.values != after.values:
            fact = Fact("values", ", ".join(before.values), ", ".join(after.values))
            yield Difference("different", Part("type", before.name), (fact,), bool(before.values and after.values))
    elif each := before or after:
        yield Difference("missing" if before else "left behind", Part("type", each.name))


def _table(tables: Sides) -> Iterator[Difference]:
    before, after = tables.before, tables.after
    if before is None and after is not None and after.is_given:
        before = given_table(tables.name, after.span)
    if before is None or after is None:
        each = before or after
        if each and not each.is_given:
            part = Part("table", tables.name)
            yield Difference("missing" if before else "left behind", part, is_certain=each.is_certain)
        return
    yield from _columns(tables, before, after)
    yield from _keys(tables, before, after)
    yield from _indexes(tables, before, after)


def _is_sure(before: Table, after: Table, *names: str | None) -> bool:
    return all(table.is_sure_of(name or "") for table in (before, after) for name in names)


# Columns.


def _columns(tables: Sides, before: Table, after: Table) -> Iterator[Difference]:
    if before.columns is after.columns:
        return
    old = {each.name: each for each in before.columns}
    new = {each.name: each for each in after.columns}
    for name in dict.fromkeys((*old, *new)):
        part = Part("column", tables.name, name)
        is_certain = _is_sure(before, after, name)
        if name not in new:
            yield Difference("missing", part, is_certain=is_certain)
        elif name not in old:
            if not new[name].is_given:
                yield Difference("left behind", part, is_certain=is_certain)
        elif old[name] is not new[name]:
            facts = tuple(column_facts(old[name], new[name], tables))
            if facts:
                yield Difference("different", part, facts, is_certain and any(each.is_certain for each in facts))


def _keys(tables: Sides, before: Table, after: Table) -> Iterator[Difference]:
    pairs, missing, left = paired(
        before.constraints(), after.constraints(), are_identical, have_one_name, say_the_same, have_one_place
    )
    for old, new in pairs:
        facts = tuple(key_facts(old, new, tables))
        if facts:
            part = Part(KINDS[type(old)], tables.name, old.name)
            is_certain = _is_sure(before, after, old.name, new.name) and any(each.is_certain for each in facts)
            yield Difference("different", part, facts, is_certain)
    for old in missing:
        part = Part(KINDS[type(old)], tables.name, old.name)
        yield Difference("missing", part, is_certain=_is_sure(before, after, old.name))
    for new in left:
        part = Part(KINDS[type(new)], tables.name, new.name)
        yield Difference("left behind", part, is_certain=_is_sure(before, after, new.name))


# Indexes.


def _indexes(tables: Sides, before: Table, after: Table) -> Iterator[Difference]:
    if before.indexes is after.indexes:
        return
    old = {_index_key(each): each for each in before.indexes}
    new = {_index_key(each): each for each in after.indexes}
    for key in dict.fromkeys((*old, *new)):
        one, other = old.get(key), new.get(key)
        name = (one or other or before.indexes[0]).name
        part = Part("index", tables.name, name)
        is_certain = _is_sure(before, after, name)
        if one is None:
            yield Difference("left behind", part, is_certain=is_certain)
        elif other is None:
            yield Difference("missing", part, is_certain=is_certain)
        elif one is not other:
            facts = tuple(index_facts(one, other))
            if facts:
                yield Difference("different", part, facts, is_certain and any(each.is_certain for each in facts))


def _index_key(index: Index) -> tuple[object, ...]:
    return (index.name,) if index.name else (None, index.columns)
