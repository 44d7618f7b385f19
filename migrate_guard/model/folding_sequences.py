"""Fold ALTER SEQUENCE, which names a sequence and hands it over to another column."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column, Expression, Schema, Sequence, Table

_AS: Final = lazily(r"\bAS\s+(?:bigint|int8|integer|int4?|smallint|int2)\b", re.IGNORECASE)


def raw_sql(schema: Schema, operation: ops.RawSql) -> Schema:
    """Return the schema after AS, OWNED BY or RENAME TO; other changes of a sequence are not told."""
    if operation.condition is not None or not operation.objects:
        return schema
    if _AS.search(operation.sql):
        schema = replace(schema, retyped=schema.retyped.set(operation.objects[0], operation.span))
    match operation.kind, operation.objects, operation.tables, operation.altered:
        case "ALTER SEQUENCE OWNED BY", (name, *_), (table, *_), (column, *_):
            known = schema.sequences.get(name) or Sequence(name, operation.span)
            return replace(schema, sequences=schema.sequences.set(name, replace(known, owned_by=(table, column))))
        case "ALTER SEQUENCE RENAME TO", (old, new), _, _:
            return _renamed(schema, old, new)
    return schema


def _renamed(schema: Schema, old: QualifiedName, new: QualifiedName) -> Schema:
    known = schema.sequences.get(old)
    if known is not None:
        schema = replace(schema, sequences=schema.sequences.remove(old).set(new, replace(known, name=new)))
    for table in schema.tables.values():
        if table.name.schema == old.schema:
            columns = tuple(_numbered(each, table, old, new) for each in table.columns)
            schema = schema.with_table(replace(table, columns=columns)) if columns != table.columns else schema
    return schema


def _numbered(column: Column, table: Table, old: QualifiedName, new: QualifiedName) -> Column:
    """The column with the new name of the sequence that numbers it; a default keeps what it means, not its text."""
    if (column.is_serial or column.is_identity) and column.sequence_in(table.name) == old.name:
        return replace(column, sequence=new.name)
    default = column.default
    if default is None or f"nextval('{old}'" not in default.text:
        return column
    text = default.text.replace(f"nextval('{old}'", f"nextval('{new}'")
    return replace(column, default=Expression(text, default.columns, default.functions))
