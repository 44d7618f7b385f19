from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import row_changes, scripts
from migrate_guard.asking.batches import BATCH, Walk, taken_in_batches, walk
from migrate_guard.model.facts import RowsLoaded, RowsWritten
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, Related, RevisionView, Severity, rule


@rule("MG507", on=Revision, severity=Severity.WARNING, yields_to=("MG504",))
def all_rows_loaded(view: RevisionView) -> Iterator[Problem]:
    """Flag fetchall() of a table that has rows: all of them are in memory at once."""
    found = [
        (fact, table)
        for fact, direction in scripts.facts_by_place(view, RowsLoaded)
        if direction == "upgrade" and (table := row_changes.read_in_full(fact.query, view))
    ]
    if not found:
        return
    # those of one revision have one way out; the most certain one says it
    fact, table = max(found, key=lambda each: (scripts.confidence(each[0]), -each[0].span.line))
    names = list(dict.fromkeys(str(each) for _, each in found if each != table))
    more = f', as others do with "{names[0]}"' if len(names) == 1 else f", as others do with {len(names)} more tables"
    yield Problem(
        scripts.hedged(f'{fact.call}() holds every row of "{table}" in memory at once{more if names else ""}', fact),
        fact.span,
        object=str(table),
        help=_help(table, view),
        instead=_instead(fact, table, view) if len(found) == 1 else (),
        related=tuple(Related(each.span, "holds all rows as well") for each, _ in found if each is not fact)[:5],
        severity=row_changes.severity(view.target) if _are_written(fact, view) else Severity.INFO,
        confidence=scripts.confidence(fact),
        direction="upgrade",
    )


def _are_written(loaded: RowsLoaded, view: RevisionView) -> bool:
    """Whether the upgrade goes on to write what it has read: then there are two of each row, and one transaction."""
    written = [each for each, direction in scripts.facts(view, RowsWritten) if direction == "upgrade"]
    return any(each.span.path != loaded.span.path or each.span.line >= loaded.span.line for each in written)


def _instead(loaded: RowsLoaded, table: QualifiedName, view: RevisionView) -> Instead:
    by = _walk(table, view)
    return taken_in_batches(loaded.query, by) if by else ()


def _walk(table: QualifiedName, view: RevisionView) -> Walk | None:
    schema = row_changes.schema_before(view)
    return walk(table, schema.table(table) if schema else None, view.target)


def _help(table: QualifiedName, view: RevisionView) -> str:
    by = _walk(table, view)
    if by is None:
        return "Let SQL do it, or go through the rows in batches, each from the key on at which the last one ended."
    return (
        f"Let SQL do it, or take the rows in batches: SELECT … FROM {by.table} WHERE {by.key} > :last ORDER BY {by.key}"
        f" LIMIT {BATCH}, where :last is the last {by.key} of the batch before."
    )
