from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import indexes
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import CreateIndex, DropIndex, Operation, RawSql
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule(
    "MG321",
    on=(Statement[CreateIndex], Statement[DropIndex], Statement[RawSql]),
    severity=Severity.ERROR,
    dialects=("postgresql",),
)
def concurrently_on_partitioned(
    statement: Statement[CreateIndex] | Statement[DropIndex] | Statement[RawSql],
) -> Iterator[Problem]:
    """Flag CONCURRENTLY for an index of a partitioned table, which is refused or blocks writers all the same."""
    op, table = statement.op, indexes.table_of(statement)
    if not indexes.is_on_partitioned(statement):
        return
    match op:
        case CreateIndex():
            message, instead = f'{indexes.spelled(op)} fails: "{table}" is partitioned', indexes.built(statement, op)
        case DropIndex():
            message = f'{indexes.spelled(op)} fails: it is the index of "{table}", which is partitioned'
            instead = indexes.dropped(statement, op)
        case RawSql() if statement.hazards.blocks_writes.is_possible and not statement.transaction.is_block:
            message = f'{indexes.spelled(op)} blocks writes to every partition of "{table}" before it begins'
            yield _problem(message, indexes.rebuilt(statement, op), statement, Severity.WARNING)
            return
        case _:
            return
    yield _problem(message, instead, statement)


_HELP: Final[dict[type[Operation], str]] = {
    CreateIndex: "Build it concurrently on every partition, then on the table alone, and attach the parts.",
    DropIndex: "Drop it without CONCURRENTLY, under a lock_timeout.",
    RawSql: "Rebuild concurrently, one partition after the other.",
}


def _problem(
    message: str, instead: Instead, statement: Statement[Operation], severity: Severity | None = None
) -> Problem:
    op = statement.op
    return Problem(
        asking.hedged(message, op),
        op.span,
        object=indexes.about(statement),
        help=_HELP[type(op)],
        instead=instead,
        severity=severity,
        confidence=asking.confidence(op),
    )
