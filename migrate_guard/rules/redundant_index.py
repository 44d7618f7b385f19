from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import design
from migrate_guard.asking.equal_indexes import Access, accesses, repeated, without
from migrate_guard.model.schema import Table
from migrate_guard.rule import Problem, Related, Severity, TableView, rule


@rule("MG610", on=Table, severity=Severity.INFO)
def redundant_index(view: TableView) -> Iterator[Problem]:
    """Flag an index with whose columns a longer one begins."""
    if not design.is_told(view):
        return
    known = accesses(view.table)
    needless = {id(each.of) for each, _ in repeated(view)}
    for each in known:
        longer = next((other for other in known if other.begins_with(each)), None)
        if longer is not None and id(each.of) not in needless:
            yield _problem(view, each, longer)


def _problem(view: TableView, index: Access, longer: Access) -> Problem:
    table = view.table
    return Problem(
        f'{longer} of "{table.name}" begins with all of {index}: a search finds with one what it finds with the other',
        design.latest(view, index.of.span, longer.of.span),
        object=f"{table.name}.{index.of.name}" if index.of.name else str(table.name),
        help=f"Leave {index} out; drop it from a database that has it.",
        instead=without(view, (index,)),
        related=(Related(longer.of.span, f"{longer} is made here"),),
        confidence=design.certainty(table),
    )
