"""What a database refuses although everything that the operation names is there, or has no name at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from migrate_guard.dialects.dependencies import protects_dependents
from migrate_guard.history.dependents import (
    Dependent,
    columns_of_type,
    keeps_column,
    references,
    resting_on_key,
    users_of_column,
)
from migrate_guard.history.type_changes import uncast
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import EnumType, Schema, Table, Type
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
    if isinstance(op, ops.CreateEnum):
        yield from _twice(op.enum)
    if not protects_dependents(target) or getattr(op, "cascade", False):
        return
    match op:
        case ops.DropTable(table=name, keeps_references=False):
            yield from _references(name, None, schema)
            yield from _views(name, schema)
        case ops.DropColumn(table=name, column=column):
            yield from _references(name, (column,), schema)
            yield from _used(name, column, "is dropped", keeps_column(name, column, schema, target))
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
            yield from _cast(op, schema, target)
            yield from _used(name, altered, "gets another type", users_of_column(name, altered, schema))


def _repeated(table: Table) -> Iterator[Refused]:
    """The columns that a new table has twice, which SQLAlchemy refuses like every database."""
    names = [column.name for column in table.columns]
    for name in sorted({each for each in names if names.count(each) > 1}):
        yield Refused(f'"{table.name}" is created with two columns "{name}"', f"{table.name}.{name}", table.span)


def _twice(enum: EnumType) -> Iterator[Refused]:
    """The values that a new enum type has twice: a unique index of the catalogue refuses them (PostgreSQL 12 to 18)."""
    for value in sorted({each for each in enum.values if enum.values.count(each) > 1}):
        what = f'the type "{enum.name}" is created with the value "{value}" twice'
        yield Refused(what, f"{enum.name}.{value}", enum.span)


def _references(name: QualifiedName, columns: tuple[str, ...] | None, schema: Schema) -> Iterator[Refused]:
    """The foreign keys of other tables to a table, or to some of its columns."""
    what = str(name) if columns is None else f"{name}.{columns[0]}"
    for each in references(name, columns, schema):
        yield Refused(f'"{what}" is dropped while a foreign key of "{each.owner}" refers to it', what, each.span)


def _views(name: QualifiedName, schema: Schema) -> Iterator[Refused]:
    for view in schema.views.values():
        if name in view.tables:
            yield Refused(f'"{name}" is dropped while the view "{view.name}" reads it', str(name), view.span)


def _rests(table: Table | None, name: str, schema: Schema) -> Iterator[Refused]:
    """The foreign keys of other tables that rest on a key which is dropped, where no other key could bear them."""
    for each in resting_on_key(table, name, schema):
        if table is not None:
            what = f'"{name}" of "{table.name}" is dropped while a foreign key of "{each.owner}" rests on it'
            yield Refused(what, f"{table.name}.{name}", each.span)


def _used(name: QualifiedName, column: str, does: str, users: Iterable[Dependent]) -> Iterator[Refused]:
    for each in users:
        what = f"{name}.{column}"
        yield Refused(f'"{what}" {does} while {each.what} uses it', what, each.span)


def _columns(name: QualifiedName, schema: Schema) -> Iterator[Refused]:
    """The columns of a type."""
    for each in columns_of_type(name, schema):
        what = f'the type "{name}" is dropped while "{each.owner}.{each.object}" has it'
        yield Refused(what, str(name), each.span)


def _type_name(each: Type) -> QualifiedName:
    return QualifiedName(each.name, each.schema)


def _type(each: Type, column: str, schema: Schema) -> Iterator[Refused]:
    """A column of an enum type that the history has dropped."""
    name = _type_name(each)
    if each.family == "enum" and name not in schema.enums and name in schema.gone_types:
        what = f'"{column}" is made of the type "{name}", which is not there any more'
        yield Refused(what, column, schema.gone_types[name])


def _cast(op: ops.AlterColumn, schema: Schema, target: Target) -> Iterator[Refused]:
    """A change of type, or the default that it would have to change along, that needs to be told how."""
    table = schema.table(op.table)
    found = uncast(op, schema, target) if table and table.column(op.column) else None
    if found is None:
        return
    what, column = f"{op.table}.{op.column}", found.column
    if op.using is None:
        other = str(found.new) or "an unnamed enum"
        yield Refused(f'"{what}" is {column.type} and does not become {other} without USING', what, column.span)
    elif found.default is not None and not column.is_given:
        yield Refused(f'the default of "{what}" does not become {found.new}', what, column.span)
