from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import indexes
from migrate_guard.asking.locks import who_waits
from migrate_guard.model.operations import CreateIndex, DropIndex, DropTable, Operation
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule


@rule("MG302", on=Revision, severity=Severity.WARNING)
def index_drop_blocks(view: RevisionView) -> Iterator[Problem]:
    """Flag an index whose dropping keeps readers and writers waiting behind the queries that run."""
    for statement in view.statements:
        op = statement.op
        if isinstance(op, DropIndex) and statement.hazards.blocks_reads.is_yes and not _waits_anyway(statement, view):
            yield from _problems(op, statement, view)


def _problems(op: DropIndex, statement: Statement[Operation], view: RevisionView) -> Iterator[Problem]:
    table, limit = indexes.table_of(statement), statement.timeout("lock_timeout")
    is_partitioned = table is not None and indexes.is_partitioned(table, statement.before)
    if is_partitioned and limit:
        # there is no other way to drop it
        return
    where = "reads and writes of its table"
    if table is not None:
        where = f"{who_waits(statement.hazards, table)} of {indexes.with_partitions(table, statement.before)}"
    until = f", until lock_timeout ({limit.value}) ends it" if limit and limit.value else ""
    is_anew = _is_built_anew(op, statement, view)
    message = f'dropping "{op.index}" blocks {where} while it waits for the queries that run{until}'
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=indexes.about(statement),
        help="Set a lock_timeout: CONCURRENTLY is refused." if is_partitioned else _HELP_ANEW if is_anew else _HELP,
        instead=() if is_anew else indexes.dropped(statement, op),
        severity=Severity.INFO if limit else None,
        confidence=asking.confidence(op),
        direction="upgrade",
    )


_HELP: Final = "Drop it concurrently, in an autocommit block."
_HELP_ANEW: Final = "Drop it concurrently where it is built anew: leave it out here."


def _is_built_anew(op: DropIndex, statement: Statement[Operation], view: RevisionView) -> bool:
    """Whether an index of that name follows, so that dropping it in a later revision drops the wrong one."""
    return any(
        isinstance(each.op, CreateIndex) and each.op.index.name == op.index.name and each.number > statement.number
        for each in view.statements
    )


def _waits_anyway(statement: Statement[Operation], view: RevisionView) -> bool:
    """Whether the transaction waits for the same lock without it, or the table goes as well."""
    for table, mode in statement.hazards.locks.items():
        held = statement.transaction.held.get(table)
        if held is not None and held.mode >= mode and not isinstance(held.by, DropIndex):
            return True
        for other in view.statements:
            if isinstance(other.op, DropTable) and other.op.table == table:
                return True
            is_together = other.transaction.number == statement.transaction.number
            if is_together and not isinstance(other.op, DropIndex) and other.hazards.locks.get(table, 0) >= mode:
                return True
    return False
