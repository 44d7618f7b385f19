from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import labels, quoted
from migrate_guard.model.finding import Related
from migrate_guard.model.revision import History, Revision
from migrate_guard.rule import HistoryView, Problem, Severity, rule


@rule("MG107", on=History, severity=Severity.WARNING)
def multiple_bases(view: HistoryView) -> Iterator[Problem]:
    """Flag roots of the history that neither a branch label nor a dependency tells apart."""
    history = view.history
    bases = [each for each in history.bases if not each.depends_on and not labels(each, history)]
    if len(bases) < 2:
        return
    for base in bases:
        yield _problem(base, [each for each in bases if each != base])


def _problem(base: Revision, others: list[Revision]) -> Problem:
    names = quoted(each.id for each in others)
    return Problem(
        f'"{base.id}" starts a history of its own beside {names}, so their order on a new database is not fixed',
        base.down_span or base.span,
        object=base.id,
        help="Name the revision that this one follows in down_revision, or give each root a branch label.",
        related=tuple(Related(each.span, f'"{each.id}" is a root too') for each in others),
    )
