"""Fold what changes rows, for histories that begin on an empty database: nothing but they themselves fills its tables.

Everywhere else nothing is known of rows, and these operations change nothing.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Contents, Schema, Table

_IS_NULL: Final = re.compile(r"\bIS\s+NULL\b", re.IGNORECASE)
_PARAMETER: Final = re.compile(r"[:%?\ufffc]")
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
    return _filled(with_rows(schema, operation.table, _left(schema, operation)), operation)


def delete(schema: Schema, operation: ops.Delete) -> Schema:
    is_emptied = operation.where is None and operation.condition is None
    return _filled(with_rows(schema, operation.table, () if is_emptied else _left(schema, operation)), operation)


def _filled(schema: Schema, operation: ops.Update | ops.Delete) -> Schema:
    """The schema with the columns noted that have a value in every row from here on."""
    table = schema.table(operation.table)
    if table is None or not any(leaves_no_null(operation, each.name, table) for each in table.columns):
        return schema
    columns = (
        replace(each, filled_at=operation.span) if leaves_no_null(operation, each.name, table) else each
        for each in table.columns
    )
    return schema.with_table(replace(table, columns=tuple(columns)))


def leaves_no_null(operation: ops.Update | ops.Delete, column: str, table: Table | None) -> bool:
    """Whether no row has NULL in a column afterwards, as far as can be told from what the statement asks of the rows.

    An UPDATE of every row, of the rows in which the column is NULL, of those that another table has a value for, or row
    after row by the key, and one of which nobody knows what it writes; a DELETE of the rows in which it is NULL.
    """
    where = operation.where
    if isinstance(operation, ops.Delete):
        return where is not None and column in where.columns and _IS_NULL.search(where.text) is not None
    if column not in operation.columns:
        return not operation.columns
    name = re.escape(column)
    if re.search(rf"\b{name}\W*=\s*NULL\b", operation.sql, re.IGNORECASE):
        return False
    if where is None or column in where.columns or operation.reads:
        return True
    if re.search(rf"\b{name}\W*\s+IS\s+NULL\b", operation.sql, re.IGNORECASE):
        return True
    keys = table.primary_key.columns if table and table.primary_key else ("id",)
    return set(where.columns) == set(keys) and _PARAMETER.search(where.text) is not None


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
