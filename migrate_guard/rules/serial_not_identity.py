from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard.asking import design
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Problem, Severity, TableView, rule


@rule("MG615", on=Table, severity=Severity.INFO, default=False, dialects=("postgresql",))
def serial_not_identity(view: TableView) -> Iterator[Problem]:
    """Flag a column that is numbered by SERIAL where the database has identity columns."""
    if not design.has_identity_columns(view.target) or view.table.partition_of is not None:
        return
    for column in design.own_columns(view):
        if column.is_serial and not column.is_identity:
            yield _problem(view, column)


def _problem(view: TableView, column: Column) -> Problem:
    table = view.table
    better = replace(column, is_serial=False, is_identity=True, default=None, nullable=False)
    return Problem(
        f'"{table.name}.{column.name}" is SERIAL: its sequence has privileges of its own, and any INSERT overrides it',
        column.span,
        object=f"{table.name}.{column.name}",
        help="Write sa.Identity() at the column.",
        instead=design.column_instead(view, better),
        confidence=design.certainty(table, column.name),
    )
