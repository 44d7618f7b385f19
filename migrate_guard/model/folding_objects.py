"""Fold operations on what is not a table: enum types, views, sequences, and what is known by its text."""

from __future__ import annotations

import re

from msgspec.structs import replace

from migrate_guard.model import attachments
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.schema import Column, Definition, Schema, Table, View


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
    schema = replace(schema, enums=schema.enums.set(enum.name, replace(enum, values=values)))
    old, new = (literal.replace("'", "''") for literal in (operation.value, operation.new_value))
    for table in schema.tables.values():
        columns = tuple(
            replace(each, default=replace(each.default, text=each.default.text.replace(f"'{old}'", f"'{new}'", 1)))
            if each.default and (each.type.name, each.type.schema) == enum.name
            else each
            for each in table.columns
        )
        if columns != table.columns:
            schema = schema.with_table(replace(table, columns=columns))
    return schema


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
    if operation.if_not_exists and operation.view.name in schema.views:
        return schema
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
            if any(is_numbered_by(operation.sequence, each, table, schema) for each in table.columns):
                columns = tuple(
                    replace(each, is_serial=False, default=None)
                    if is_numbered_by(operation.sequence, each, table, schema)
                    else each
                    for each in table.columns
                )
                schema = schema.with_table(replace(table, columns=columns))
    return replace(schema, sequences=schema.sequences.remove(operation.sequence))


def is_numbered_by(sequence: QualifiedName, column: Column, table: Table, schema: Schema) -> bool:
    """Whether the default of a column rests on a sequence, so that CASCADE takes it along."""
    if column.default is not None:
        return re.search(rf"nextval\(.*\b{re.escape(sequence.name)}\b", column.default.text) is not None
    made = schema.sequences.get(sequence)
    if made is not None and made.owned_by is not None:
        return column.is_serial and made.owned_by == (table.name, column.name)
    own = QualifiedName(column.sequence_in(table.name), table.name.schema)
    return column.is_serial and not column.is_identity and own == sequence


def without_sequences_of(schema: Schema, table: Table, column: str) -> Schema:
    """The schema without the sequences that a column owns, which go with it."""
    sequences = schema.sequences
    for each in sequences.values():
        if each.owned_by == (table.name, column):
            sequences = sequences.remove(each.name)
    return schema if sequences is schema.sequences else replace(schema, sequences=sequences)


def with_sequences_of(schema: Schema, table: Table, old: str, new: str) -> Schema:
    """The schema with the sequences that a column owns following it to its new name."""
    sequences = schema.sequences
    for each in sequences.values():
        if each.owned_by == (table.name, old):
            sequences = sequences.set(each.name, replace(each, owned_by=(table.name, new)))
    return schema if sequences is schema.sequences else replace(schema, sequences=sequences)


def _logged(schema: Schema, operation: ops.RawSql) -> Schema:
    """The schema after ALTER TABLE … SET LOGGED or UNLOGGED."""
    table = schema.table(operation.tables[0]) if operation.tables else None
    if table is None or operation.condition is not None:
        return schema
    if operation.kind not in ("ALTER TABLE SET LOGGED", "ALTER TABLE SET UNLOGGED"):
        return schema
    return schema.with_table(replace(table, is_unlogged=operation.kind.endswith("UNLOGGED")))


def with_table_renamed(schema: Schema, old: QualifiedName, new: QualifiedName) -> Schema:
    """The schema with its partitions, heirs and views following a table to its new name."""
    for table in schema.tables.values():
        if table.partition_of == old:
            schema = schema.with_table(replace(table, partition_of=new))
        if old in table.inherits:
            parents = tuple(new if each == old else each for each in table.inherits)
            schema = schema.with_table(replace(table, inherits=parents))
    schema = replace(schema, attached=attachments.renamed(schema.attached, old, new))
    if (is_on := schema.row_security.get(old)) is not None:
        schema = replace(schema, row_security=schema.row_security.remove(old).set(new, is_on))
    views = with_views_retold(schema, old).views
    for view in views.values():
        if old in view.tables:
            tables = tuple(new if each == old else each for each in view.tables)
            views = views.set(view.name, replace(view, tables=tables))
    return replace(schema, views=views)


def with_views_retold(schema: Schema, table: QualifiedName) -> Schema:
    """The schema after a table or a column of it got another name: its views live on, with a text nobody wrote."""
    views = schema.views
    for view in views.values():
        if table in view.tables and view.definition is not None:
            views = views.set(view.name, replace(view, definition=None))
    return replace(schema, views=views, attached=attachments.retold(schema.attached, table))


def with_views_before(schema: Schema, table: QualifiedName, column: str) -> Schema:
    """The schema in which the views of a table are older than a column of it."""
    views = schema.views
    for view in views.values():
        if table in view.tables:
            views = views.set(view.name, replace(view, younger=view.younger | {column}))
    return schema if views is schema.views else replace(schema, views=views)


DEFINED = frozenset({"AGGREGATE", "COLLATION", "DOMAIN", "EXTENSION", "FUNCTION", "PROCEDURE", "TYPE"})
"""The kinds of objects that are known by their text alone."""
_ALTERED = frozenset({"DOMAIN", "TYPE"})


def raw_sql(schema: Schema, operation: ops.RawSql) -> Schema:
    if operation.kind.startswith("ALTER TABLE "):
        return _logged(schema, operation)
    schema = attachments.raw_sql(schema, operation)
    verb, _, rest = operation.kind.partition(" ")
    kind = rest.partition(" ")[0]
    if kind not in DEFINED or not operation.sql:
        return schema
    definitions = schema.definitions
    for name in operation.objects:
        known = definitions.get((kind, name))
        if verb == "DROP":
            definitions = definitions.remove((kind, name)) if operation.condition is None and known else definitions
        elif verb == "CREATE":
            made = Definition(kind, name, (operation.sql,), operation.span)
            definitions = definitions.set((kind, name), made)
        elif known and kind in _ALTERED and not rest.endswith("OWNER TO"):
            changed = replace(known, statements=(*known.statements, operation.sql))
            definitions = definitions.set((kind, name), changed)
    return replace(schema, definitions=definitions)
