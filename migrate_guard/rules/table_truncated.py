from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.locks import blocked, held, who_waits
from migrate_guard.model.operations import RawSql
from migrate_guard.rule import Problem, Severity, Statement, rule


@rule("MG329", on=Statement[RawSql], severity=Severity.WARNING)
def table_truncated(statement: Statement[RawSql]) -> Iterator[Problem]:
    """Flag a TRUNCATE of a table that is in use: its rows are lost, and everybody waits."""
    op, hazards = statement.op, statement.hazards
    tables = blocked(hazards)
    if op.kind != "TRUNCATE" or not tables:
        return
    named = [each for each in tables if each in op.tables] or list(tables)
    others = [each for each in tables if each not in named]
    along = f", and with CASCADE of {asking.quoted(map(str, others))}" if others else ""
    message = (
        f"TRUNCATE takes every row of {asking.quoted(map(str, named))}{along}, under {held(hazards, named[0])}:"
        f" {who_waits(hazards, named[0])} wait until {'it is done' if hazards.commits else 'the transaction ends'}"
    )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(named[0]),
        help="Delete the rows in batches outside of the migration, or drop the table in a revision after the code that"
        " uses it is gone.",
        confidence=asking.confidence(op),
    )
