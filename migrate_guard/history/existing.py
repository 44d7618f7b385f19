"""What an operation creates although it is there already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from migrate_guard.dialects.namespaces import folds_column_names, has_unique_constraint_names, shares_index_names
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import AnyConstraint, ForeignKey, PrimaryKey, Schema, Table, UniqueConstraint
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target

_GUARD: Final = lazily(r"\bIF\s+NOT\s+EXISTS\b", re.IGNORECASE)


class Existing(NamedTuple):
    """Something that is there already, and where the history made it."""

    what: str
    """Half a sentence: `"users" already has a column "email"`."""
    object: str
    span: Span


def existing(op: ops.Operation, schema: Schema, target: Target) -> Iterator[Existing]:
    """What an operation creates although it is there in `schema`."""
    match op:
        case ops.CreateTable(table=table):
            found = list(_table(table.name, schema))
            yield from found
            for index in () if found else table.indexes:
                yield from _index(index.name, table.name, schema, target)
        case ops.RenameTable(new_name=name):
            if name != op.table:
                yield from _table(name, schema)
        case ops.RenameIndex(index=index, new_name=new_name):
            owner = schema.table_of_index(index.name, index.schema)
            if owner and new_name != index.name:
                yield from _index(new_name, owner.name, schema, target)
        case ops.CreateEnum(enum=enum):
            if known := schema.enums.get(enum.name):
                yield Existing(f'there already is a type "{enum.name}"', str(enum.name), known.span)
        case ops.AddEnumValue(enum=name, value=value):
            enum_type = schema.enums.get(name)
            if enum_type and value in enum_type.values:
                yield Existing(f'"{name}" already has a value "{value}"', f"{name}.{value}", enum_type.span)
        case ops.CreateView(view=view, replace=False):
            if seen := schema.views.get(view.name):
                yield Existing(f'there already is a view "{view.name}"', str(view.name), seen.span)
        case ops.RawSql(kind="CREATE EXTENSION" | "CREATE DOMAIN" as kind, objects=names, sql=sql):
            thing = kind.removeprefix("CREATE ")
            for name in names if not _GUARD.search(sql) else ():
                if defined := schema.definitions.get((thing, name)):
                    yield Existing(f'there already is {thing.lower()} "{name}"', str(name), defined.span)
        case ops.TableOperation(table=name):
            there = schema.table(name)
            if there:
                yield from _parts(op, there, schema, target)


def _parts(op: ops.TableOperation, table: Table, schema: Schema, target: Target) -> Iterator[Existing]:
    """What an operation on a table adds to it a second time."""
    match op:
        case ops.AddColumn(column=column):
            found = list(_column(table, column.name, target))
            yield from found
            if found:
                return
            for index in op.indexes:
                yield from _index(index.name, table.name, schema, target)
            for constraint in op.constraints:
                yield from _constraint(constraint, None, table, schema, target)
        case ops.RenameColumn(column=old, new_name=new):
            if old != new and not (folds_column_names(target) and old.lower() == new.lower()):
                yield from _column(table, new, target)
        case ops.CreateIndex(index=index):
            yield from _index(index.name, table.name, schema, target)
        case ops.AddConstraint(constraint=constraint, using_index=using):
            yield from _constraint(constraint, using, table, schema, target)
        case ops.RenameConstraint(constraint=name, new_name=new):
            if name != new and has_unique_constraint_names(target):
                yield from _named_constraint(table, new)


def _table(name: QualifiedName, schema: Schema) -> Iterator[Existing]:
    table = schema.table(name)
    if table and table.is_certain and not table.is_given:
        yield Existing(f'there already is a table "{name}"', str(name), table.span)


def _column(table: Table, name: str, target: Target) -> Iterator[Existing]:
    folds = folds_column_names(target)
    for column in table.columns:
        if not table.is_sure_of(column.name):
            continue
        if column.name == name or (folds and column.name.lower() == name.lower()):
            yield Existing(f'"{table.name}" already has a column "{name}"', f"{table.name}.{name}", column.span)


def _index(name: str | None, on: QualifiedName, schema: Schema, target: Target) -> Iterator[Existing]:
    """An index of this name, on the same table or wherever the database looks for the name."""
    if name is None:
        return
    for table in _carriers(name, on, schema, target):
        span = _taken(name, table, target)
        if span and table.is_sure_of(name):
            yield Existing(f'"{table.name}" already has an index "{name}"', f"{table.name}.{name}", span)


def _carriers(name: str, on: QualifiedName, schema: Schema, target: Target) -> list[Table]:
    """The tables that may carry an index of this name: the one it is for, and where names are shared any other."""
    own = schema.table(on)
    found = [own] if own else []
    if shares_index_names(target):
        found += [each for each in schema.tables_of_index(name, on.schema) if each.name != on]
    return found


def _taken(name: str, table: Table, target: Target) -> Span | None:
    """Where a table takes the name of an index, be it for the index of a key."""
    if index := table.index(name):
        return index.span
    keys = [table.primary_key, *table.unique_constraints] if has_unique_constraint_names(target) else []
    return next((key.span for key in keys if key and key.name == name), None)


def _constraint(
    constraint: AnyConstraint, using: str | None, table: Table, schema: Schema, target: Target
) -> Iterator[Existing]:
    if not has_unique_constraint_names(target):
        return
    key = table.primary_key
    if isinstance(constraint, PrimaryKey) and key and not table.is_open:
        if key.is_assumed_name or not table.is_sure_of(key.name or ""):
            return  # a drop under the name that it really has was not seen
        yield Existing(f'"{table.name}" already has a primary key', f"{table.name}.{key.name or 'pk'}", key.span)
        return
    if constraint.name is None or constraint.is_implicit_name:
        return
    if isinstance(constraint, ForeignKey) and schema.table(constraint.referred_table) is None:
        return  # what another history does to that table may have taken the key along
    named = list(_named_constraint(table, constraint.name))
    yield from named
    if (
        not named
        and table.is_certain
        and isinstance(constraint, PrimaryKey | UniqueConstraint)
        and constraint.name != using
    ):
        index = table.index(constraint.name)
        if index:
            what = f'"{table.name}" already has an index "{constraint.name}"'
            yield Existing(what, f"{table.name}.{constraint.name}", index.span)


def _named_constraint(table: Table, name: str) -> Iterator[Existing]:
    constraint = table.constraint(name)
    if constraint and table.is_sure_of(name) and not constraint.is_assumed_name and not _is_merged(constraint, table):
        yield Existing(f'"{table.name}" already has a constraint "{name}"', f"{table.name}.{name}", constraint.span)


def _is_merged(constraint: AnyConstraint, table: Table) -> bool:
    """Whether the constraint repeats the primary key: PostgreSQL makes one of two that are declared together."""
    key = table.primary_key
    return isinstance(constraint, UniqueConstraint) and key is not None and key.columns == constraint.columns
