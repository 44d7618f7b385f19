from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import row_changes
from migrate_guard.asking.batches import BATCH, sent_in_batches, walk
from migrate_guard.model.instead import Instead, Note
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Delete, Insert, Operation, Update
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Confidence, Problem, Related, RevisionView, Severity, Statement, rule


@rule("MG504", on=Revision, severity=Severity.WARNING, yields_to=("MG125",))
def row_by_row_loop(view: RevisionView) -> Iterator[Problem]:
    """Flag a loop over the rows of a table that sends a statement for each of them."""
    found = [each for each in view.statements if _is_sent_for_each(each, view)]
    if found:
        # those of one revision have one way out; the most certain one says it
        first = max(found, key=lambda each: (_is_certain(each), _is_for_most(each), -each.span.line))
        yield _problem(first, [each for each in found if each is not first], view)


def _is_sent_for_each(statement: Statement[Operation], view: RevisionView) -> bool:
    """Whether a statement is sent for each of the rows of a table in use, and writes to one that is not small."""
    op = statement.op
    if op.row_loop is None or not isinstance(op, Insert | Update | Delete) or op.table.name == "":
        return False
    if isinstance(op, Insert) and op.is_flushed:
        return False
    return row_changes.read_in_full(op.row_loop.query, view) is not None and op.table not in statement.small


def _is_certain(statement: Statement[Operation]) -> bool:
    """Whether nothing but the loop decides that it is sent."""
    condition = statement.op.condition or ""
    return condition.startswith("for each") and _WITHIN.search(condition) is None


_WITHIN: Final = lazily(r", (if|unless|while|for each) ")
"""A condition of the SQL itself behind that of the script."""
_OF_VALUES: Final = lazily(r"(if|unless) (not )?\w+(\.\w+|\[['\"]?\w+['\"]?\])( is( not)? None)?")
"""Whether a row has a value, which a WHERE would ask by IS NULL."""


def _is_for_most(statement: Statement[Operation]) -> bool:
    """Whether it is sent for every row, or for those with a value: Python picks no others by what it finds in them."""
    return _is_certain(statement) or _OF_VALUES.fullmatch(statement.op.condition or "") is not None


def _problem(statement: Statement[Operation], others: list[Statement[Operation]], view: RevisionView) -> Problem:
    op = statement.op
    assert op.row_loop is not None
    assert isinstance(op, Insert | Update | Delete)
    read = row_changes.read_in_full(op.row_loop.query, view)
    assert read is not None
    deed = {Insert: "INSERT into", Update: "UPDATE of", Delete: "DELETE from"}[type(op)]
    within = ", in one transaction" if statement.transaction.is_block else ""
    loop, is_for_most = op.row_loop.span, _is_for_most(statement)
    picked = "" if is_for_most else f" {op.condition}"
    return Problem(
        f'the loop over the rows of "{read}" sends one {deed} "{op.table}" for each of them{picked}:'
        f" a round trip a row{within}{row_changes.and_others(statement, others)}",
        op.span,
        object=str(read),
        help=_help(statement, op, read),
        instead=_instead(statement, others, read),
        related=(
            *((Related(loop, "the rows it goes over"),) if loop.line != op.span.line else ()),
            *row_changes.related(statement, others, "is sent for each row as well"),
        ),
        severity=row_changes.severity(view.target, statement) if is_for_most else Severity.INFO,
        confidence=Confidence.HIGH if _is_certain(statement) else Confidence.MEDIUM,
        direction="upgrade",
    )


def _instead(statement: Statement[Operation], others: list[Statement[Operation]], read: QualifiedName) -> Instead:
    """The loop in batches, where it does nothing else."""
    by = walk(read, statement.before.table(read), statement.target)
    written = sent_in_batches(statement, by) if by and not others and _is_certain(statement) else ()
    assert statement.op.row_loop is not None
    line = statement.op.row_loop.span.line
    return (Note(f"in place of the loop of line {line}"), *written) if written else ()


def _help(statement: Statement[Operation], op: Insert | Update | Delete, read: QualifiedName) -> str:
    by = walk(read, statement.before.table(read), statement.target)
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
