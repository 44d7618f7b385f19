from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import quoted
from migrate_guard.model.finding import Related
from migrate_guard.model.revision import History, Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import HistoryView, Problem, Severity, rule


@rule("MG104", on=History, severity=Severity.ERROR)
def revision_cycle(view: HistoryView) -> Iterator[Problem]:
    """Flag revisions that come after each other in a loop."""
    for cycle in view.history.cycles:
        first, *others = sorted(cycle, key=lambda each: each.path)
        yield _problem(first, others)


def _problem(first: Revision, others: list[Revision]) -> Problem:
    what = (
        f"{quoted(each.id for each in (first, *others))} come after each other in a loop"
        if others
        else f'"{first.id}" comes after itself'
    )
    return Problem(
        f"{what}, so no Alembic command works",
        _edge(first, {each.id for each in (first, *others)}),
        object=first.id,
        help="Let the down_revision of the oldest of them name the revision that was the head before.",
        related=tuple(Related(each.down_span or each.span, f'"{each.id}" is part of the loop') for each in others),
    )


def _edge(revision: Revision, loop: set[str]) -> Span:
    """The statement that ties a revision into the loop."""
    if not loop.isdisjoint(revision.down):
        return revision.down_span or revision.span
    return revision.depends_on_span or revision.span
