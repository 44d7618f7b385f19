"""What a database refuses although everything that the operation names is there, or has no name at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from migrate_guard.dialects.dependencies import casts_by_itself, protects_dependents
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    Column,
    Constraint,
    ForeignKey,
    PrimaryKey,
    Schema,
    Table,
    Type,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target


class Refused(NamedTuple):
    """Why an operation cannot work."""

    what: str
    """A sentence: `"users" is dropped while "orders" refers to it`."""
    object: str
    because: Span | None = None
    """What stands in the way."""


def refused(op: ops.Operation, schema: Schema, target: Target) -> Iterator[Refused]:
    """Why the database, or SQLAlchemy before it, refuses an operation on `schema`."""
    if isinstance(op, ops.DropConstraint) and op.constraint is None and op.kind != "primary":
        # A naming convention may make a name from the table alone, as that of a primary key.
        yield Refused(f'a constraint of "{op.table}" is dropped without a name', str(op.table))
    if isinstance(op, ops.CreateTable):
        yield from _repeated(op.table)
    if not protects_dependents(target) or getattr(op, "cascade", False):
        return
    match op:
        case ops.DropTable(table=name, keeps_references=False):
            yield from _references(name, None, schema)
            yield from _views(name, schema)
        case ops.DropColumn(table=name, column=column):
            yield from _references(name, (column,), schema)
        case ops.DropConstraint(table=name, constraint=str(constraint)):
            yield from _rests(schema.table(name), constraint, schema)
        case ops.DropType(type=name):
            yield from _columns(name, schema)
        case ops.CreateTable(table=table):
            for column in table.columns:
                yield from _type(column.type, f"{table.name}.{column.name}", schema)
        case ops.AddColumn(table=name, column=column):
            yield from _type(column.type, f"{name}.{column.name}", schema)
        case ops.AlterColumn(table=name, column=altered, modify_type=Type() as type_):
            yield from _type(type_, f"{name}.{altered}", schema)
            owner = schema.table(name)
            if owner and (found := owner.column(altered)) and owner.is_sure_of(altered):
                old, new = (_as_enum(each, schema) for each in (found.type, type_))
                yield from _cast(owner, replace(found, type=old), new, op.using is not None, target)


def _repeated(table: Table) -> Iterator[Refused]:
    """The columns that a new table has twice, which SQLAlchemy refuses like every database."""
    names = [column.name for column in table.columns]
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield Refused(f'"{table.name}" is created with two columns "{name}"', f"{table.name}.{name}", table.span)


def _references(name: QualifiedName, columns: tuple[str, ...] | None, schema: Schema) -> Iterator[Refused]:
    """The foreign keys of other tables to a table, or to some of its columns."""
    for table in schema.referring(name):
        for key in table.foreign_keys:
            if key.referred_table != name or table.name == name or not _is_there(key, table):
                continue
            if columns is None or set(columns) & set(_referred(key, schema)):
                what = str(name) if columns is None else f"{name}.{columns[0]}"
                yield Refused(f'"{what}" is dropped while a foreign key of "{table.name}" refers to it', what, key.span)


def _is_there(constraint: Constraint, table: Table) -> bool:
    return table.is_sure_of(constraint.name or "") and table.is_sure_of(next(iter(constraint.columns), ""))


def _referred(key: ForeignKey, schema: Schema) -> tuple[str, ...]:
    table = schema.table(key.referred_table)
    if key.referred_columns:
        return key.referred_columns
    return table.primary_key.columns if table and table.primary_key else ()


def _views(name: QualifiedName, schema: Schema) -> Iterator[Refused]:
    for view in schema.views.values():
        if name in view.tables:
            yield Refused(f'"{name}" is dropped while the view "{view.name}" reads it', str(name), view.span)


def _rests(table: Table | None, name: str, schema: Schema) -> Iterator[Refused]:
    """The foreign keys of other tables that rest on a key which is dropped, where no other key could bear them."""
    dropped = table.constraint(name) if table else None
    if table is None or not isinstance(dropped, PrimaryKey | UniqueConstraint):
        return
    alike: list[object] = [
        each for each in (table.primary_key, *table.unique_constraints) if each and each is not dropped
    ]
    alike += [each for each in table.indexes if each.unique]
    if any(set(getattr(each, "columns", ())) == set(dropped.columns) for each in alike):
        return
    for other in schema.referring(table.name):
        for key in other.foreign_keys:
            is_referring = key.referred_table == table.name and _is_there(key, other)
            if is_referring and set(_referred(key, schema)) == set(dropped.columns):
                what = f'"{name}" of "{table.name}" is dropped while a foreign key of "{other.name}" rests on it'
                yield Refused(what, f"{table.name}.{name}", key.span)


def _columns(name: QualifiedName, schema: Schema) -> Iterator[Refused]:
    """The columns of a type."""
    for table in schema.tables.values():
        for column in table.columns:
            if _type_name(column.type) == name and table.is_sure_of(column.name):
                what = f'the type "{name}" is dropped while "{table.name}.{column.name}" has it'
                yield Refused(what, str(name), column.span)


def _type_name(each: Type) -> QualifiedName:
    return QualifiedName(each.name, each.schema)


def _type(each: Type, column: str, schema: Schema) -> Iterator[Refused]:
    """A column of an enum type that the history has dropped."""
    name = _type_name(each)
    if each.family == "enum" and name not in schema.enums and name in schema.gone_types:
        what = f'"{column}" is made of the type "{name}", which is not there any more'
        yield Refused(what, column, schema.gone_types[name])


def _as_enum(each: Type, schema: Schema) -> Type:
    """The type with what the schema knows of it: raw SQL tells the name alone."""
    return replace(each, family="enum") if _type_name(each) in schema.enums else each


def _cast(table: Table, column: Column, new: Type, has_using: bool, target: Target) -> Iterator[Refused]:
    """A change of type, or the default that it would have to change along, that needs to be told how."""
    if casts_by_itself(column.type, new, target) is not False:
        return
    what = f"{table.name}.{column.name}"
    if not has_using:
        other = str(new) or "an enum without a name"
        yield Refused(f'"{what}" is {column.type} and does not become {other} without USING', what, column.span)
    elif column.default is not None and not column.is_given:
        yield Refused(f'the default of "{what}" does not become {new}', what, column.span)
