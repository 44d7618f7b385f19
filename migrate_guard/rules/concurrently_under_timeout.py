from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import indexes
from migrate_guard.model.operations import CreateIndex, DropIndex, Operation, RawSql
from migrate_guard.model.statement import Setting
from migrate_guard.rule import Confidence, Problem, Related, Severity, Statement, rule


@rule(
    "MG330",
    on=(Statement[CreateIndex], Statement[DropIndex], Statement[RawSql]),
    severity=Severity.WARNING,
)
def concurrently_under_timeout(
    statement: Statement[CreateIndex] | Statement[DropIndex] | Statement[RawSql],
) -> Iterator[Problem]:
    """Flag a concurrent index build under a timeout, which cancels it and leaves an INVALID index."""
    op = statement.op
    if statement.transaction.is_block or statement.effects.transactional.is_yes or not indexes.is_concurrent(op):
        return
    if indexes.is_on_partitioned(statement) or _is_leftover(op, statement):
        return
    limits = {name: each for name in _TIMEOUTS if (each := statement.timeout(name))}
    if not limits:
        return
    named = " and ".join(f"{name} ({each.value})" if each.value else name for name, each in limits.items())
    ends = "cancels" if len(limits) == 1 else "cancel"
    yield Problem(
        asking.hedged(f"{named} {ends} {indexes.spelled(op)} {_when(limits)}, which leaves {_left(op)}", op),
        op.span,
        object=indexes.about(statement),
        help=f"Lift {' and '.join(limits)} for it.",
        instead=indexes.outside(statement),
        related=tuple(Related(each.span, f"{name} is set here") for name, each in limits.items()),
        confidence=asking.confidence(op) if all(each.value for each in limits.values()) else Confidence.MEDIUM,
    )


_TIMEOUTS = {"lock_timeout": "waits", "statement_timeout": "takes"}


def _is_leftover(op: Operation, statement: Statement[Operation]) -> bool:
    """Whether there is nothing to drop but what a failed build has left."""
    return isinstance(op, DropIndex) and op.if_exists and op.index not in statement.before.carriers


def _when(limits: dict[str, Setting]) -> str:
    return f"when it {' or '.join(_TIMEOUTS[each] for each in limits)} longer"


def _left(op: Operation) -> str:
    match op:
        case CreateIndex(index=index) if index.name:
            return f'"{index.name}" INVALID'
        case DropIndex(index=name):
            return f'"{name}" behind, INVALID'
    return "an INVALID index behind"
