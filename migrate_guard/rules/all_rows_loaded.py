from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import row_changes, scripts
from migrate_guard.asking.batches import BATCH
from migrate_guard.asking.safer import written_name, written_table
from migrate_guard.model.facts import RowsLoaded
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG507", on=Revision, severity=Severity.WARNING)
def all_rows_loaded(view: RevisionView) -> Iterator[Problem]:
    """Flag fetchall() of a table that has rows: all of them are in memory at once."""
    said: set[QualifiedName] = set()
    for fact, direction in scripts.facts_by_place(view, RowsLoaded):
        table = row_changes.read_in_full(fact.query, view)
        if direction != "upgrade" or table is None or table in said:
            continue
        said.add(table)
        yield Problem(
            scripts.hedged(f'{fact.call}() holds every row of "{table}" in memory at once', fact),
            fact.span,
            object=str(table),
            help=_help(table, view),
            severity=row_changes.severity(view.target),
            confidence=scripts.confidence(fact),
            direction=direction,
        )


def _help(table: QualifiedName, view: RevisionView) -> str:
    schema = row_changes.schema_before(view)
    known = schema.table(table) if schema else None
    key = known.primary_key.columns if known and known.primary_key else ()
    if len(key) != 1:
        return "Let SQL do it, or go through the rows in batches, each from the key on at which the last one ended."
    name, by = written_table(table, view.target), written_name(key[0], view.target)
    return (
        f"Let SQL do it, or take the rows in batches: SELECT … FROM {name} WHERE {by} > :last ORDER BY {by}"
        f" LIMIT {BATCH}, where :last is the last {by} of the batch before."
    )
