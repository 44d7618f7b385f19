"""Questions about the transaction of a statement, and what to write where it is better off in another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from migrate_guard.asking import locks
from migrate_guard.history.grouping import are_exclusive
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.environment import Environment
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import AutocommitBlock, Instead, OwnRevision
from migrate_guard.model.locks import Lock
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema
from migrate_guard.model.statement import Statement

_ONE_FOR_ALL: Final = "One transaction runs all revisions: transaction_per_migration=True in env.py gives each its own."


def as_written(statement: Statement[ops.Operation]) -> tuple[ops.Operation, ...]:
    """The statement as the script has it: the directive, or the text of the SQL with all its actions."""
    op = statement.op
    if op.is_sql and op.text:
        kind = op.kind if isinstance(op, ops.RawSql) else ""
        return (ops.RawSql(span=op.span, is_sql=True, sql=op.text, kind=kind, text=op.text),)
    is_one_of_several = any(each is statement.written for each in statement.siblings)
    if is_one_of_several:
        return statement.siblings
    return (*(each for each in statement.siblings if isinstance(each, ops.CreateEnum)), statement.written)


def in_own_revision(statement: Statement[ops.Operation], why: str) -> Instead:
    """The statement in a revision of its own, outside the transaction that runs all revisions if one does."""
    body = as_written(statement)
    if statement.environment.transactions == "single":
        return (OwnRevision((AutocommitBlock(body),), why),)
    return (OwnRevision(body, why),)


def advice(statement: Statement[ops.Operation], told: str) -> str:
    """What to do, with what env.py has to say for it to help."""
    return f"{told} {_ONE_FOR_ALL}" if statement.environment.transactions == "single" else told


def place(earlier: Statement[ops.Operation], statement: Statement[ops.Operation]) -> str:
    """Where an earlier statement stands, for a sentence."""
    if earlier.revision.id == statement.revision.id:
        return f"line {earlier.span.line}"
    return f"line {earlier.span.line} of revision {earlier.revision.id}"


def of_configuration(environment: Environment) -> tuple[Related, ...]:
    """Where env.py says, or leaves to Alembic's default, that one transaction runs all revisions."""
    if environment.transactions != "single" or environment.configure_span is None:
        return ()
    return (Related(environment.configure_span, "one transaction runs all revisions"),)


def lock_on(effects: Effects, table: QualifiedName) -> Lock | None:
    """The lock that keeps others from a table; of its index where only that is locked."""
    found = effects.locks.get(table)
    if found is not None and (found.blocks_reads or found.blocks_writes):
        return found
    return max(effects.index_locks.values(), default=found)


def about(statement: Statement[ops.Operation]) -> tuple[QualifiedName, ...]:
    """The tables in use that a statement blocks: its own, without those that are locked along with it.

    A foreign key locks the other table too, an ALTER TABLE the partitions. The table of an index need not be known.
    """
    effects = statement.hazards
    answers = (effects.blocks_reads, effects.blocks_writes)
    blocked = dict.fromkeys(name for each in answers if each.is_yes for name in each.relations)
    own = statement.op.table if isinstance(statement.op, ops.TableOperation) else None
    return (own,) if own in blocked and own is not None else tuple(n for n in blocked if n not in effects.index_locks)


def whole_tables(statement: Statement[ops.Operation]) -> frozenset[QualifiedName]:
    """The same, where a partition stands for the table that it is part of."""
    return frozenset(whole(each, statement.before) for each in about(statement))


def whole(name: QualifiedName, schema: Schema) -> QualifiedName:
    """The partitioned table that a partition is part of."""
    table = schema.table(name)
    while table is not None and table.partition_of is not None:
        name = table.partition_of
        table = schema.table(name)
    return name


def is_long(statement: Statement[ops.Operation]) -> bool:
    """Whether a statement certainly takes longer than an instant."""
    return statement.hazards.is_long and not _fails_on_rows(statement.op)


def _fails_on_rows(operation: ops.Operation) -> bool:
    """Whether it gets no further than to the first row: a new column that is to be filled, and has no value."""
    if not isinstance(operation, ops.AddColumn):
        return False
    column = operation.column
    has_value = column.default is not None or column.is_serial or column.is_identity or column.computed is not None
    return column.nullable is False and not has_value


class Kept(NamedTuple):
    """A table in use from which a statement keeps others until its transaction ends."""

    by: Statement[ops.Operation]
    table: QualifiedName
    place: int
    """Among the statements of its script, below 0 where it is one of an earlier revision."""

    def is_with(self, statement: Statement[ops.Operation]) -> bool:
        """Whether a statement runs in the same transaction."""
        is_one = self.by.transaction.number == statement.transaction.number
        return is_one and not are_exclusive(self.by.op, statement.op)


def kept_from(statements: Sequence[Statement[ops.Operation]]) -> tuple[Kept, ...]:
    """The first table of each statement from which nothing but its lock keeps others.

    An index is built and dropped in a transaction of its own: that it is not is another finding. A table that the same
    statements drop is missed by nobody.
    """
    dropped = {each.op.table for each in statements if isinstance(each.op, ops.DropTable)}
    earlier = statements[0].transaction.blocking if statements else ()
    found: list[Kept] = []
    for place, each in enumerate((*earlier, *statements), -len(earlier)):
        if isinstance(each.op, ops.CreateIndex | ops.DropIndex) or not each.hazards.is_blocking:
            continue
        if not each.transaction.is_block or each.effects.transactional.is_no:
            continue
        own = () if isinstance(each.op, ops.DropTable) else about(each)
        table = next((name for name in own or locks.blocked(each.hazards) if name not in dropped), None)
        if table is not None:
            found.append(Kept(each, table, place))
    return tuple(found)
