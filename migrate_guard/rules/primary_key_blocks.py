from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import constraints, safer_constraints
from migrate_guard.model.effects import Effects
from migrate_guard.model.operations import AddColumn, AddConstraint
from migrate_guard.model.schema import PrimaryKey
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule(
    "MG310",
    on=(Statement[AddConstraint], Statement[AddColumn]),
    severity=Severity.ERROR,
    dialects=("postgresql",),
)
def primary_key_blocks(statement: Statement[AddConstraint] | Statement[AddColumn]) -> Iterator[Problem]:
    """Flag a primary key whose index is built, or whose columns are searched for NULL, while everybody waits."""
    op = statement.op
    for key, effects in constraints.added(statement, PrimaryKey):
        if constraints.is_read(statement, effects):
            yield Problem(
                asking.hedged(_message(statement, key, effects), op),
                op.span,
                object=constraints.named(op.table, key),
                help=_help(effects),
                instead=safer_constraints.unblocked(statement),
                confidence=asking.confidence(op),
            )


def _message(statement: Statement[AddConstraint] | Statement[AddColumn], key: PrimaryKey, effects: Effects) -> str:
    table = statement.op.table
    waiting = constraints.waiting(statement, effects, (table,))
    work = "its index is built" if effects.builds_index.is_possible else "every row has been searched for NULL"
    named = key.name and not key.is_implicit_name
    what = f'the primary key "{key.name}" to "{table}"' if named else f'a primary key to "{table}"'
    return f"adding {what} blocks {waiting} until {work}"


def _help(effects: Effects) -> str:
    if effects.builds_index.is_possible:
        return (
            "Build a unique index on the columns concurrently, see that they are NOT NULL, "
            "then add the key with PRIMARY KEY USING INDEX, which is instant."
        )
    return "Make the columns NOT NULL first, proven without a lock: then PRIMARY KEY USING INDEX reads no row."
