from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import design
from migrate_guard.asking.equal_indexes import accesses
from migrate_guard.model.schema import Table
from migrate_guard.rule import Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    most: int = 10
    """How many indexes a table has at most, those behind its keys included."""


@rule("MG628", on=Table, severity=Severity.INFO, default=False, options=Options)
def too_many_indexes(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a table with more indexes than a limit."""
    table = view.table
    if table.is_part or design.is_version_table(view):
        return
    found = accesses(table)
    if len(found) > options.most:
        yield Problem(
            f'"{table.name}" has {len(found)} indexes, of which each INSERT writes every one',
            design.latest(view, *(each.of.span for each in reversed(found))),
            object=str(table.name),
            help="Drop those that no query uses: pg_stat_user_indexes counts their scans."
            if design.counts_scans(view.target)
            else "Drop those that no query uses.",
            confidence=design.certainty(table),
        )
