from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeGuard

from migrate_guard import asking
from migrate_guard.asking import scripts
from migrate_guard.model.facts import TransactionAction, TransactionCall
from migrate_guard.model.operations import Operation, RawSql
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

_ENDING: Final = frozenset({"COMMIT", "END", "ROLLBACK", "ABORT", "COMMIT PREPARED", "PREPARE TRANSACTION"})
_BEGINNING: Final = frozenset({"BEGIN", "START TRANSACTION"})
_BLOCK: Final = (
    "What cannot run in a transaction stands in with op.get_context().autocommit_block(), what may fail by itself in "
    "with op.get_bind().begin_nested()."
)
_BEHIND: Final = (
    "ends the transaction of the migration behind Alembic's back: when a later statement fails, what stands before it "
    "stays, and the version table does not know it"
)
_HAPPENS: Final[dict[TransactionAction, str]] = {
    "commit": (
        "ends the transaction that Alembic has begun: what follows, the row in the version table with it, runs in one "
        "that nobody commits"
    ),
    "driver commit": _BEHIND,
    "rollback": (
        "takes back all that the transaction has done so far, of earlier revisions too, and nobody commits what follows"
    ),
    "begin": "is refused by SQLAlchemy 2.0: the connection is in the transaction that Alembic has begun",
    "engine": (
        "works on a connection of its own: it waits for locks that the migration holds, does not see what it has done, "
        "and stays when the migration is rolled back"
    ),
}
_HELP: Final[dict[TransactionAction, str]] = {
    "commit": _BLOCK,
    "driver commit": _BLOCK,
    "rollback": _BLOCK,
    "begin": "Leave it out: the migration runs in a transaction already; begin_nested() makes a savepoint.",
    "engine": "Execute it on op.get_bind(); what cannot run in a transaction, in op.get_context().autocommit_block().",
}


@rule("MG124", on=Revision, severity=Severity.WARNING)
def manual_transaction_control(view: RevisionView) -> Iterator[Problem]:
    """Flag what ends or begins a transaction by hand: the migration's belongs to Alembic."""
    for fact, direction in scripts.facts(view, TransactionCall):
        yield Problem(
            scripts.hedged(f"{fact.call} {_HAPPENS[fact.action]}", fact),
            fact.span,
            object=fact.call,
            help=_HELP[fact.action],
            confidence=scripts.confidence(fact),
            direction=direction,
        )
    for run in scripts.runs(view):
        sent = [each.operation for each in run.transitions if _is_control(each.operation)]
        is_ended = any(each.kind in _ENDING for each in sent)
        for op in sent:
            # a BEGIN that a COMMIT answers is the same slip
            if op.kind in _ENDING or not is_ended:
                yield Problem(
                    asking.hedged(f"{op.kind} {_sent(op.kind)}", op),
                    op.span,
                    object=op.kind,
                    help=_BLOCK,
                    confidence=asking.confidence(op),
                    direction=run.direction,
                )


def _is_control(op: Operation) -> TypeGuard[RawSql]:
    """Whether it is SQL that ends or begins a transaction of the migration; a savepoint is none."""
    if not isinstance(op, RawSql) or op.is_apart or op.kind not in _ENDING | _BEGINNING:
        return False
    return not (op.kind in ("ROLLBACK", "ABORT") and " TO " in op.sql.upper())


def _sent(kind: str) -> str:
    if kind in _BEGINNING:
        return "begins no transaction: the migration runs in the one that Alembic has begun"
    return _BEHIND
