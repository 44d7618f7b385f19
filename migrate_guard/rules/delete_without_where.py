from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import in_batches
from migrate_guard.model.operations import Delete
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG502", on=Revision, severity=Severity.WARNING, yields_to=("MG125",))
def delete_without_where(view: RevisionView) -> Iterator[Problem]:
    """Flag a DELETE without WHERE of a table that has rows: all of them are gone, and no downgrade has them."""
    for statement in row_changes.changes(view):
        op = statement.op
        if not isinstance(op, Delete) or op.where is not None or op.row_loop is not None:
            continue
        yield Problem(
            asking.hedged(
                f'the DELETE without WHERE takes every row of "{op.table}" in one transaction, and no downgrade gives'
                " them back",
                op,
            ),
            op.span,
            object=str(op.table),
            help="Say which rows are meant; if it is all of them, keep a copy and delete them in batches that commit.",
            instead=in_batches(statement),
            severity=row_changes.severity(view.target),
            confidence=asking.confidence(op),
            direction="upgrade",
        )
