from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.deploys import OLD_CODE, made_nullable, then_ignore
from migrate_guard.asking.replaced import column_replacement, values_copied_to
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import DropColumn
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG417", on=DropColumn, severity=Severity.WARNING, yields_to=("MG401", "MG122"))
def expand_and_contract_together(step: Step[DropColumn]) -> Iterator[Problem]:
    """Flag a column that is dropped in the revision that adds and fills its replacement."""
    op = step.op
    if step.is_new_column(op.table, op.column):
        return
    new = values_copied_to(step)
    if new is None or column_replacement(step, op.table, op.column) is not None:
        return
    yield Problem(
        asking.hedged(
            f'"{subject(op)}" is replaced by "{new}" and dropped in one revision: {OLD_CODE} that uses "{op.column}"'
            " fails at once, and no release can write both",
            op,
        ),
        op.span,
        object=subject(op),
        help=f'Leave the drop out of this revision: deploy code that writes both, then code that uses "{new}" alone,'
        f" and drop it in a revision of its own, under {then_ignore('MG402')}.",
        instead=made_nullable(op, step.before.table(op.table)),
        confidence=asking.confidence(op),
    )
