"""What differs between two schemas that should be one: what is left behind, missing, or not as it was."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from migrate_guard.dialects.expressions import are_same, is_null
from migrate_guard.dialects.names import is_numbered_key, names_primary_keys
from migrate_guard.dialects.sql_types import builtin
from migrate_guard.history.difference import DEFINED, Difference, Fact, Part, PartKind
from migrate_guard.model.folding_tables import given_table
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
    EnumType,
    ExclusionConstraint,
    Expression,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.target import Target

V = TypeVar("V")


def differences(before: Schema, after: Schema, target: Target, confirmed: Collection[str] = ()) -> Iterator[Difference]:
    """Compare two schemas of one history; comments, the order of columns and what a view reads are not compared.

    `confirmed` are names of constraints that a script uses, so that they are not only assumed.

    What is only learnt of a given table between the two is no difference.
    """
    for name in before.tables.changed(after.tables):
        yield from _table(_Tables(name, before.table(name), after.table(name), before, after, target, confirmed))
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
            if sequence := _numbering(column, name):
                found.add(QualifiedName(sequence, name.schema))
    return found


def _enum(before: EnumType | None, after: EnumType | None) -> Iterator[Difference]:
    if before and after:
        if before.values != after.values:
            fact = Fact("values", ", ".join(before.values), ", ".join(after.values))
            yield Difference("different", Part("type", before.name), (fact,), bool(before.values and after.values))
    elif each := before or after:
        yield Difference("missing" if before else "left behind", Part("type", each.name))


class _Tables(NamedTuple):
    """One table in both schemas."""

    name: QualifiedName
    before: Table | None
    after: Table | None
    schema_before: Schema
    schema_after: Schema
    target: Target
    confirmed: Collection[str]


def _table(tables: _Tables) -> Iterator[Difference]:
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


def _columns(tables: _Tables, before: Table, after: Table) -> Iterator[Difference]:
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
            facts = tuple(_column_facts(old[name], new[name], tables))
            if facts:
                yield Difference("different", part, facts, is_certain and any(each.is_certain for each in facts))


def _column_facts(before: Column, after: Column, tables: _Tables) -> Iterator[Fact]:
    if before.type.is_known and after.type.is_known and not _are_same_types(before.type, after.type):
        is_certain = not before.is_given and all(_is_real(each, tables) for each in (before.type, after.type))
        yield Fact("type", str(before.type), str(after.type), is_certain)
    if before.nullable is not None and after.nullable is not None and before.nullable != after.nullable:
        yield Fact("nullable", _word(before.nullable), _word(after.nullable))
    if before.is_given or after.is_given:
        return
    yield from _default(before, after, tables)
    if before.is_identity != after.is_identity:
        yield Fact("identity", _word(before.is_identity), _word(after.is_identity))
    yield from _expression("generated", before.computed, after.computed, after.type.family)


def _are_same_types(before: Type, after: Type) -> bool:
    named = [(each.name, each.args, each.dimensions, each.schema) for each in (before, after)]
    return named[0] == named[1]


def _is_real(each: Type, tables: _Tables) -> bool:
    """Whether it is the database that calls the type so, and no class of an application."""
    name = QualifiedName(each.name, each.schema)
    known = (tables.schema_before.enums, tables.schema_after.enums)
    return (
        any(name in enums for enums in known)
        or builtin(each.name.lower(), each.args, tables.target.dialect) is not None
    )


def _default(before: Column, after: Column, tables: _Tables) -> Iterator[Fact]:
    old, new = _numbering(before, tables.name), _numbering(after, tables.name)
    if old or new:
        if old != new and before.is_identity == after.is_identity:
            yield Fact("default", old or _text(before.default), new or _text(after.default))
        return
    yield from _expression("default", before.default, after.default, after.type.family)


_NEXT: Final = re.compile(r"nextval\(\s*'(?:\w+\.)?\"?(\w+)\"?'", re.IGNORECASE)


def _numbering(column: Column, table: QualifiedName) -> str | None:
    """The sequence that numbers the column, be it as SERIAL or by a default written out."""
    if column.is_serial or column.is_identity:
        return column.sequence_in(table)
    drawn = _NEXT.match(column.default.text) if column.default else None
    return drawn[1] if drawn else None


def _expression(name: str, before: Expression | None, after: Expression | None, family: str) -> Iterator[Fact]:
    if is_null(before) and is_null(after):
        return
    if before is None or after is None:
        yield Fact(name, _text(before), _text(after))
        return
    same = are_same(before, after, family)
    if same is not True:
        yield Fact(name, before.text, after.text, same is False)


def _text(expression: Expression | None) -> str:
    return expression.text if expression else "none"


def _word(value: bool) -> str:
    return "yes" if value else "no"


# Constraints.

_KINDS: Final[Mapping[type, PartKind]] = {
    PrimaryKey: "primary key",
    UniqueConstraint: "unique constraint",
    ForeignKey: "foreign key",
    CheckConstraint: "check constraint",
    ExclusionConstraint: "exclusion constraint",
}


def _keys(tables: _Tables, before: Table, after: Table) -> Iterator[Difference]:
    pairs, missing, left = _paired(tuple(before.constraints()), tuple(after.constraints()), tables)
    for old, new in pairs:
        facts = tuple(_key_facts(old, new, tables))
        if facts:
            part = Part(_KINDS[type(old)], tables.name, old.name)
            is_certain = _is_sure(before, after, old.name, new.name) and any(each.is_certain for each in facts)
            yield Difference("different", part, facts, is_certain)
    for old in missing:
        part = Part(_KINDS[type(old)], tables.name, old.name)
        yield Difference("missing", part, is_certain=_is_sure(before, after, old.name))
    for new in left:
        part = Part(_KINDS[type(new)], tables.name, new.name)
        yield Difference("left behind", part, is_certain=_is_sure(before, after, new.name))


def _paired(
    before: tuple[AnyConstraint, ...], after: tuple[AnyConstraint, ...], tables: _Tables
) -> tuple[list[tuple[AnyConstraint, AnyConstraint]], list[AnyConstraint], list[AnyConstraint]]:
    """The constraints that are one in both: by identity, by name, by what they say, by their columns."""
    pairs: list[tuple[AnyConstraint, AnyConstraint]] = []
    old, new = list(before), list(after)
    for are_one in (_are_identical, _have_one_name, _say_the_same, _have_one_place):
        for one in list(old):
            found = next((each for each in new if type(each) is type(one) and are_one(one, each)), None)
            if found is not None:
                pairs.append((one, found))
                old = [each for each in old if each is not one]
                new = [each for each in new if each is not found]
    return pairs, old, new


def _are_identical(one: AnyConstraint, other: AnyConstraint) -> bool:
    return one is other


def _have_one_name(one: AnyConstraint, other: AnyConstraint) -> bool:
    return one.name is not None and one.name == other.name


def _say_the_same(one: AnyConstraint, other: AnyConstraint) -> bool:
    if isinstance(one, CheckConstraint) and isinstance(other, CheckConstraint):
        return are_same(one.expression, other.expression, "boolean") is True
    if isinstance(one, ForeignKey) and isinstance(other, ForeignKey):
        return (one.columns, one.referred_table) == (other.columns, other.referred_table)
    return one.columns == other.columns


def _have_one_place(one: AnyConstraint, other: AnyConstraint) -> bool:
    return isinstance(one, PrimaryKey) or (isinstance(one, ForeignKey) and one.columns == other.columns)


def _key_facts(before: AnyConstraint, after: AnyConstraint, tables: _Tables) -> Iterator[Fact]:
    if before is after:
        return
    if before.name != after.name:
        yield Fact("name", before.name or "none", after.name or "none", _do_names_differ(before, after, tables))
    if before.columns != after.columns and not isinstance(before, CheckConstraint | ExclusionConstraint):
        yield Fact("columns", ", ".join(before.columns), ", ".join(after.columns))
    if before.not_valid != after.not_valid:
        yield Fact("not valid", _word(before.not_valid), _word(after.not_valid))
    match before, after:
        case ForeignKey(), ForeignKey():
            yield from _reference_facts(before, after, tables)
        case UniqueConstraint(), UniqueConstraint():
            if before.nulls_not_distinct != after.nulls_not_distinct:
                told = _word(before.nulls_not_distinct), _word(after.nulls_not_distinct)
                yield Fact("nulls not distinct", *told)
            yield from _deferrable(before.deferrable, after.deferrable)
        case CheckConstraint(), CheckConstraint():
            yield from _expression("condition", before.expression, after.expression, "boolean")


def _do_names_differ(before: AnyConstraint, after: AnyConstraint, tables: _Tables) -> bool:
    """Whether two constraints have two names whatever a naming convention that nobody could read says."""
    if before.name is None or after.name is None:
        return False
    if isinstance(before, PrimaryKey) and not names_primary_keys(tables.target.dialect):
        return False
    if is_numbered_key(before.name) or is_numbered_key(after.name):
        return True
    # What a convention makes of two tables or columns that differ is not the same either.
    return _is_assumed(before, tables) == _is_assumed(after, tables)


def _is_assumed(constraint: AnyConstraint, tables: _Tables) -> bool:
    """Whether a naming convention that nobody could read may have given it another name."""
    return constraint.is_assumed_name and constraint.name not in tables.confirmed


def _deferrable(before: bool, after: bool) -> Iterator[Fact]:
    if before != after:
        yield Fact("deferrable", _word(before), _word(after))


def _reference_facts(before: ForeignKey, after: ForeignKey, tables: _Tables) -> Iterator[Fact]:
    if before.referred_table != after.referred_table:
        yield Fact("referred table", str(before.referred_table), str(after.referred_table))
    else:
        old = _referred_columns(before, tables.schema_before)
        new = _referred_columns(after, tables.schema_after)
        if old and new and old != new:
            yield Fact("referred columns", ", ".join(old), ", ".join(new))
    for name, one, other in (
        ("ON DELETE", before.ondelete, after.ondelete),
        ("ON UPDATE", before.onupdate, after.onupdate),
    ):
        if _action(one) != _action(other):
            yield Fact(name, _action(one), _action(other))
    yield from _deferrable(before.deferrable, after.deferrable)


def _referred_columns(key: ForeignKey, schema: Schema) -> tuple[str, ...]:
    if key.referred_columns:
        return key.referred_columns
    table = schema.table(key.referred_table)
    return table.primary_key.columns if table and table.primary_key else ()


def _action(written: str | None) -> str:
    return " ".join((written or "NO ACTION").upper().split())


# Indexes.


def _indexes(tables: _Tables, before: Table, after: Table) -> Iterator[Difference]:
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
            facts = tuple(_index_facts(one, other))
            if facts:
                yield Difference("different", part, facts, is_certain and any(each.is_certain for each in facts))


def _index_key(index: Index) -> tuple[object, ...]:
    return (index.name,) if index.name else (None, index.columns)


def _index_facts(before: Index, after: Index) -> Iterator[Fact]:
    if before.unique != after.unique:
        yield Fact("unique", _word(before.unique), _word(after.unique))
    if before.method.lower() != after.method.lower():
        yield Fact("method", before.method, after.method)
    if before.columns != after.columns:
        yield Fact("columns", _list(before.columns), _list(after.columns))
    elif [each.is_descending for each in before.elements] != [each.is_descending for each in after.elements]:
        yield Fact("order", _order(before), _order(after))
    if set(before.include) != set(after.include):
        yield Fact("included columns", _list(before.include), _list(after.include))
    yield from _expression("predicate", before.where, after.where, "boolean")


def _list(columns: Iterable[str | None]) -> str:
    return ", ".join(each or "(expression)" for each in columns) or "none"


def _order(index: Index) -> str:
    return ", ".join("DESC" if each.is_descending else "ASC" for each in index.elements)
