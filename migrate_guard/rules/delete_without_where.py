from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import in_batches
from migrate_guard.asking.row_changes import Change
from migrate_guard.model.operations import Delete, Insert
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule


@rule("MG502", on=Revision, severity=Severity.WARNING, yields_to=("MG125",))
def delete_without_where(view: RevisionView) -> Iterator[Problem]:
    """Flag a DELETE without WHERE of a table that has rows: all of them are gone, and no downgrade has them."""
    found = [
        each
        for each in row_changes.changes(view)
        if isinstance(each.op, Delete) and each.op.where is None and each.op.row_loop is None
    ]
    for is_written_anew in (False, True):
        alike = [each for each in found if _is_written_anew(each, view) is is_written_anew]
        if alike:
            # those of one revision have one way out; the most certain one says it
            first = max(alike, key=lambda each: asking.confidence(each.op))
            yield _problem(first, [each for each in alike if each is not first], view)


def _is_written_anew(statement: Statement[Change], view: RevisionView) -> bool:
    """Whether the upgrade fills the table again, which it has emptied for that."""
    place = next(place for place, each in enumerate(view.statements) if each is statement)
    later = view.statements[place + 1 :]
    return any(isinstance(each.op, Insert) and each.op.table == statement.op.table for each in later)


def _problem(statement: Statement[Change], others: list[Statement[Change]], view: RevisionView) -> Problem:
    op, is_written_anew = statement.op, _is_written_anew(statement, view)
    consequence = "then the table is filled anew" if is_written_anew else "no downgrade gives them back"
    message = (
        f'the DELETE without WHERE takes every row of "{op.table}" in one transaction, and {consequence}'
        f"{row_changes.and_others(statement, others)}"
    )
    return Problem(
        asking.hedged(message, op),
        op.span,
        object=str(op.table),
        help="Say which rows are meant; if it is all of them, keep a copy and delete them in batches that commit.",
        instead=in_batches(statement),
        related=row_changes.related(statement, others, "is without WHERE as well"),
        severity=Severity.INFO if is_written_anew else row_changes.severity(view.target),
        confidence=asking.confidence(op),
        direction="upgrade",
    )
