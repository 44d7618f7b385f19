from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import in_batches
from migrate_guard.model.operations import Update
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG503", on=Revision, severity=Severity.WARNING, yields_to=("MG125", "MG501", "MG502"))
def unbatched_backfill(view: RevisionView) -> Iterator[Problem]:
    """Flag an UPDATE or DELETE whose WHERE leaves out no row of a table that has many: it is one transaction."""
    found = [
        (each, why)
        for each in row_changes.changes(view)
        if each.op.row_loop is None and (why := row_changes.whole_because(each, view))
    ]
    if not found:
        return
    # those of one revision have one way out; the most certain one says it
    statement, why = max(
        found, key=lambda each: (not row_changes.is_about_old_rows(each[0], view), asking.confidence(each[0].op))
    )
    is_of_old = row_changes.is_about_old_rows(statement, view)
    op, others = statement.op, [each for each, _ in found if each is not statement]
    deed = "UPDATE of" if isinstance(op, Update) else "DELETE from"
    message = (
        f'the {deed} "{op.table}" is one transaction over the whole table ({why}): each row stays locked until the last'
        f" is done{row_changes.and_others(statement, others)}"
    )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(op.table),
        help="Change the rows in batches that commit, in the order of the primary key.",
        instead=in_batches(statement),
        related=row_changes.related(statement, others, "is about the whole table as well"),
        severity=Severity.INFO if is_of_old else row_changes.severity(view.target, statement),
        confidence=asking.confidence(op),
        direction="upgrade",
    )
