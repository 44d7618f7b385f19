from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import in_batches
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Update
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG503", on=Revision, severity=Severity.WARNING, yields_to=("MG125", "MG501", "MG502"))
def unbatched_backfill(view: RevisionView) -> Iterator[Problem]:
    """Flag an UPDATE or DELETE whose WHERE leaves out no row of a table that has many: it is one transaction."""
    said: set[QualifiedName] = set()
    for statement in row_changes.changes(view):
        op, table = statement.op, statement.before.table(statement.op.table)
        if op.row_loop is not None or op.table in said or row_changes.is_by_key(op.where, table):
            continue
        why = row_changes.whole_because(statement, view)
        if not why:
            continue
        said.add(op.table)
        deed = "UPDATE of" if isinstance(op, Update) else "DELETE from"
        yield Problem(
            asking.hedged(
                f'the {deed} "{op.table}" is one transaction over the whole table ({why}): each row stays locked until'
                " the last is done",
                op,
            ),
            op.span,
            object=str(op.table),
            help="Change the rows in batches that commit, in the order of the primary key.",
            instead=in_batches(statement),
            severity=row_changes.severity(view.target),
            confidence=asking.confidence(op),
            direction="upgrade",
        )
