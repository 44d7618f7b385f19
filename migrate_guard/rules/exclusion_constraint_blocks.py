from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import constraints
from migrate_guard.model.operations import AddColumn, AddConstraint
from migrate_guard.model.schema import ExclusionConstraint
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule(
    "MG311",
    on=(Statement[AddConstraint], Statement[AddColumn]),
    severity=Severity.ERROR,
    dialects=("postgresql",),
)
def exclusion_constraint_blocks(statement: Statement[AddConstraint] | Statement[AddColumn]) -> Iterator[Problem]:
    """Flag an exclusion constraint, whose index cannot be built concurrently, on a table in use."""
    op = statement.op
    for constraint, effects in constraints.added(statement, ExclusionConstraint):
        if not (effects.builds_index.is_possible and constraints.is_read(statement, effects)):
            continue
        what = constraints.called("exclusion constraint", op.table, constraint)
        waiting = constraints.waiting(statement, effects, (op.table,))
        yield Problem(
            asking.hedged(f"adding {what} blocks {waiting} until its index is built", op),
            op.span,
            object=constraints.named(op.table, constraint),
            help="Nothing builds it concurrently: create a new table with the constraint, copy the rows and swap the "
            "two, or add it in a quiet hour under a lock_timeout.",
            confidence=asking.confidence(op),
        )
