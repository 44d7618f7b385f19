from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import safer
from migrate_guard.asking.locks import held, who_waits
from migrate_guard.dialects.effects import detaches_concurrently
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import DetachPartition
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule("MG320", on=Statement[DetachPartition], severity=Severity.WARNING)
def partition_detach_blocks(statement: Statement[DetachPartition]) -> Iterator[Problem]:
    """Flag a partition that is detached while those who use the partitioned table wait."""
    op, hazards = statement.op, statement.hazards
    if op.table not in hazards.blocks_reads.relations:
        return
    concurrently = detaches_concurrently(op, statement.before, statement.target)
    if not concurrently.is_yes and statement.timeout("lock_timeout"):
        # there is no other way to detach it
        return
    waiting, mode = who_waits(hazards, op.table), held(hazards, op.table)
    message = f'detaching "{op.partition}" takes {mode} on "{op.table}": {waiting} wait until the transaction ends'
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(op.partition),
        help="Detach it CONCURRENTLY, outside of a transaction."
        if concurrently.is_yes
        else f"Set a lock_timeout and try again when it strikes: {concurrently.why[0]}.",
        instead=_instead(statement) if concurrently.is_yes else (),
        confidence=asking.confidence(op),
    )


def _instead(statement: Statement[DetachPartition]) -> Instead:
    detached = replace(statement.op, concurrently=True, is_sql=True)
    return safer.outside_transaction(statement, safer.without_timeouts(statement, [detached]))
