from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard import asking
from migrate_guard.dialects.mysql.lengths import needs_length, needs_prefix
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import AddColumn, AddConstraint, AlterColumn, CreateIndex, CreateTable
from migrate_guard.model.schema import Column, Index, PrimaryKey, Table, UniqueConstraint
from migrate_guard.rule import Problem, Severity, Statement, rule

Subject = (
    Statement[CreateTable]
    | Statement[AddColumn]
    | Statement[AlterColumn]
    | Statement[CreateIndex]
    | Statement[AddConstraint]
)


@rule(
    "MG814",
    on=(
        *(Statement[CreateTable], Statement[AddColumn], Statement[AlterColumn]),
        *(Statement[CreateIndex], Statement[AddConstraint]),
    ),
    severity=Severity.ERROR,
    dialects=("mysql", "mariadb"),
    directions=("upgrade", "downgrade"),
    speaks_first=True,
)
def mysql_missing_length(statement: Subject) -> Iterator[Problem]:
    """Flag a String without a length, and an index on TEXT without one: both are refused."""
    op = statement.op
    match op:
        case CreateTable(table=table):
            for column in table.columns:
                yield from _column(column, table.name, statement)
            for key in table.unique_constraints:
                yield from _key(key.columns, key, table, op, statement)
            if table.primary_key is not None:
                yield from _key(table.primary_key.columns, table.primary_key, table, op, statement)
        case AddColumn(column=column):
            yield from _column(column, op.table, statement)
        case AlterColumn():
            written = op.modify_type or op.existing_type
            if op.redefines and written is not None and needs_length(written):
                yield _nameless(f"{op.table}.{op.column}", op, written.name, ())
        case CreateIndex(index=index):
            if index.method in ("fulltext", "spatial"):
                return
            plain = [each.column for each in index.elements if each.length is None]
            yield from _key([each for each in plain if each], index, statement.before.table(op.table), op, statement)
        case AddConstraint(constraint=UniqueConstraint() | PrimaryKey() as constraint):
            yield from _key(constraint.columns, constraint, statement.before.table(op.table), op, statement)


def _column(column: Column, table: QualifiedName, statement: Subject) -> Iterator[Problem]:
    if needs_length(column.type):
        yield _nameless(f"{table}.{column.name}", statement.op, column.type.name, (), column)


def _nameless(name: str, op: ops.Operation, type_name: str, instead: Instead, column: Column | None = None) -> Problem:
    return Problem(
        asking.hedged(f'"{name}" is {type_name} without a length, which is refused', op),
        column.span if column is not None and not op.is_sql else op.span,
        object=name,
        help="Write how long the longest value is: sa.String(255); or sa.Text(), which has no index without a length.",
        instead=instead,
        confidence=asking.confidence(op),
    )


def _key(
    names: Sequence[str],
    key: UniqueConstraint | PrimaryKey | Index,
    table: Table | None,
    op: ops.Operation,
    statement: Subject,
) -> Iterator[Problem]:
    """A key of whole values of TEXT or BLOB, for which the server wants to be told how much of them counts."""
    columns = [table.column(name) for name in names] if table else []
    is_unique = not isinstance(key, Index) or key.unique
    found = [
        each
        for each in columns
        if each is not None
        and needs_prefix(
            each.type,
            statement.target,
            is_key=isinstance(key, PrimaryKey),
            is_unique=is_unique,
            columns=len(key.columns),
        )
    ]
    if not found or table is None:
        return
    what = f'"{key.name}"' if key.name and not isinstance(key, PrimaryKey) else "the key"
    named = asking.quoted(each.name for each in found)
    yield Problem(
        asking.hedged(
            f"{what} is refused: {named} {'is' if len(found) == 1 else 'are'} {found[0].type}, of which an index has to"
            " be told how much counts",
            op,
        ),
        op.span,
        object=f"{table.name}.{key.name}" if key.name else str(table.name),
        help=f'Pass mysql_length={{"{found[0].name}": 255}}, or give the column a length: sa.String(255).'
        if isinstance(key, Index)
        else f'Give "{found[0].name}" a length: sa.String(255).',
        confidence=asking.confidence(op),
    )
