from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import locks, row_changes, transactions
from migrate_guard.history.grouping import are_exclusive
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, Related, RevisionView, Severity, Statement, rule


@rule("MG505", on=Revision, severity=Severity.WARNING, yields_to=("MG326",), dialects=("postgresql",))
def schema_and_data_mixed(view: RevisionView) -> Iterator[Problem]:
    """Flag changes of many rows in one transaction with what keeps others from the table."""
    said: set[QualifiedName] = set()
    for place, each in enumerate(view.statements):
        change = each.op
        if not isinstance(change, ops.Update | ops.Delete | ops.Insert) or change.table in said:
            continue
        if not _is_large(each) or not each.transaction.is_block:
            continue
        blocking = _blocking(each, place, view)
        if blocking is None or said:
            continue
        said.add(change.table)
        is_after = view.statements.index(blocking) > place
        yield Problem(
            asking.hedged(_message(each, blocking, change.table, is_after=is_after), change),
            each.span,
            object=str(change.table),
            help=transactions.advice(
                each, f'Change the rows of "{change.table}" in one revision and the table in another.'
            ),
            related=(Related(blocking.span, f'what blocks "{change.table}"'),),
            severity=Severity.INFO if _is_told(each, view) else row_changes.severity(view.target),
            confidence=min(asking.confidence(change), asking.confidence(blocking.op)),
            direction="upgrade",
        )


def _is_told(statement: Statement[ops.Operation], view: RevisionView) -> bool:
    """Whether the statement is a warning by itself: what it says to write ends this as well."""
    op = statement.op
    if not isinstance(op, ops.Update | ops.Delete) or op.row_loop is not None:
        return True
    return op.where is None or row_changes.whole_because(statement, view) != ""  # type: ignore[arg-type]  # of these


def _is_large(statement: Statement[ops.Operation]) -> bool:
    """Whether a statement changes more rows of a table in use than a key picks, or is repeated for each row."""
    op = statement.op
    assert isinstance(op, ops.Update | ops.Delete | ops.Insert)
    if not row_changes.is_in_use(statement, op.table):
        return False
    if op.row_loop is not None:
        return not (op.row_loop.query.is_limited or op.row_loop.query.is_grouped)
    if isinstance(op, ops.Insert):
        return any(row_changes.is_in_use(statement, each) for each in op.reads) and op.predicate is None
    return not row_changes.is_by_key(op.where, statement.before.table(op.table))


def _blocking(change: Statement[ops.Operation], place: int, view: RevisionView) -> Statement[ops.Operation] | None:
    """The statement of the transaction that keeps others from the table: the one before, else the one behind it."""
    assert isinstance(change.op, ops.TableOperation)
    table, number = change.op.table, change.transaction.number
    found = [
        each
        for each in (*view.statements[:place][::-1], *view.statements[place + 1 :])
        if each.transaction.number == number
        and each.transaction.is_block
        and each.hazards.is_blocking
        and not each.effects.transactional.is_no
        and not isinstance(each.op, ops.DropTable)
        and table in transactions.about(each)
        and not are_exclusive(each.op, change.op)
    ]
    return found[0] if found else None


def _message(
    change: Statement[ops.Operation], blocking: Statement[ops.Operation], table: QualifiedName, *, is_after: bool
) -> str:
    mode = transactions.lock_on(blocking.hazards, table)
    line = f"line {blocking.span.line}"
    if is_after:
        return (
            f'the rows of "{table}" that this changes stay locked until {line} has {mode} on the table: a writer that'
            " waits for one of them waits for that, too, and one of both ends in a deadlock"
        )
    who = locks.who_waits(blocking.hazards, table)
    return (
        f'these rows of "{table}" are changed while {mode} on it is held since {line}:'
        f" {who} wait until the transaction ends"
    )
