"""Statements and actions that have no operation of their own: their kind and the tables they name."""

from __future__ import annotations

from collections.abc import Iterable

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import RawSql
from migrate_guard.model.source import Span
from migrate_guard.reading.sql.cursor import Cursor, distinct


def raw(
    cursor: Cursor,
    kind: str,
    tables: Iterable[QualifiedName] = (),
    *,
    span: Span | None = None,
    objects: tuple[QualifiedName, ...] = (),
) -> RawSql:
    """Return the statement as RawSql: it names the tables that the cursor came by, and those given."""
    names = distinct([*cursor.tables, *tables])
    return RawSql(span=span or cursor.span(), is_sql=True, sql=cursor.sql, kind=kind, tables=names, objects=objects)
