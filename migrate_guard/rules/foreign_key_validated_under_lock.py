from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import constraints, safer_constraints
from migrate_guard.dialects.constraints import takes_unproven
from migrate_guard.model.effects import Effects
from migrate_guard.model.operations import AddColumn, AddConstraint
from migrate_guard.model.schema import ForeignKey
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule(
    "MG304",
    on=(Statement[AddConstraint], Statement[AddColumn]),
    severity=Severity.ERROR,
    dialects=("postgresql",),
)
def foreign_key_validated_under_lock(statement: Statement[AddConstraint] | Statement[AddColumn]) -> Iterator[Problem]:
    """Flag a foreign key that is compared with every row of a table in use while writers wait."""
    op = statement.op
    for key, effects in constraints.added(statement, ForeignKey):
        if constraints.is_read(statement, effects):
            yield Problem(
                asking.hedged(_message(statement, key, effects), op),
                op.span,
                object=constraints.named(op.table, key),
                help=_help(statement, key),
                instead=safer_constraints.unblocked(statement),
                confidence=asking.confidence(op),
            )


def _message(statement: Statement[AddConstraint] | Statement[AddColumn], key: ForeignKey, effects: Effects) -> str:
    table = statement.op.table
    waiting = constraints.waiting(statement, effects, (table, key.referred_table))
    compared = f'while every row of "{table}" is compared'
    if isinstance(statement.op, AddColumn):
        return f'the default of "{table}.{key.columns[0]}" makes its foreign key block {waiting} {compared}'
    if constraints.is_of_column(statement) and not statement.op.is_sql:
        column = f'"{table}.{key.columns[0]}"'
        return f"the foreign key of {column} comes as a statement of its own, which blocks {waiting} {compared}"
    return f"adding {constraints.called('foreign key', table, key)} blocks {waiting} {compared}"


def _help(statement: Statement[AddConstraint] | Statement[AddColumn], key: ForeignKey) -> str:
    written, table = statement.written, statement.op.table
    if isinstance(written, AddColumn) and safer_constraints.is_free_inline(key, statement, written):
        return (
            "Write the reference at the column with inline_references=True (Alembic 1.18.2 or newer): "
            "a new column that is NULL has nothing to compare."
        )
    if not takes_unproven(key, table, statement.before, statement.target):
        return (
            f"{asking.product(statement.target)} takes no NOT VALID foreign key on a partitioned table: "
            "add it NOT VALID to each partition, validate it there, then add it to the table, which reads no row again."
        )
    first = "Add the column first, then the" if isinstance(written, AddColumn) else "Add the"
    return f"{first} foreign key NOT VALID, and VALIDATE it in a transaction of its own, which nobody waits for."
