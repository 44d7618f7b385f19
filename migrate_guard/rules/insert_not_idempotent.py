from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.model.operations import Insert, Operation
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule


@rule("MG508", on=Revision, severity=Severity.INFO, default=False, yields_to=("MG125", "MG504"))
def insert_not_idempotent(view: RevisionView) -> Iterator[Problem]:
    """Flag an INSERT into a table that has rows which does not mind whether they are there already."""
    for statement in view.statements:
        op = statement.op
        if not isinstance(op, Insert) or op.skips_present or op.rows == () or op.row_loop is not None:
            continue
        if op.is_guarded or op.is_tolerated or not _may_be_there(statement, op):
            continue
        yield Problem(
            asking.hedged(f'the INSERT into "{op.table}" fails, or doubles its rows, where they are there already', op),
            op.span,
            object=str(op.table),
            help=_help(statement, op),
            confidence=asking.confidence(op),
            direction="upgrade",
        )


def _may_be_there(statement: Statement[Operation], op: Insert) -> bool:
    if op.table.name == statement.environment.version_table or row_changes.is_of_catalog(op.table):
        return False
    return statement.has_rows(op.table)


def _help(statement: Statement[Operation], op: Insert) -> str:
    if statement.target.dialect in ("mysql", "mariadb"):
        return "Write INSERT … ON DUPLICATE KEY UPDATE, or ask for the rows first."
    table = statement.before.table(op.table)
    key = table.primary_key.columns if table and table.primary_key else ()
    unique = next((each.columns for each in table.unique_constraints), key) if table else ()
    named = f" ({', '.join(unique)})" if unique else ""
    return f"End it with ON CONFLICT{named} DO NOTHING, or ask for the rows first."
