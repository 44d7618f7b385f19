from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import indexes
from migrate_guard.model.operations import CreateIndex, RawSql
from migrate_guard.rule import Problem, Related, Severity, Statement, rule


@rule("MG907", on=(Statement[CreateIndex], Statement[RawSql]), severity=Severity.ERROR, is_said_once=True)
def advisory_lock_deadlocks_index(statement: Statement[CreateIndex] | Statement[RawSql]) -> Iterator[Problem]:
    """Flag a concurrent index build while other replicas wait for an advisory lock of env.py: both wait for ever."""
    op = statement.op
    if statement.transaction.is_block or not indexes.is_concurrent(op):
        return
    lock = next((each for each in statement.environment.advisory_locks if each.is_waiting and each.is_kept), None)
    if lock is None:
        return
    yield Problem(
        asking.hedged(
            f"{indexes.spelled(op)} and a second replica deadlock: it waits for every older statement to end, "
            f"and that replica's {lock.function}() in env.py waits for this one",
            op,
        ),
        op.span,
        object=indexes.about(statement),
        help="Repeat pg_try_advisory_lock() in env.py until it gets the lock, so that no statement stays open.",
        related=(Related(lock.span, f"every replica waits in this {lock.function}()"),),
        confidence=asking.confidence(op),
    )
