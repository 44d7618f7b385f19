from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking.locks import blocked, held, who_waits
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.effects import Effects
from migrate_guard.rule import Problem, Severity, Statement, rule

_OF_OTHERS: Final = (
    *(ops.CreateIndex, ops.DropIndex, ops.AddConstraint, ops.AlterColumn, ops.AttachPartition, ops.DetachPartition),
    *(ops.CreateTable, ops.Opaque),
)
"""Operations of which other rules judge all that takes long."""
_KINDS_OF_OTHERS: Final = ("VACUUM", "CLUSTER", "REINDEX", "REFRESH", "TRUNCATE", "LOCK", "ALTER DOMAIN")

_SWAPPED: Final = ("TRIGGER", "POLICY", "RULE", "ROW LEVEL SECURITY")


@rule(
    "MG331",
    on=Statement[ops.Operation],
    severity=Severity.WARNING,
    yields_to=("MG304", "MG305", "MG307", "MG309", "MG310", "MG811"),
)
def blocks_table_in_use(statement: Statement[ops.Operation]) -> Iterator[Problem]:
    """Flag any other statement for which those who use a table wait: for long work, or in the queue for its lock."""
    op, hazards = statement.op, statement.hazards
    tables, why = blocked(hazards), _work(hazards)
    if why is None and _is_swap(statement):
        yield _queue(statement)
        return
    if why is None or not tables or _is_of_others(op, hazards):
        return
    first = tables[0]
    message = (
        f"{_deed(op)} keeps {who_waits(hazards, first)} of {asking.quoted(map(str, tables))} waiting"
        f" ({held(hazards, first)}) until it is done: {why}"
    )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op) if isinstance(op, ops.TableOperation) else str(first),
        help="Take the statement out of the migration, to a time at which nobody uses the table.",
        confidence=asking.confidence(op),
    )


def _is_swap(statement: Statement[ops.Operation]) -> bool:
    """Whether it changes what reads and writes of a table or view go through: those that run have to end before."""
    op = statement.op
    match op:
        case ops.RawSql(kind=kind):
            return kind.endswith(_SWAPPED) and statement.hazards.is_blocking and not _is_held(statement)
        case ops.CreateView(view=view):
            return view.name in statement.hazards.locks or view.name in statement.transaction.held
    return False


def _is_held(statement: Statement[ops.Operation]) -> bool:
    """Whether the transaction has the lock already, and waits for nobody."""
    name = blocked(statement.hazards)[0]
    mode, got = statement.hazards.locks.get(name), statement.transaction.held.get(name)
    return mode is not None and got is not None and got.mode >= mode


def _queue(statement: Statement[ops.Operation]) -> Problem:
    op, hazards = statement.op, statement.hazards
    is_view = isinstance(op, ops.CreateView)
    name = op.view.name if isinstance(op, ops.CreateView) else blocked(hazards)[0]
    mode = "ACCESS EXCLUSIVE" if is_view else held(hazards, name)
    limit = statement.timeout("lock_timeout")
    deed, who = ("replacing the view", "reads") if is_view else (_deed(op), who_waits(hazards, name))
    message = f'{deed} takes {mode} on "{name}": it waits for the queries that run, and {who} queue behind it'
    return Problem(
        asking.hedged(f"{message}, for at most {limit.value}" if limit and limit.value else message, op),
        op.span,
        object=str(name),
        help="Give it a transaction of its own, under a lock_timeout, and run it again when that ends it.",
        severity=Severity.INFO if limit else None,
        confidence=asking.confidence(op),
    )


def _work(hazards: Effects) -> str | None:
    """Why it takes longer than an instant; None where it does not, or nobody knows."""
    works = (hazards.rewrites, hazards.builds_index, hazards.rebuilds_index, hazards.scans)
    return next((each.why[0] for each in works if each.is_yes), None)


def _is_of_others(op: ops.Operation, hazards: Effects) -> bool:
    if isinstance(op, ops.RawSql):
        return hazards.rewrites.is_yes or op.kind.startswith(_KINDS_OF_OTHERS)
    if isinstance(op, ops.AddColumn):
        is_refused = op.column.nullable is False and op.column.computed is None
        return is_refused or hazards.rewrites.is_possible
    return isinstance(op, _OF_OTHERS)


def _deed(op: ops.Operation) -> str:
    if isinstance(op, ops.RawSql):
        return op.kind
    return f'adding "{op.column.name}"' if isinstance(op, ops.AddColumn) else "the statement"
