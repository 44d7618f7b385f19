from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import locks, transactions
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.effects import Answer, Effects
from migrate_guard.model.operations import Operation
from migrate_guard.rule import Confidence, Problem, Related, Severity, Statement, rule


@rule(
    "MG326",
    on=Statement[Operation],
    severity=Severity.WARNING,
    dialects=("postgresql",),
    yields_to=("MG120", "MG121", "MG312"),
)
def blocking_scan_after_lock(statement: Statement[Operation]) -> Iterator[Problem]:
    """Flag a long statement that runs while an earlier one of the transaction keeps others from a table in use."""
    work = _work(statement.hazards)
    if work is None or statement.effects.transactional.is_no or _is_told_by_another(statement.hazards, work):
        return
    held = [
        each for each in statement.transaction.blocking if each.op is not statement.op and _is_other(each, statement)
    ]
    if not held:
        return
    lock = max(held, key=lambda each: (each.hazards.blocks_reads.is_yes, not each.op.condition))
    table = (transactions.about(lock) or locks.blocked(lock.hazards))[0]
    mode = transactions.lock_on(lock.hazards, table)
    message = (
        f'{_deed(statement.op)} {_takes(work)} while {mode} on "{table}" is held since '
        f'{transactions.place(lock, statement)}: {locks.who_waits(lock.hazards, table)} of "{table}" wait all that time'
    )
    certain = Confidence.HIGH if work.is_yes else Confidence.MEDIUM
    yield Problem(
        asking.hedged(message, statement.op),
        statement.span,
        object=subject(statement.op) if not isinstance(statement.op, ops.RawSql) else str(work.relations[0]),
        help=transactions.advice(statement, "Put what takes long, and what needs it, into a revision of its own."),
        instead=transactions.in_own_revision(statement, f'the lock on "{table}" is gone by then'),
        related=(
            Related(lock.span, f'takes {mode} on "{table}", until the transaction ends'),
            *transactions.of_configuration(statement.environment),
        ),
        confidence=min(certain, asking.confidence(statement.op), asking.confidence(lock.op)),
    )


def _work(effects: Effects) -> Answer | None:
    """What a statement does for longer than an instant, to which tables; None if it does nothing of the kind."""
    answers = (effects.rewrites, effects.builds_index, effects.rebuilds_index, effects.scans)
    possible = [each for each in answers if each.is_possible and each.relations]
    return max(possible, key=lambda each: each.verdict, default=None)


def _is_told_by_another(effects: Effects, work: Answer) -> bool:
    """Whether the statement itself blocks what it works on, which is a finding of its own."""
    return not set(locks.blocked(effects)).isdisjoint(work.relations)


def _is_other(one: Statement[Operation], other: Statement[Operation]) -> bool:
    """Whether two parts are of different statements."""
    return (one.revision.id, one.number) != (other.revision.id, other.number) or not one.op.is_sql


_VERBS: Final = {ops.Update: "the UPDATE of", ops.Delete: "the DELETE from", ops.Insert: "the INSERT into"}


def _deed(op: Operation) -> str:
    if isinstance(op, ops.TableOperation) and type(op) in _VERBS:
        return f'{_VERBS[type(op)]} "{op.table}"'
    match op:
        case ops.ValidateConstraint(constraint=name):
            return f'validating "{name}"'
        case ops.CreateTable(table=table):
            return f'filling "{table.name}"'
        case ops.CreateView(view=view):
            return f'filling "{view.name}"'
        case ops.RawSql(kind=kind):
            return f"this {kind}"
    return f'the work on "{subject(op)}"'


def _takes(work: Answer) -> str:
    names = asking.quoted(str(each) for each in work.relations[:2])
    if work.is_yes:
        return f"reads every row of {names}"
    return f"may read every row of {names} ({work.why[0]})"
