from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.required import added, fills_itself, refused
from migrate_guard.model.operations import AddColumn
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG209", on=AddColumn, severity=Severity.WARNING, directions=("downgrade",), yields_to=("MG204",))
def downgrade_not_null_without_default(step: Step[AddColumn]) -> Iterator[Problem]:
    """Flag a downgrade that adds a NOT NULL column without server default to a table that may have rows."""
    op, column = step.op, step.op.column
    if column.nullable is not False or fills_itself(column) or not step.has_rows(op.table):
        return
    existing = step.before.table(op.table)
    if existing and existing.column(column.name):
        return
    yield Problem(
        asking.hedged(f"in the downgrade {refused(op, step.target)}", op),
        op.span,
        object=f"{op.table}.{column.name}",
        help="Add the column with a server_default, or nullable, fill the rows, and set NOT NULL once all are filled.",
        instead=added(op, step.target),
        confidence=asking.confidence(op),
    )
