from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import in_batches
from migrate_guard.asking.row_changes import Change
from migrate_guard.model.operations import Update
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule


@rule("MG501", on=Revision, severity=Severity.WARNING, yields_to=("MG125",))
def update_without_where(view: RevisionView) -> Iterator[Problem]:
    """Flag an UPDATE without WHERE of a table that has rows: each is written anew, in one transaction."""
    found = [
        each
        for each in row_changes.changes(view)
        if isinstance(each.op, Update) and each.op.where is None and each.op.row_loop is None
    ]
    if found:
        # those of one revision have one way out; the most certain one says it
        first = max(found, key=lambda each: asking.confidence(each.op))
        yield _problem(first, [each for each in found if each is not first], view)


def _problem(statement: Statement[Change], others: list[Statement[Change]], view: RevisionView) -> Problem:
    op = statement.op
    assert isinstance(op, Update)
    added = row_changes.added_columns(view, op.table)
    is_backfill = bool(op.columns) and added.issuperset(op.columns)
    table = statement.before.table(op.table)
    first = table.column(op.columns[0]) if table and len(op.columns) == 1 else None
    guard = op.columns[0] if is_backfill and first and first.nullable and first.default is None else ""
    return Problem(
        asking.hedged(f"{_message(op, is_backfill=is_backfill)}{row_changes.and_others(statement, others)}", op),
        op.span,
        object=str(op.table),
        help=_help(guard, is_backfill=is_backfill),
        instead=in_batches(statement, guard),
        related=row_changes.related(statement, others, "is without WHERE as well"),
        severity=row_changes.severity(view.target, statement),
        confidence=asking.confidence(op),
        direction="upgrade",
    )


def _message(op: Update, *, is_backfill: bool) -> str:
    if is_backfill:
        return (
            f'filling {asking.quoted(op.columns)} writes every row of "{op.table}" in one transaction: each stays'
            " locked until the last is done, and a failure begins again at the first"
        )
    return (
        f'the UPDATE without WHERE writes every row of "{op.table}" in one transaction: each stays locked until the'
        " last is done"
    )


def _help(guard: str, *, is_backfill: bool) -> str:
    if is_backfill:
        kept = f' where "{guard}" IS NULL' if guard else ""
        return (
            f"Fill the rows in batches that commit{kept}; one value for all of them is a server_default= of the column,"
            " which writes no row."
        )
    return "Say which rows are meant; if it is all of them, change them in batches that commit."
