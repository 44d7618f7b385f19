"""Statements and actions that have no operation of their own: their kind and the tables they name."""

from __future__ import annotations

from collections.abc import Iterable

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import RawSql
from migrate_guard.model.schema import Expression
from migrate_guard.model.source import Span
from migrate_guard.reading.sql.cursor import Cursor, distinct


def raw(
    cursor: Cursor,
    kind: str,
    tables: Iterable[QualifiedName] = (),
    *,
    span: Span | None = None,
    objects: tuple[QualifiedName, ...] = (),
    altered: tuple[str, ...] = (),
    functions: tuple[str, ...] = (),
    predicate: Expression | None = None,
) -> RawSql:
    """Return the statement as RawSql: it names the tables that the cursor came by, and those given."""
    return RawSql(
        span=span or cursor.span(),
        is_sql=True,
        sql=cursor.sql,
        kind=kind,
        tables=distinct([*cursor.tables, *tables]),
        objects=objects,
        altered=altered,
        options=frozenset(cursor.options | ({"ONLY"} if cursor.only else set())),
        functions=functions,
        predicate=predicate,
    )
