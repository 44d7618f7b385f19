"""Fold what changes rows, for histories that begin on an empty database: nothing but they themselves fills its tables.

Everywhere else nothing is known of rows, and these operations change nothing.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Contents, Schema

_MAXIMUM: Final = 1_000
"""Rows of one table that are kept; more are not known any longer."""


def insert(schema: Schema, operation: ops.Insert) -> Schema:
    present, added = schema.rows_of(operation.table), _added(schema, operation)
    if operation.condition is not None and added != ():
        added = None
    if present is None or added is None or len(present) + len(added) > _MAXIMUM:
        return with_rows(schema, operation.table, None)
    return with_rows(schema, operation.table, present + added)


def _added(schema: Schema, operation: ops.Insert) -> Contents:
    if operation.source is not None and schema.rows_of(operation.source) == ():
        return ()
    return operation.rows


def update(schema: Schema, operation: ops.Update) -> Schema:
    return with_rows(schema, operation.table, _left(schema, operation))


def delete(schema: Schema, operation: ops.Delete) -> Schema:
    is_emptied = operation.where is None and operation.condition is None
    return with_rows(schema, operation.table, () if is_emptied else _left(schema, operation))


def _left(schema: Schema, operation: ops.Update | ops.Delete) -> Contents:
    if schema.rows_of(operation.table) == ():
        return ()
    return operation.rows if operation.condition is None else None


def with_rows(schema: Schema, name: QualifiedName, rows: Contents) -> Schema:
    """The schema with other rows in a table."""
    if schema.contents is None or schema.contents.get(name, ()) == rows:
        return schema
    return replace(schema, contents=schema.contents.remove(name) if rows == () else schema.contents.set(name, rows))


def moved(schema: Schema, old: QualifiedName, new: QualifiedName) -> Schema:
    """The schema with the rows of a table under its new name."""
    return with_rows(with_rows(schema, new, schema.rows_of(old)), old, ())


def with_column_renamed(schema: Schema, table: QualifiedName, old: str, new: str) -> Schema:
    """The schema with the values of a column under its new name."""
    rows = schema.rows_of(table)
    if not rows:
        return schema
    return with_rows(
        schema, table, tuple(tuple((new if name == old else name, value) for name, value in row) for row in rows)
    )
