from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from migrate_guard import asking
from migrate_guard.asking import locks, transactions
from migrate_guard.dialects.expressions import UNKNOWN
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.effects import Answer, Effects
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Confidence, Problem, Related, RevisionView, Severity, Statement, rule


class _Wait(NamedTuple):
    """A statement that takes long, and the earlier one whose lock is held meanwhile."""

    statement: Statement[Operation]
    work: Answer | None
    """None: it is repeated for many rows."""
    lock: Statement[Operation]
    table: QualifiedName

    @property
    def confidence(self) -> Confidence:
        certain = Confidence.MEDIUM if self.work is None or not self.work.is_yes else Confidence.HIGH
        return min(certain, asking.confidence(self.statement.op), asking.confidence(self.lock.op))


@rule("MG326", on=Revision, severity=Severity.WARNING, dialects=("postgresql",))
def blocking_scan_after_lock(view: RevisionView) -> Iterator[Problem]:
    """Flag a long statement that runs while an earlier one of the transaction keeps others from a table in use."""
    kept = transactions.kept_from(view.statements)
    waits = [wait for place, each in enumerate(view.statements) for wait in _waits(each, place, kept)]
    if not waits:
        return
    # all of them have one cause and one way out, which the most certain says for all
    statement, work, lock, table = first = max(waits, key=lambda each: each.confidence)
    mode = transactions.lock_on(lock.hazards, table)
    message = (
        f'{_deed(statement.op)} {_takes(work)} while {mode} on "{table}" is held since '
        f'{transactions.place(lock, statement)}: {locks.who_waits(lock.hazards, table)} of "{table}" wait all that time'
    )
    others = tuple(dict.fromkeys(each.statement.span for each in waits if each.statement.span != statement.span))
    if others:
        message += f" (and while {f'{len(others)} more statements run' if len(others) > 1 else 'another one runs'})"
    yield Problem(
        asking.hedged(message, statement.op),
        statement.span,
        object=subject(statement.op)
        if not isinstance(statement.op, ops.RawSql) or not work
        else str(work.relations[0]),
        help=transactions.advice(statement, "Put what takes long, and what needs it, into a revision of its own."),
        instead=_instead(statement, f'the lock on "{table}" is gone by then'),
        related=(
            Related(lock.span, f'takes {mode} on "{table}", until the transaction ends'),
            *(Related(each, "takes long under a lock as well") for each in others[:_MOST_RELATED]),
            *transactions.of_configuration(statement.environment),
        ),
        confidence=first.confidence,
        direction="upgrade",
    )


_MOST_RELATED: Final = 5


def _instead(statement: Statement[Operation], why: str) -> Instead:
    """The statement later, if all of it is known and it is no round of a loop."""
    op = statement.op
    if isinstance(op, ops.Update | ops.Delete | ops.Insert) and (not op.sql or UNKNOWN in op.sql):
        return ()
    return () if _LOOP.search(op.condition or "") else transactions.in_own_revision(statement, why)


def _waits(statement: Statement[Operation], place: int, kept: Sequence[transactions.Kept]) -> Iterator[_Wait]:
    """What a statement makes others wait for, if it takes long under a lock."""
    work = _work(statement.hazards)
    if work is None and not _is_repeated(statement):
        return
    if statement.effects.transactional.is_no or _is_told_by_another(statement, work):
        return
    earlier = (each for each in kept if each.place < place and each.is_with(statement))
    held = [each for each in earlier if _is_other(each.by, statement)]
    if held:
        lock, table, _ = max(held, key=lambda each: (each.by.hazards.blocks_reads.is_yes, not each.by.op.condition))
        yield _Wait(statement, work, lock, table)


def _work(effects: Effects) -> Answer | None:
    """What a statement does for longer than an instant, to which tables; None if it does nothing of the kind."""
    answers = (effects.rewrites, effects.builds_index, effects.rebuilds_index, effects.scans)
    possible = [each for each in answers if each.is_possible and each.relations]
    return max(possible, key=lambda each: each.verdict, default=None)


_LOOP: Final = lazily(r"\bfor each\b")


def _is_repeated(statement: Statement[Operation]) -> bool:
    """Whether a loop over what the script has found changes row after row of a table in use."""
    op = statement.op
    if not isinstance(op, ops.Update | ops.Delete) or op.condition is None or not _LOOP.search(op.condition):
        return False
    return op.table in statement.hazards.locks


def _is_told_by_another(statement: Statement[Operation], work: Answer | None) -> bool:
    """Whether it is a finding of its own: it blocks what it works on, or gains nothing from NOT VALID."""
    if isinstance(statement.op, ops.ValidateConstraint):
        return (statement.op.table, statement.op.constraint) in statement.transaction.not_valid
    return work is not None and not set(locks.blocked(statement.hazards)).isdisjoint(work.relations)


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


def _takes(work: Answer | None) -> str:
    if work is None:
        return "is repeated"
    names = asking.quoted(str(each) for each in work.relations[:2])
    if work.is_yes:
        return f"reads every row of {names}"
    return f"may read every row of {names} ({work.why[0]})"
