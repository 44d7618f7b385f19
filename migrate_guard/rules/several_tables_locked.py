from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard import asking
from migrate_guard.asking import locks, transactions
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.rule import Problem, Related, Severity, Statement, rule


@rule(
    "MG316",
    on=Statement[Operation],
    severity=Severity.WARNING,
    dialects=("postgresql",),
    yields_to=("MG120", "MG121", "MG303", "MG304"),
)
def several_tables_locked(statement: Statement[Operation]) -> Iterator[Problem]:
    """Flag a transaction that blocks a second table in use, one of them for longer than an instant."""
    earlier = statement.transaction.blocking
    if not statement.transaction.is_block or not statement.hazards.is_blocking or statement.effects.transactional.is_no:
        return
    if not _are_several((*earlier, statement)) or _are_several(earlier):
        return
    own = transactions.about(statement) or locks.blocked(statement.hazards)
    every = (*earlier, statement)
    wholes = _tables(every)[-1]
    pairs = [(place, name) for place, each in enumerate(earlier) for name in transactions.about(each)]
    place, first = next((pair for pair in pairs if _in_the_end(pair[1], pair[0], every) not in wholes), pairs[0])
    other = earlier[place]
    table = next(each for each in own if each != first)
    where = transactions.place(other, statement)
    message = (
        f'"{table}" and, since {where}, "{first}" stay blocked until the transaction ends, '
        "which takes longer than an instant"
    )
    # what blocks for long is to be written otherwise, which is a finding of its own
    is_movable = not transactions.is_long(statement)
    yield Problem(
        asking.hedged(message, statement.op),
        statement.span,
        object=str(table),
        help=transactions.advice(statement, "Put one of the two into a revision of its own."),
        instead=transactions.in_own_revision(statement, f'"{first}" is free by then') if is_movable else (),
        related=(
            Related(other.span, f'"{first}" is locked here: {transactions.lock_on(other.hazards, first)}'),
            *transactions.of_configuration(statement.environment),
        ),
        confidence=min(asking.confidence(statement.op), asking.confidence(other.op)),
    )


def _are_several(blocking: Sequence[Statement[Operation]]) -> bool:
    """Whether statements block two tables, and one of them works for longer than an instant."""
    if not any(transactions.is_long(each) for each in blocking):
        return False
    tables = [found for found in _tables(blocking) if found]
    return any(one != tables[0] for one in tables) and len(frozenset().union(*tables)) > 1


def _tables(blocking: Sequence[Statement[Operation]]) -> list[frozenset[QualifiedName]]:
    """The whole tables that each of the statements blocks, by the names that they have in the end."""
    return [
        frozenset(_in_the_end(name, place, blocking) for name in transactions.about(each))
        for place, each in enumerate(blocking)
    ]


def _in_the_end(name: QualifiedName, place: int, blocking: Sequence[Statement[Operation]]) -> QualifiedName:
    return transactions.renamed(transactions.whole(name, blocking[place].before), blocking[place:])
