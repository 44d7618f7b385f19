"""Questions about the transaction of a statement, and what to write where it is better off in another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import AutocommitBlock, Instead, Note, OwnRevision
from migrate_guard.model.locks import LockMode
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.statement import Statement

ONE_FOR_ALL: Final = "env.py runs all revisions in one transaction: transaction_per_migration=True gives each its own."


def as_written(statement: Statement[ops.Operation]) -> tuple[ops.Operation, ...]:
    """The statement as the script has it: the directive, or all actions of an ALTER TABLE."""
    is_one_of_several = any(each is statement.written for each in statement.siblings)
    return statement.siblings if is_one_of_several else (statement.written,)


def in_own_revision(statement: Statement[ops.Operation], body: Sequence[ops.Operation | Note], why: str) -> Instead:
    """Operations in a revision of their own, in a transaction of their own too where one runs all revisions."""
    if statement.environment.transactions == "single":
        return (OwnRevision((AutocommitBlock(tuple(body)),), why),)
    return (OwnRevision(tuple(body), why),)


def of_configuration(environment: Environment) -> tuple[Related, ...]:
    """Where env.py says, or leaves to Alembic's default, that one transaction runs all revisions."""
    if environment.transactions != "single" or environment.configure_span is None:
        return ()
    return (Related(environment.configure_span, "one transaction runs all revisions"),)


def lock_on(effects: Effects, table: QualifiedName) -> LockMode | None:
    """The lock that keeps others from a table; of its index where only that is locked."""
    found = effects.locks.get(table)
    if found is not None and (found.blocks_reads or found.blocks_writes):
        return found
    return max(effects.index_locks.values(), default=found)


def about(statement: Statement[ops.Operation]) -> tuple[QualifiedName, ...]:
    """The tables in use that a statement blocks: its own, without those that are locked along with it.

    A foreign key locks the other table too, an ALTER TABLE the partitions.
    """
    effects = statement.hazards
    answers = (effects.blocks_reads, effects.blocks_writes)
    blocked = tuple(dict.fromkeys(name for each in answers if each.is_yes for name in each.relations))
    own = statement.op.table if isinstance(statement.op, ops.TableOperation) else None
    return (own,) if own in blocked and own is not None else blocked


def is_long(statement: Statement[ops.Operation]) -> bool:
    """Whether a statement certainly takes longer than an instant."""
    effects = statement.hazards
    return any(each.is_yes for each in (effects.scans, effects.rewrites, effects.rebuilds_index, effects.builds_index))
