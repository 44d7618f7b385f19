from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import constraints, safer_constraints
from migrate_guard.dialects.constraints import takes_unproven_not_null
from migrate_guard.model.operations import AlterColumn
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule("MG306", on=Statement[AlterColumn], severity=Severity.ERROR, dialects=("postgresql",))
def not_null_scans_under_lock(statement: Statement[AlterColumn]) -> Iterator[Problem]:
    """Flag SET NOT NULL that looks for NULL in every row of a table in use while everybody waits."""
    op, effects = statement.op, statement.hazards
    if op.modify_nullable is not False or not constraints.is_read(statement, effects):
        return
    waiting = constraints.waiting(statement, effects, (op.table,))
    yield Problem(
        asking.hedged(
            f'setting "{op.table}.{op.column}" NOT NULL blocks {waiting} while every row is searched for NULL', op
        ),
        op.span,
        object=f"{op.table}.{op.column}",
        help=_help(statement),
        instead=safer_constraints.unblocked(statement),
        confidence=asking.confidence(op),
    )


def _help(statement: Statement[AlterColumn]) -> str:
    op = statement.op
    known = statement.before.table(op.table)
    column = known.column(op.column) if known else None
    if column is not None and column.unproven_not_null is not None:
        return (
            f'VALIDATE "{column.unproven_not_null}" instead: nobody waits for that, and it makes the column NOT NULL.'
        )
    if takes_unproven_not_null(statement.target):
        return (
            "Add a NOT NULL constraint NOT VALID, and VALIDATE it in a transaction of its own, which nobody waits for."
        )
    return (
        "Add a CHECK (… IS NOT NULL) NOT VALID and VALIDATE it in a transaction of its own: "
        "with it SET NOT NULL reads no row, and the CHECK can go."
    )
