from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import constraints, safer_constraints
from migrate_guard.model.operations import AddColumn, AddConstraint
from migrate_guard.model.schema import UniqueConstraint
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule(
    "MG309",
    on=(Statement[AddConstraint], Statement[AddColumn]),
    severity=Severity.ERROR,
    dialects=("postgresql",),
)
def unique_constraint_blocks(statement: Statement[AddConstraint] | Statement[AddColumn]) -> Iterator[Problem]:
    """Flag a unique constraint whose index is built while nobody can read or write the table."""
    op = statement.op
    for key, effects in constraints.added(statement, UniqueConstraint):
        if not (effects.builds_index.is_possible and constraints.is_read(statement, effects)):
            continue
        what = constraints.called("unique constraint", op.table, key)
        waiting = constraints.waiting(statement, effects, (op.table,))
        why = ", although the new column is NULL in every row" if _is_empty(statement) else ""
        yield Problem(
            asking.hedged(f"adding {what} blocks {waiting} until its index is built{why}", op),
            op.span,
            object=constraints.named(op.table, key),
            help=_help(statement),
            instead=safer_constraints.unblocked(statement),
            confidence=asking.confidence(op),
        )


def _is_empty(statement: Statement[AddConstraint] | Statement[AddColumn]) -> bool:
    written = statement.written
    return isinstance(written, AddColumn) and written.column.default is None and not written.column.computed


def _help(statement: Statement[AddConstraint] | Statement[AddColumn]) -> str:
    if safer_constraints.is_partitioned(statement, statement.op.table):
        return (
            "Build a unique index concurrently on each partition, make it a constraint there with UNIQUE USING INDEX, "
            "add the constraint to ALTER TABLE ONLY the parent, and attach the indexes of the partitions to its own."
        )
    return "Build the unique index concurrently, then add the constraint with UNIQUE USING INDEX, which is instant."
