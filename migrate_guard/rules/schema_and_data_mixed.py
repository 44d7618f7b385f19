from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    keeping = _keeping_others(view)
    if not keeping:
        return
    for place, each in enumerate(view.statements):
        change = each.op
        if not isinstance(change, ops.Update | ops.Delete | ops.Insert) or not each.transaction.is_block:
            continue
        found = _blocking(each, place, keeping) if _is_large(each) else None
        if found is None:
            continue
        at, blocking = found
        yield Problem(
            asking.hedged(_message(each, blocking, change.table, is_after=at > place), change),
            each.span,
            object=str(change.table),
            help=transactions.advice(
                each, f'Change the rows of "{change.table}" in one revision and the table in another.'
            ),
            related=(Related(blocking.span, f'what blocks "{change.table}"'),),
            severity=Severity.INFO if _is_told(each, view) or _is_lock_told(each, keeping) else None,
            confidence=min(asking.confidence(change), asking.confidence(blocking.op)),
            direction="upgrade",
        )
        return


def _is_told(statement: Statement[ops.Operation], view: RevisionView) -> bool:
    """Whether the statement is a warning by itself: what it says to write ends this as well."""
    op = statement.op
    if not isinstance(op, ops.Update | ops.Delete) or op.row_loop is not None:
        return True
    return op.where is None or row_changes.whole_because(statement, view) != ""  # type: ignore[arg-type]  # of these


def _is_lock_told(change: Statement[ops.Operation], keeping: Sequence[tuple[int, Statement[ops.Operation]]]) -> bool:
    """Whether what keeps others from the table in the transaction takes long, and is an error by itself."""
    assert isinstance(change.op, ops.TableOperation)
    return any(
        each.transaction.number == change.transaction.number
        and change.op.table in transactions.about(each)
        and transactions.is_long(each)
        for _, each in keeping
    )


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


def _keeping_others(view: RevisionView) -> list[tuple[int, Statement[ops.Operation]]]:
    """The statements that keep others from a table until their transaction ends, with their places."""
    return [
        (place, each)
        for place, each in enumerate(view.statements)
        if each.transaction.is_block
        and each.hazards.is_blocking
        and not each.effects.transactional.is_no
        and not isinstance(each.op, ops.DropTable)
    ]


def _blocking(
    change: Statement[ops.Operation], place: int, keeping: Sequence[tuple[int, Statement[ops.Operation]]]
) -> tuple[int, Statement[ops.Operation]] | None:
    """What keeps others from the table in the transaction of a change: the one before, else the one behind it."""
    assert isinstance(change.op, ops.TableOperation)
    before = [each for each in keeping if each[0] < place]
    for at, each in (*reversed(before), *(each for each in keeping if each[0] > place)):
        if each.transaction.number != change.transaction.number or are_exclusive(each.op, change.op):
            continue
        if change.op.table in transactions.about(each):
            return at, each
    return None


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
