"""What is different between two columns, constraints or indexes that are one, as facts; and which of them are one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from migrate_guard.dialects.expressions import UNKNOWN, are_same, is_null
from migrate_guard.dialects.names import is_numbered_key, names_primary_keys
from migrate_guard.dialects.same_types import are_same_types
from migrate_guard.dialects.sql_types import builtin
from migrate_guard.model.difference import Fact, PartKind
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Column,
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
from migrate_guard.model.target import DialectName, Target

T = TypeVar("T")


class Sides(NamedTuple):
    """One table in two schemas."""

    name: QualifiedName
    before: Table | None
    after: Table | None
    schema_before: Schema
    schema_after: Schema
    target: Target
    confirmed: Collection[str]


def column_facts(before: Column, after: Column, tables: Sides) -> Iterator[Fact]:
    """What is different between two columns; comments are not compared."""
    dialect = tables.target.dialect
    if before.type.is_known and after.type.is_known and not are_same_types(before.type, after.type, dialect):
        # A class of the application may be called as the type that it stands for.
        is_other = before.type.name.lower() != after.type.name.lower() or before.type.name == after.type.name
        is_real = all(_is_real(each, tables) for each in (before.type, after.type))
        is_certain = not before.is_given and is_other and is_real
        yield Fact("type", str(before.type), str(after.type), is_certain)
    if before.nullable is not None and after.nullable is not None and before.nullable != after.nullable:
        yield Fact("nullable", _word(before.nullable), _word(after.nullable))
    if before.is_given or after.is_given:
        return
    yield from _default(before, after, tables)
    if before.is_identity != after.is_identity:
        yield Fact("identity", _word(before.is_identity), _word(after.is_identity))
    yield from expression_facts("generated", before.computed, after.computed, after.type.family)


def _is_real(each: Type, tables: Sides) -> bool:
    """Whether it is the database that calls the type so, and no class of an application."""
    name = QualifiedName(each.name, each.schema)
    known = (tables.schema_before.enums, tables.schema_after.enums)
    return (
        any(name in enums for enums in known)
        or builtin(each.name.lower(), each.args, tables.target.dialect) is not None
    )


def _default(before: Column, after: Column, tables: Sides) -> Iterator[Fact]:
    old, new = numbering(before, tables.name), numbering(after, tables.name)
    if old or new:
        if old != new and before.is_identity == after.is_identity:
            yield Fact("default", old or _text(before.default), new or _text(after.default))
        return
    yield from expression_facts("default", before.default, after.default, after.type.family)


_NEXT: Final = lazily(r"nextval\(\s*'(?:\w+\.)?\"?(\w+)\"?'", re.IGNORECASE)


def numbering(column: Column, table: QualifiedName) -> str | None:
    """The sequence that numbers the column, be it as SERIAL or by a default written out."""
    if column.is_serial or column.is_identity:
        return column.sequence_in(table)
    drawn = _NEXT.match(column.default.text) if column.default else None
    return drawn[1] if drawn else None


def expression_facts(name: str, before: Expression | None, after: Expression | None, family: str) -> Iterator[Fact]:
    """The fact `name`, where two expressions are not the same, or may not be."""
    if is_null(before) and is_null(after):
        return
    if before is None or after is None:
        told = _text(before), _text(after)
        yield Fact(name, *told, all(UNKNOWN not in each for each in told))
        return
    same = are_same(before, after, family)
    if same is not True:
        yield Fact(name, before.text, after.text, same is False)


def _text(expression: Expression | None) -> str:
    return expression.text if expression else "none"


def _word(value: bool) -> str:
    return "yes" if value else "no"


# Constraints.

KINDS: Final[Mapping[type, PartKind]] = {
    PrimaryKey: "primary key",
    UniqueConstraint: "unique constraint",
    ForeignKey: "foreign key",
    CheckConstraint: "check constraint",
    ExclusionConstraint: "exclusion constraint",
}


def paired(
    before: Iterable[T], after: Iterable[T], *criteria: Callable[[T, T], bool]
) -> tuple[list[tuple[T, T]], list[T], list[T]]:
    """The constraints or indexes of one kind that are one by the first criterion that says so, and those left over."""
    pairs: list[tuple[T, T]] = []
    old, new = list(before), list(after)
    for are_one in criteria:
        for one in list(old):
            found = next((each for each in new if type(each) is type(one) and are_one(one, each)), None)
            if found is not None:
                pairs.append((one, found))
                old = [each for each in old if each is not one]
                new = [each for each in new if each is not found]
    return pairs, old, new


def are_identical(one: AnyConstraint, other: AnyConstraint) -> bool:
    return one is other


def have_one_name(one: AnyConstraint, other: AnyConstraint) -> bool:
    return one.name is not None and one.name == other.name


def say_the_same(one: AnyConstraint, other: AnyConstraint) -> bool:
    if isinstance(one, CheckConstraint) and isinstance(other, CheckConstraint):
        return are_same(one.expression, other.expression, "boolean") is True
    if isinstance(one, ForeignKey) and isinstance(other, ForeignKey):
        return (one.columns, one.referred_table) == (other.columns, other.referred_table)
    return one.columns == other.columns


def have_one_place(one: AnyConstraint, other: AnyConstraint) -> bool:
    return isinstance(one, PrimaryKey) or (isinstance(one, ForeignKey) and one.columns == other.columns)


def key_facts(before: AnyConstraint, after: AnyConstraint, tables: Sides) -> Iterator[Fact]:
    """What is different between two constraints of one kind."""
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
            yield from expression_facts("condition", before.expression, after.expression, "boolean")


def _do_names_differ(before: AnyConstraint, after: AnyConstraint, tables: Sides) -> bool:
    """Whether two constraints have two names whatever a naming convention that nobody could read says."""
    if before.name is None or after.name is None:
        return False
    if isinstance(before, PrimaryKey) and not names_primary_keys(tables.target.dialect):
        return False
    if is_numbered_key(before.name) or is_numbered_key(after.name):
        return True
    # What a convention makes of two tables or columns that differ is not the same either.
    return _is_assumed(before, tables) == _is_assumed(after, tables)


def _is_assumed(constraint: AnyConstraint, tables: Sides) -> bool:
    """Whether a naming convention that nobody could read may have given it another name."""
    return constraint.is_assumed_name and constraint.name not in tables.confirmed


def _deferrable(before: bool, after: bool) -> Iterator[Fact]:
    if before != after:
        yield Fact("deferrable", _word(before), _word(after))


def _reference_facts(before: ForeignKey, after: ForeignKey, tables: Sides) -> Iterator[Fact]:
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
        old_action, new_action = (action(each, tables.target.dialect) for each in (one, other))
        if old_action != new_action:
            yield Fact(name, old_action, new_action)
    yield from _deferrable(before.deferrable, after.deferrable)


def _referred_columns(key: ForeignKey, schema: Schema) -> tuple[str, ...]:
    if key.referred_columns:
        return key.referred_columns
    table = schema.table(key.referred_table)
    return table.primary_key.columns if table and table.primary_key else ()


def action(written: str | None, dialect: DialectName) -> str:
    """What becomes of the rows that refer; InnoDB does the same for RESTRICT (MySQL 8.4, 15.1.20.5 FOREIGN KEY)."""
    spelled = " ".join((written or "NO ACTION").upper().split())
    return "NO ACTION" if spelled == "RESTRICT" and dialect in ("mysql", "mariadb") else spelled


# Indexes.


def index_facts(before: Index, after: Index) -> Iterator[Fact]:
    """What is different between two indexes; their names are not compared."""
    if before.unique != after.unique:
        yield Fact("unique", _word(before.unique), _word(after.unique))
    if before.method.lower() != after.method.lower():
        yield Fact("method", before.method, after.method)
    if before.columns != after.columns:
        yield Fact("columns", listed(before.columns), listed(after.columns))
    elif _order(before) != _order(after):
        yield Fact("order", _order(before), _order(after))
    else:
        for one, other in zip(before.elements, after.elements, strict=True):
            yield from expression_facts("expression", one.expression, other.expression, "other")
    if set(before.include) != set(after.include):
        yield Fact("included columns", listed(before.include), listed(after.include))
    yield from expression_facts("predicate", before.where, after.where, "boolean")


def listed(columns: Iterable[str | None]) -> str:
    return ", ".join(each or "(expression)" for each in columns) or "none"


def _order(index: Index) -> str:
    """SQLAlchemy writes what `postgresql_ops` says behind the column, be it an operator class or not."""
    return ", ".join(
        "DESC" if each.is_descending or (each.opclass or "").upper() == "DESC" else "ASC" for each in index.elements
    )
