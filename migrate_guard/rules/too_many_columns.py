from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import design
from migrate_guard.model.schema import Table
from migrate_guard.rule import Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    most: int = 50
    """How many columns a table has at most."""


@rule("MG629", on=Table, severity=Severity.INFO, default=False, options=Options)
def too_many_columns(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a table with more columns than a limit."""
    table = view.table
    if table.is_part or design.is_version_table(view) or len(table.columns) <= options.most:
        return
    # What lies in the script that makes the table is the table's.
    later = [each.span for each in reversed(table.columns) if each.span.path != table.span.path]
    yield Problem(
        f'"{table.name}" has {len(table.columns)} columns: each UPDATE writes a whole row anew',
        design.latest(view, table.span, *later) if view.models is None else table.span,
        object=str(table.name),
        help="Move what is read or written apart into a table of its own, with the same primary key.",
        confidence=design.certainty(table),
    )
