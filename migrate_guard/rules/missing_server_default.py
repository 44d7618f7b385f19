from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking.client_defaults import as_server_default
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Problem, Severity, TableView, rule


@rule("MG618", on=Table, severity=Severity.INFO, default=False, yields_to=("MG630",))
def missing_server_default(view: TableView) -> Iterator[Problem]:
    """Flag a NOT NULL column that SQLAlchemy fills in where the database could."""
    table = view.table
    keys = table.primary_key.columns if table.primary_key else ()
    for column in table.columns:
        if column.name in keys or not _is_filled_by_code(column):
            continue
        value = as_server_default(view, column)
        if value is not None:
            yield Problem(
                f'only SQLAlchemy gives "{table.name}.{column.name}" its default: an INSERT of anybody else '
                "that leaves it out fails",
                column.span,
                object=f"{table.name}.{column.name}",
                help=f"Write {value} at the column.",
            )


def _is_filled_by_code(column: Column) -> bool:
    """Whether a required column gets its value from the application alone."""
    if not column.has_client_default or column.nullable is not False or column.is_inherited:
        return False
    return column.default is None and column.computed is None and not column.is_identity and not column.is_serial
