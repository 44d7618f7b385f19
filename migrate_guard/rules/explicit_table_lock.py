from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.locks import blocked, held, who_waits
from migrate_guard.model.operations import RawSql
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule("MG327", on=Statement[RawSql], severity=Severity.WARNING)
def explicit_table_lock(statement: Statement[RawSql]) -> Iterator[Problem]:
    """Flag a LOCK TABLE in a mode for which the readers or writers of a table in use wait."""
    op, hazards = statement.op, statement.hazards
    tables = blocked(hazards)
    if op.kind != "LOCK TABLE" or not tables:
        return
    first = tables[0]
    message = (
        f"LOCK TABLE takes {held(hazards, first)} on {asking.quoted(map(str, tables))}: {who_waits(hazards, first)}"
        f" wait until {'the tables are unlocked' if hazards.commits else 'the transaction ends'}"
    )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(first),
        help="Leave it out: every statement takes the lock that it needs, and for no longer than it has to.",
        confidence=asking.confidence(op),
    )
