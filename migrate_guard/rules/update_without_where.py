from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import in_batches
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Update
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, Related, RevisionView, Severity, Statement, rule


@rule("MG501", on=Revision, severity=Severity.WARNING, yields_to=("MG125",))
def update_without_where(view: RevisionView) -> Iterator[Problem]:
    """Flag an UPDATE without WHERE of a table that has rows: each is written anew, in one transaction."""
    found: dict[QualifiedName, list[Statement[Update]]] = {}
    for each in row_changes.changes(view):
        if isinstance(each.op, Update) and each.op.where is None and each.op.row_loop is None:
            found.setdefault(each.op.table, []).append(each)  # type: ignore[arg-type]  # of this operation
    for statements in found.values():
        yield _problem(statements[0], statements[1:], view)


def _problem(statement: Statement[Update], others: list[Statement[Update]], view: RevisionView) -> Problem:
    op = statement.op
    added = row_changes.added_columns(view, op.table)
    is_backfill = bool(op.columns) and added.issuperset(op.columns)
    table = statement.before.table(op.table)
    first = table.column(op.columns[0]) if table and len(op.columns) == 1 else None
    guard = op.columns[0] if is_backfill and first and first.nullable and first.default is None else ""
    return Problem(
        asking.hedged(_message(op, is_backfill=is_backfill), op),
        op.span,
        object=str(op.table),
        help=_help(guard, is_backfill=is_backfill),
        instead=in_batches(statement, guard),
        related=tuple(Related(each.op.span, "once more") for each in others if each.op.span != op.span),
        severity=row_changes.severity(view.target),
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
