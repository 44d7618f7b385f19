from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import indexes
from migrate_guard.dialects.effects import builds_concurrently
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import CreateIndex
from migrate_guard.rule import Confidence, Problem, Severity, Statement, rule


@rule(
    "MG301",
    on=Statement[CreateIndex],
    severity=Severity.ERROR,
    yields_to=("MG309",),
)
def index_blocks_writes(statement: Statement[CreateIndex]) -> Iterator[Problem]:
    """Flag an index whose building keeps writers waiting on a table that is in use."""
    op, effects = statement.op, statement.hazards
    building, blocking = effects.builds_index, effects.blocks_writes
    if not (building.is_possible and blocking.is_possible):
        return
    built = f'building "{op.index.name}"' if op.index.name else f"building {_nameless(op)}"
    tables = indexes.with_partitions(op.table, statement.before)
    yield Problem(
        asking.hedged(f"{built} blocks writes to {tables} until it is done", op),
        op.span,
        object=subject(op),
        help=_help(statement),
        instead=indexes.built(statement, op) if builds_concurrently(statement.target) else (),
        confidence=asking.confidence(op) if building.is_yes and blocking.is_yes else Confidence.MEDIUM,
    )


_HELP: Final = "Build it concurrently, in an autocommit block."
_HELP_PARTITIONED: Final = (
    "Build it concurrently on every partition, then on the partitioned table alone, and attach the parts."
)


_HELP_BLOCKING: Final = "Nothing builds such an index while others write: build it at a time at which nobody does."


def _help(statement: Statement[CreateIndex]) -> str:
    if not builds_concurrently(statement.target):
        return _HELP_BLOCKING
    return _HELP_PARTITIONED if indexes.is_partitioned(statement.op.table, statement.before) else _HELP


def _nameless(op: CreateIndex) -> str:
    columns = [each for each in op.index.columns if each]
    return f"an index on {asking.quoted(columns)}" if columns else "an index on an expression"
