from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import constraints, safer_constraints
from migrate_guard.model.effects import Effects
from migrate_guard.model.operations import AddColumn, AddConstraint
from migrate_guard.model.schema import CheckConstraint
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule(
    "MG305",
    on=(Statement[AddConstraint], Statement[AddColumn]),
    severity=Severity.ERROR,
    dialects=("postgresql",),
)
def check_validated_under_lock(statement: Statement[AddConstraint] | Statement[AddColumn]) -> Iterator[Problem]:
    """Flag a CHECK that is evaluated for every row of a table in use while everybody waits."""
    op = statement.op
    for check, effects in constraints.added(statement, CheckConstraint):
        if constraints.is_read(statement, effects):
            yield Problem(
                asking.hedged(_message(statement, check, effects), op),
                op.span,
                object=constraints.named(op.table, check),
                help=_help(op),
                instead=safer_constraints.unblocked(statement),
                confidence=asking.confidence(op),
            )


def _message(
    statement: Statement[AddConstraint] | Statement[AddColumn], check: CheckConstraint, effects: Effects
) -> str:
    op = statement.op
    waiting = constraints.waiting(statement, effects, (op.table,))
    checked = "while it is checked for every row"
    if isinstance(op, AddColumn):
        why = "" if op.column.default else ", although every value is NULL"
        return f'the CHECK of the new column "{op.table}.{op.column.name}" blocks {waiting} {checked}{why}'
    return f"adding {constraints.called('CHECK', op.table, check)} blocks {waiting} {checked}"


def _help(op: AddConstraint | AddColumn) -> str:
    first = "Add the column first, then the" if isinstance(op, AddColumn) else "Add the"
    return f"{first} CHECK NOT VALID, and VALIDATE it in a transaction of its own, which nobody waits for."
