from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate_guard import asking
from migrate_guard.asking import locks, transactions
from migrate_guard.model.deeds import subject
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import CreateTable, Operation, RenameTable
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Confidence, Problem, Related, RevisionView, Severity, Statement, rule


class _Pair(NamedTuple):
    """A table that is locked in an instant, and the statement that blocks another one for longer, before or after."""

    kept: transactions.Kept
    long: Statement[Operation]
    place: int
    """Of the long one among the statements."""

    @property
    def is_after(self) -> bool:
        """Whether the lock is asked for when the other one has done its work."""
        return self.kept.place > self.place

    @property
    def confidence(self) -> Confidence:
        return min(asking.confidence(self.kept.by.op), asking.confidence(self.long.op))


@rule(
    "MG316",
    on=Revision,
    severity=Severity.WARNING,
    dialects=("postgresql",),
    yields_to=("MG303", "MG320", "MG324", "MG327", "MG329"),
)
def several_tables_locked(view: RevisionView) -> Iterator[Problem]:
    """Flag a table that stays locked while the transaction works on another one for longer than an instant."""
    pairs = list(_pairs(view.statements))
    if not pairs:
        return
    first = max(pairs, key=lambda each: (each.confidence, not each.is_after))
    (lock, table, _), long, _ = first
    if first.is_after:
        yield _asked_for_meanwhile(first, view.statements)
        return
    is_earlier = lock.revision.id != long.revision.id
    at = long if is_earlier else lock
    mode, who = transactions.lock_on(lock.hazards, table), locks.who_waits(lock.hazards, table)
    meanwhile = "this" if is_earlier else f"line {long.span.line}"
    since = f" since {transactions.place(lock, long)}" if is_earlier else " until the transaction ends"
    others = {each.kept.table for each in pairs if _waits_as_well(each.kept, first, who)} - {table}
    message = (
        f'{mode} on "{table}" is held{since}: {who} of "{table}"{_more(len(others))} wait while '
        f"{meanwhile} {_work(long)}"
    )
    yield Problem(
        asking.hedged(message, at.op),
        at.span,
        object=str(table),
        help=transactions.advice(at, "Put one of the two into a revision of its own."),
        instead=() if is_earlier else _instead(first, view.statements, "done"),
        related=(
            Related(long.span, _work(long)) if at is lock else Related(lock.span, f'takes {mode} on "{table}"'),
            *transactions.of_configuration(at.environment),
        ),
        confidence=first.confidence,
        direction="upgrade",
    )


def _asked_for_meanwhile(pair: _Pair, statements: Sequence[Statement[Operation]]) -> Problem:
    """What blocks another table for long has come before: that one waits for this lock, too."""
    (lock, table, _), long, _ = pair
    (other, *_) = transactions.about(long)
    mode, who = transactions.lock_on(lock.hazards, table), locks.who_waits(long.hazards, other)
    where = transactions.place(long, lock)
    message = (
        f'{mode} on "{table}" is asked for while "{other}" is blocked since {where}: {who} of "{other}" wait '
        "until this is granted and the transaction ends"
    )
    return Problem(
        asking.hedged(message, lock.op),
        lock.span,
        object=str(table),
        help=transactions.advice(lock, "Put one of the two into a revision of its own."),
        instead=_instead(pair, statements, "free"),
        related=(Related(long.span, _work(long)), *transactions.of_configuration(lock.environment)),
        confidence=pair.confidence,
        direction="upgrade",
    )


def _pairs(statements: Sequence[Statement[Operation]]) -> Iterator[_Pair]:
    """What blocks another table for longer is a finding of its own, and so is any lock on that table."""
    long = [(place, each) for place, each in enumerate(statements) if _is_blocking_for_long(each)]
    told = set().union(*(transactions.whole_tables(each) for _, each in long))
    for each in reversed(statements):
        if isinstance(each.op, RenameTable) and each.op.new_name in told:
            told.add(each.op.table)
    for each in statements:
        if isinstance(each.op, RenameTable) and each.op.table in told:
            told.add(each.op.new_name)
    for kept in transactions.kept_from(statements):
        if transactions.whole(kept.table, kept.by.before) in told or _is_blocking_for_long(kept.by):
            continue
        # where a table is locked before what takes long that is the worse of the two
        together = [(place, each) for place, each in long if kept.is_with(each)]
        if together:
            beside = [pair for pair in together if kept.place < pair[0]] or together
            place, chosen = max(beside, key=lambda pair: asking.confidence(pair[1].op))
            yield _Pair(kept, chosen, place)


def _waits_as_well(kept: transactions.Kept, pair: _Pair, who: str) -> bool:
    """Whether the same kind of work waits for another lock while the long one of a pair goes on."""
    is_held = kept.place < pair.place and kept.is_with(pair.long)
    return is_held and locks.who_waits(kept.by.hazards, kept.table) == who


def _is_blocking_for_long(statement: Statement[Operation]) -> bool:
    return (
        statement.transaction.is_block
        and bool(transactions.about(statement))
        and transactions.is_long(statement)
        and not statement.effects.transactional.is_no
    )


def _more(number: int) -> str:
    return f" and of {number} more {'tables' if number > 1 else 'table'}" if number else ""


def _work(long: Statement[Operation]) -> str:
    effects = long.hazards
    answers = (effects.builds_index, effects.rewrites, effects.rebuilds_index, effects.scans)
    works = ("builds an index of", "rewrites", "rebuilds an index of", "reads every row of")
    does, answer = next(pair for pair in zip(works, answers, strict=True) if pair[1].is_yes)
    return f'{does} "{answer.relations[0] if answer.relations else subject(long.op)}"'


def _instead(pair: _Pair, statements: Sequence[Statement[Operation]], then: str) -> Instead:
    """The instant change after what takes long, where nothing that follows needs it."""
    lock, tables = pair.kept.by, pair.kept.by.hazards.locks.keys()
    if isinstance(lock.op, CreateTable | RenameTable):
        return ()
    later = [each for each in statements if each.number > lock.number]
    if any(each.effects.open_locks or not tables.isdisjoint(each.effects.locks) for each in later):
        return ()
    (table, *_) = transactions.about(pair.long)
    return transactions.in_own_revision(lock, f'"{table}" is {then} by then')
