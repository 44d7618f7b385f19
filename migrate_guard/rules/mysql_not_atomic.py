from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.model.deeds import deed
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, Related, RevisionView, Severity, rule


@rule("MG812", on=Revision, severity=Severity.INFO, dialects=("mysql", "mariadb"), is_said_once=True)
def mysql_not_atomic(view: RevisionView) -> Iterator[Problem]:
    """Flag a revision of several statements that each commit by themselves: a failure leaves half of it behind."""
    committing = [each for each in view.statements if each.effects.commits and each.effects.locks]
    numbers = dict.fromkeys(each.number for each in committing)
    written = {id(each.written) for each in committing}
    if len(numbers) < 2 or len(written) < 2:
        return
    first = committing[0]
    second = next(each for each in committing if each.number != first.number and each.written is not first.written)
    product = asking.PRODUCTS[view.target.dialect]
    yield Problem(
        f"{product} commits each of {len(numbers)} statements of this revision by itself: when one fails, those before"
        f" it stay, and the next upgrade begins again with line {first.span.line}, which {deed(first.op)}",
        second.span,
        help="Write one change of the schema a revision; or look at what is there before each, so that the revision can"
        " be run again.",
        related=(Related(first.span, "committed before it"),),
        direction="upgrade",
    )
