from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard.asking import design, false
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Problem, Severity, TableView, rule


@rule("MG617", on=Table, severity=Severity.INFO, default=False)
def nullable_boolean(view: TableView) -> Iterator[Problem]:
    """Flag a boolean that may be NULL, which is a third value."""
    keys = view.table.primary_key.columns if view.table.primary_key else ()
    for column in design.own_columns(view):
        is_boolean = column.type.family == "boolean" and not column.type.dimensions
        if is_boolean and column.nullable and column.computed is None and column.name not in keys:
            yield _problem(view, column)


def _problem(view: TableView, column: Column) -> Problem:
    table = view.table
    better = replace(column, nullable=False, default=column.default or false(view.target))
    default = "" if column.default else " and server_default=sa.false()"
    return Problem(
        f'"{table.name}.{column.name}" has three values, and a row with NULL is in neither half: '
        f"WHERE {column.name} and WHERE NOT {column.name} both leave it out",
        column.span,
        object=f"{table.name}.{column.name}",
        help=f"Write nullable=False{default} at the column.",
        instead=design.column_instead(view, better),
        confidence=design.certainty(table, column.name),
    )
