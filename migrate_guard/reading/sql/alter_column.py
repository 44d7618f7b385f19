"""ALTER TABLE … ALTER COLUMN, as PostgreSQL and MySQL have it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import AlterColumn, Operation
from migrate_guard.model.source import Span
from migrate_guard.reading.sql.columns import SERIALS, default_expression, skip_type
from migrate_guard.reading.sql.cursor import Cursor
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.sql.settings import storage_parameters


def alter_column(cursor: Cursor, table: QualifiedName, span: Span) -> Operation:
    """Read what follows ALTER COLUMN, to the end of the words."""
    operation = AlterColumn(span=span, is_sql=True, table=table, column=cursor.name("column name"))
    phrase = cursor.take_phrase(_PHRASES)
    if phrase is not None:
        operation = _CHANGES[phrase](cursor, operation)
        cursor.expect_end()
        return operation
    kind = cursor.take_phrase(_RAW_CHANGES)
    if kind is None:
        raise cursor.not_understood()
    if kind in ("SET", "RESET") and cursor.is_at("("):
        cursor.options.update(storage_parameters(cursor))
    cursor.skip_rest()
    return raw(cursor, f"ALTER TABLE ALTER COLUMN {kind}", span=span, altered=(operation.column,))


def _type(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    # SERIAL is a type in CREATE and in ADD COLUMN only; PostgreSQL refuses it here.
    if cursor.keyword() in SERIALS and cursor.dialect == "postgresql":
        raise cursor.not_understood()
    new_type = cursor.type(*skip_type(cursor))
    collation = str(cursor.qualified("collation")) if cursor.take("COLLATE") else None
    using = None
    if cursor.take("USING"):
        using = cursor.expression(cursor.at, cursor.end)
        cursor.skip_rest()
    return replace(operation, modify_type=new_type, using=using, collation=collation)


def _set_default(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    return replace(operation, modify_default=default_expression(cursor))


def _drop_default(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    return replace(operation, modify_default=None)


def _set_not_null(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    return replace(operation, modify_nullable=False)


def _drop_not_null(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    return replace(operation, modify_nullable=True)


def _add_identity(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    is_always = cursor.take("ALWAYS")
    if not is_always:
        cursor.expect("BY", "DEFAULT")
    cursor.expect("AS", "IDENTITY")
    if cursor.is_at("("):
        cursor.skip_group()
    return replace(operation, modify_identity=True, is_always_identity=is_always)


def _drop_identity(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    cursor.take("IF", "EXISTS")
    return replace(operation, modify_identity=False)


def _set_expression(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    return replace(operation, modify_computed=cursor.group_expression())


def _drop_expression(cursor: Cursor, operation: AlterColumn) -> AlterColumn:
    cursor.take("IF", "EXISTS")
    return replace(operation, modify_computed=None)


_CHANGES: dict[str, Callable[[Cursor, AlterColumn], AlterColumn]] = {
    "SET DATA TYPE": _type,
    "TYPE": _type,
    "SET DEFAULT": _set_default,
    "DROP DEFAULT": _drop_default,
    "SET NOT NULL": _set_not_null,
    "DROP NOT NULL": _drop_not_null,
    "ADD GENERATED": _add_identity,
    "DROP IDENTITY": _drop_identity,
    "SET EXPRESSION AS": _set_expression,
    "DROP EXPRESSION": _drop_expression,
}
_PHRASES = tuple(_CHANGES)
_RAW_CHANGES = (
    "SET STATISTICS",
    "SET STORAGE",
    "SET COMPRESSION",
    "SET GENERATED",
    "SET INVISIBLE",
    "SET VISIBLE",
    "SET",
    "RESET",
    "RESTART",
)
