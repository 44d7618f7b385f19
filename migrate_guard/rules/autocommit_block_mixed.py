from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.model.deeds import deed, subject
from migrate_guard.model.instead import AutocommitBlock, OwnRevision
from migrate_guard.model.operations import Operation, SetParameter
from migrate_guard.rule import Problem, Related, Severity, Statement, rule


@rule("MG317", on=Statement[Operation], severity=Severity.WARNING, dialects=("postgresql",))
def autocommit_block_mixed(statement: Statement[Operation]) -> Iterator[Problem]:
    """Flag an autocommit block that commits what stands before it: a failure in it leaves half a revision."""
    commit = statement.commit
    if commit is None:
        return
    first = commit.first
    message = (
        f"the autocommit block commits what stands before it (line {first.span.line} {deed(first)}): "
        "when it fails, the next upgrade begins with that again"
    )
    meant = next((each for each in commit.block if not isinstance(each, SetParameter)), statement.op)
    yield Problem(
        asking.hedged(message, statement.op),
        statement.op.autocommit_block or statement.span,
        object=subject(meant),
        help="Put the block into a revision of its own.",
        instead=(OwnRevision((AutocommitBlock(commit.block),), "what it commits is a revision that is done"),),
        related=(Related(first.span, "committed by the block, and cannot run again"),),
        confidence=min(asking.confidence(statement.op), asking.confidence(first)),
    )
