from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import indexes
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import CreateIndex, DropIndex
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG318", on=Revision, severity=Severity.INFO)
def invalid_index_kept(view: RevisionView) -> Iterator[Problem]:
    """Flag IF NOT EXISTS with CONCURRENTLY, which keeps an INVALID index of a failed build."""
    dropped: set[str] = set()
    for statement in view.statements:
        op = statement.op
        if isinstance(op, DropIndex):
            dropped.add(op.index.name)
        if not isinstance(op, CreateIndex) or not (op.concurrently and op.if_not_exists):
            continue
        if op.index.name is None or op.index.name in dropped or not statement.hazards.builds_index.is_possible:
            continue
        if statement.transaction.is_block or indexes.is_on_partitioned(statement):
            continue
        message = f'IF NOT EXISTS keeps the INVALID "{op.index.name}" that a build leaves behind when it fails'
        yield Problem(
            asking.hedged(message, op),
            op.span,
            object=subject(op),
            help="Drop what a failed build has left, then build the index.",
            instead=indexes.built(statement, op),
            confidence=asking.confidence(op),
        )
