from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import BATCH, walk
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Delete, Insert, Operation, Update
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import Confidence, Problem, Related, RevisionView, Severity, Statement, rule


@rule("MG504", on=Revision, severity=Severity.WARNING, yields_to=("MG125",))
def row_by_row_loop(view: RevisionView) -> Iterator[Problem]:
    """Flag a loop over the rows of a table that sends a statement for each of them."""
    loops: dict[Span, list[Statement[Operation]]] = {}
    for each in view.statements:
        loop = each.op.row_loop
        if loop is not None and isinstance(each.op, Insert | Update | Delete) and _is_about_rows(each, view):
            loops.setdefault(loop.span, []).append(each)
    for statements in loops.values():
        yield _problem(statements[0], view, len({each.span for each in statements}))


def _is_about_rows(statement: Statement[Operation], view: RevisionView) -> bool:
    """Whether a statement is sent for each of the rows of a table in use, and writes to one that is."""
    op = statement.op
    if op.row_loop is None or not isinstance(op, Insert | Update | Delete) or op.table.name == "":
        return False
    query = op.row_loop.query
    if query.is_limited or query.is_grouped or any(row_changes.is_of_catalog(each) for each in query.tables):
        return False
    schema = row_changes.schema_before(view)
    read = [each for each in query.tables if row_changes.is_used_before(each, view)]
    if any(row_changes.is_by_key(query.where, schema.table(each) if schema else None) for each in read):
        return False
    return bool(read) and op.table not in statement.small


def _problem(statement: Statement[Operation], view: RevisionView, count: int) -> Problem:
    op = statement.op
    assert op.row_loop is not None
    assert isinstance(op, Insert | Update | Delete)
    read = next(each for each in op.row_loop.query.tables if row_changes.is_used_before(each, view))
    deed = {Insert: "INSERT into", Update: "UPDATE of", Delete: "DELETE from"}[type(op)]
    more = f" and {count - 1} more" if count > 1 else ""
    condition = op.condition or ""
    is_sure = condition.startswith("for each") and ", " not in condition
    return Problem(
        f'the loop over the rows of "{read}" sends one {deed} "{op.table}"{more} for each of them: a round trip a row,'
        " in one transaction"
        if statement.transaction.is_block
        else f'the loop over the rows of "{read}" sends one {deed} "{op.table}"{more} for each of them: a round trip a'
        " row",
        op.span,
        object=str(op.table),
        help=_help(statement, op, read),
        related=(Related(op.row_loop.span, "the rows it goes over"),) if op.row_loop.span.line != op.span.line else (),
        severity=row_changes.severity(view.target),
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
        direction="upgrade",
    )


def _help(statement: Statement[Operation], op: Insert | Update | Delete, read: QualifiedName) -> str:
    by = walk(read, statement.before.table(read), statement)
    table, key = (by.table, by.key) if by else (asking.quoted([str(read)]).strip('"'), "the key")
    batch = f"SELECT … FROM {table} WHERE {key} > :last ORDER BY {key} LIMIT {BATCH}"
    match op:
        case Update(columns=columns):
            columns_set = ", ".join(f"{each} = …" for each in columns[:3]) or "…"
            whole = f"UPDATE {op.table} SET {columns_set} WHERE {key} BETWEEN :first AND :last"
        case Delete():
            whole = f"DELETE FROM {op.table} WHERE {key} BETWEEN :first AND :last"
        case _:
            whole = f"INSERT INTO {op.table} (…) SELECT … FROM {table} WHERE {key} BETWEEN :first AND :last"
    return (
        f"Let the database do it for a range of keys at once: {whole}. What only Python can compute, take in batches"
        f" ({batch}) and write with one execute() of a list of parameters for each."
    )
