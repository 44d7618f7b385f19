from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import indexes
from migrate_guard.model.operations import CreateIndex, DetachPartition, DropIndex, Operation, RawSql
from migrate_guard.rule import Confidence, Problem, Severity, Statement, rule


def _may_be_refused(operation: Operation) -> bool:
    match operation:
        case CreateIndex(concurrently=concurrently) | DropIndex(concurrently=concurrently):
            return concurrently
        case DetachPartition(concurrently=concurrently):
            return concurrently
    return isinstance(operation, RawSql)


@rule(
    "MG303",
    on=(Statement[CreateIndex], Statement[DropIndex], Statement[DetachPartition], Statement[RawSql]),
    severity=Severity.ERROR,
    directions=("upgrade", "downgrade"),
    minds_downgrade=_may_be_refused,
)
def concurrently_in_transaction(statement: Statement[Operation]) -> Iterator[Problem]:
    """Flag a statement that the database refuses in a transaction, such as CREATE INDEX CONCURRENTLY."""
    op = statement.op
    if not (statement.transaction.is_block and statement.effects.transactional.is_no):
        return
    if statement.direction == "upgrade" and indexes.is_on_partitioned(statement) and not isinstance(op, RawSql):
        # it fails outside of one, too
        return
    product = asking.PRODUCTS[statement.target.dialect]
    refused = f"{product} refuses it in a transaction"
    if op.in_autocommit:
        refused = f"{product} runs all statements of one string in one transaction"
    is_sure = op.in_autocommit or not statement.environment.is_handed_connection
    if not is_sure:
        refused += ", unless the connection that env.py is handed is in AUTOCOMMIT"
    yield Problem(
        asking.hedged(f"{indexes.spelled(op)} fails: {refused}", op),
        op.span,
        object=indexes.about(statement),
        help="Run it in a string of its own." if op.in_autocommit else "Run it in an autocommit block.",
        instead=indexes.outside(statement),
        severity=None if is_sure else Severity.WARNING,
        confidence=asking.confidence(op) if is_sure else Confidence.MEDIUM,
    )
