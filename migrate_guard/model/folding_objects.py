"""Fold operations on what is not a table: enum types, views, sequences."""

from __future__ import annotations

import re
from dataclasses import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.schema import Column, Other, OtherName, Schema, Table, View


def create_enum(schema: Schema, operation: ops.CreateEnum) -> Schema:
    if operation.enum.name in schema.enums:
        return schema
    gone = schema.gone_types.remove(operation.enum.name)
    return replace(schema, enums=schema.enums.set(operation.enum.name, operation.enum), gone_types=gone)


def add_enum_value(schema: Schema, operation: ops.AddEnumValue) -> Schema:
    enum = schema.enums.get(operation.enum)
    if enum is None or operation.value in enum.values:
        return schema
    at = len(enum.values)
    if operation.before in enum.values:
        at = enum.values.index(operation.before)
    elif operation.after in enum.values:
        at = enum.values.index(operation.after) + 1
    values = (*enum.values[:at], operation.value, *enum.values[at:])
    return replace(schema, enums=schema.enums.set(enum.name, replace(enum, values=values)))


def rename_enum_value(schema: Schema, operation: ops.RenameEnumValue) -> Schema:
    enum = schema.enums.get(operation.enum)
    if enum is None:
        return schema
    values = tuple(operation.new_value if each == operation.value else each for each in enum.values)
    return replace(schema, enums=schema.enums.set(enum.name, replace(enum, values=values)))


def rename_type(schema: Schema, operation: ops.RenameType) -> Schema:
    enum = schema.enums.get(operation.type)
    if operation.condition is not None:
        return schema
    if enum is None:
        return replace(schema, gone_types=schema.gone_types.remove(operation.new_name))
    enums = schema.enums.remove(enum.name).set(operation.new_name, replace(enum, name=operation.new_name))
    gone = schema.gone_types.remove(operation.new_name).set(enum.name, operation.span)
    schema = replace(schema, enums=enums, gone_types=gone)
    old, new = operation.type, operation.new_name
    for table in schema.tables.values():
        if any((column.type.name, column.type.schema) == old for column in table.columns):
            columns = tuple(
                replace(column, type=replace(column.type, name=new.name, schema=new.schema))
                if (column.type.name, column.type.schema) == old
                else column
                for column in table.columns
            )
            schema = schema.with_table(replace(table, columns=columns))
    return schema


def drop_type(schema: Schema, operation: ops.DropType) -> Schema:
    if operation.condition is not None:
        return schema
    if operation.type not in schema.enums:
        return schema
    gone = schema.gone_types.set(operation.type, operation.span)
    return replace(schema, enums=schema.enums.remove(operation.type), gone_types=gone)


def create_view(schema: Schema, operation: ops.CreateView) -> Schema:
    return replace(schema, views=schema.views.set(operation.view.name, operation.view))


def drop_view(schema: Schema, operation: ops.DropView) -> Schema:
    if operation.condition is not None:
        return schema
    views = schema.views.remove(operation.view)
    if operation.cascade:
        views = _without_readers(views, operation.view)
    return replace(schema, views=views)


def _without_readers(
    views: PersistentMap[QualifiedName, View], name: QualifiedName
) -> PersistentMap[QualifiedName, View]:
    for view in views.values():
        if name in view.tables and view.name in views:
            views = _without_readers(views.remove(view.name), view.name)
    return views


def create_sequence(schema: Schema, operation: ops.CreateSequence) -> Schema:
    return replace(schema, sequences=schema.sequences.set(operation.sequence.name, operation.sequence))


def drop_sequence(schema: Schema, operation: ops.DropSequence) -> Schema:
    if operation.condition is not None:
        return schema
    if operation.cascade:
        for table in schema.tables.values():
            if any(_is_numbered_by(operation.sequence, each, table, schema) for each in table.columns):
                columns = tuple(
                    replace(each, is_serial=False, default=None)
                    if _is_numbered_by(operation.sequence, each, table, schema)
                    else each
                    for each in table.columns
                )
                schema = schema.with_table(replace(table, columns=columns))
    return replace(schema, sequences=schema.sequences.remove(operation.sequence))


def other_object(schema: Schema, operation: ops.RawSql) -> Schema:
    """Fold a CREATE or DROP of what is known by its name alone."""
    name = operation.object
    if name is None:
        return schema
    if operation.kind.startswith("CREATE"):
        if name in schema.others:
            return schema
        return replace(schema, others=schema.others.set(name, Other(name, operation.sql, operation.span)))
    if operation.condition is not None:
        return schema
    others = schema.others.remove(name)
    if operation.sql.rstrip("; \n").upper().endswith("CASCADE"):
        others = without_users(others, name.name.name)
    return replace(schema, others=others)


def without_users(others: PersistentMap[OtherName, Other], function: str) -> PersistentMap[OtherName, Other]:
    """What is left when a function goes with all triggers that call it."""
    for each in others.values():
        if each.name.kind == "trigger" and re.search(rf"\b{re.escape(function)}\b", each.sql):
            others = others.remove(each.name)
    return others


def follow_table(schema: Schema, old: QualifiedName, new: QualifiedName | None) -> Schema:
    """Take the triggers of a table along when it is renamed, or dropped."""
    others = schema.others
    for each in others.values():
        if each.name.kind == "trigger" and each.name.name == old:
            others = others.remove(each.name)
            if new is not None:
                moved = each.name._replace(name=new)
                others = others.set(moved, replace(each, name=moved))
    return schema if others is schema.others else replace(schema, others=others)


def _is_numbered_by(sequence: QualifiedName, column: Column, table: Table, schema: Schema) -> bool:
    """Whether the default of a column rests on a sequence, so that CASCADE takes it along."""
    if column.default is not None:
        return re.search(rf"nextval\(.*\b{re.escape(sequence.name)}\b", column.default.text) is not None
    made = schema.sequences.get(sequence)
    if made is not None and made.owned_by is not None:
        return column.is_serial and made.owned_by == (table.name, column.name)
    own = QualifiedName(column.sequence_in(table.name), table.name.schema)
    return column.is_serial and not column.is_identity and own == sequence
