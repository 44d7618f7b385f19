"""The statements that Alembic emits for an operation, each as an operation of its own.

An `add_column` with a foreign key, a unique constraint and an index is four statements; each of them is judged by
itself, and with the locks that those before it hold. Source: `alembic/operations/toimpl.py`, and `alter_column` of
`alembic/ddl/impl.py`, `postgresql.py` and `mysql.py`, Alembic 1.12 to 1.20.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from msgspec.structs import replace

from migrate_guard.dialects.comments import table_comment
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import AnyConstraint, CheckConstraint, Column, ForeignKey, PrimaryKey
from migrate_guard.model.target import DialectName, Target

T = TypeVar("T", bound=ops.Operation)


def emitted(operation: ops.Operation, dialect: DialectName) -> tuple[ops.Operation, ...]:
    """The operations that the database sees, in their order; raw SQL is what it is."""
    if operation.is_sql:
        return (operation,)
    match operation:
        case ops.AddColumn():
            return tuple(_column(operation, dialect))
        case ops.AlterColumn() if dialect == "postgresql":
            return tuple(_changes(operation)) or (operation,)
        case ops.CreateTable():
            return tuple(_table(operation, dialect))
    return (operation,)


def _column(operation: ops.AddColumn, dialect: DialectName) -> Iterator[ops.Operation]:
    """ADD COLUMN comes first; foreign keys, unique constraints, indexes and the comment follow on their own."""
    inline = tuple(each for each in operation.constraints if _is_inline(each, operation, dialect))
    has_comment = operation.column.comment is not None and dialect == "postgresql"
    if len(inline) == len(operation.constraints) and not operation.indexes and not has_comment:
        yield operation
        return
    column = replace(operation.column, comment=None) if has_comment else operation.column
    yield replace(operation, constraints=inline, indexes=(), column=column)
    span, name = operation.span, operation.table
    for constraint in operation.constraints:
        if not _is_inline(constraint, operation, dialect):
            yield _as_part(operation, ops.AddConstraint(span=span, table=name, constraint=constraint))
    for index in operation.indexes:
        yield _as_part(operation, ops.CreateIndex(span=span, table=name, index=index))
    if has_comment:
        yield _column_comment(operation, name, operation.column)


def _column_comment(operation: ops.Operation, table: QualifiedName, column: Column) -> ops.Operation:
    made = ops.AlterColumn(span=operation.span, table=table, column=column.name, modify_comment=column.comment)
    return _as_part(operation, made)


def _as_part(whole: ops.Operation, part: T) -> T:
    """A part under the conditions of the whole."""
    return replace(
        part,
        condition=whole.condition,
        is_guarded=whole.is_guarded,
        is_tolerated=whole.is_tolerated,
        in_autocommit=whole.in_autocommit,
        is_apart=whole.is_apart,
        in_batch=whole.in_batch,
    )


def _is_inline(constraint: AnyConstraint, operation: ops.AddColumn, dialect: DialectName) -> bool:
    """Whether Alembic writes a constraint at the column: a CHECK, with `inline_references` and `inline_primary_key`
    REFERENCES and PRIMARY KEY.

    The CHECK of a type comes by itself; SQLite, which can add none, does without a statement for it.
    """
    if isinstance(constraint, CheckConstraint):
        return not constraint.is_of_type or dialect == "sqlite"
    return isinstance(constraint, PrimaryKey) or (operation.inline_references and isinstance(constraint, ForeignKey))


def _changes(operation: ops.AlterColumn) -> Iterator[ops.AlterColumn]:
    """PostgreSQL gets a statement for each thing that changes, the type first (`PostgresqlImpl.alter_column`)."""
    still = replace(
        operation,
        modify_type=None,
        using=None,
        collation=None,
        modify_nullable=None,
        modify_default=ops.UNSET,
        modify_computed=ops.UNSET,
        modify_identity=ops.UNSET,
        modify_comment=ops.UNSET,
    )
    if operation.modify_type is not None:
        new = operation.modify_type
        yield replace(still, modify_type=new, using=operation.using, collation=operation.collation)
    if operation.modify_nullable is not None:
        yield replace(still, modify_nullable=operation.modify_nullable)
    if operation.modify_default is not ops.UNSET:
        yield replace(still, modify_default=operation.modify_default)
    if operation.modify_computed is not ops.UNSET:
        yield replace(still, modify_computed=operation.modify_computed)
    if operation.modify_identity is not ops.UNSET:
        yield replace(still, modify_identity=operation.modify_identity)
    if operation.modify_comment is not ops.UNSET:
        yield replace(still, modify_comment=operation.modify_comment)


def _table(operation: ops.CreateTable, dialect: DialectName) -> Iterator[ops.Operation]:
    """CREATE TABLE, then a CREATE INDEX for each index of the table; PostgreSQL gets comments after all."""
    table = operation.table
    commented = [each for each in table.columns if each.comment is not None] if dialect == "postgresql" else []
    if not table.indexes and not commented and (table.comment is None or dialect != "postgresql"):
        yield operation
        return
    bare = replace(table, indexes=())
    if dialect == "postgresql":
        columns = tuple(replace(each, comment=None) if each.comment else each for each in table.columns)
        bare = replace(bare, columns=columns)
    yield replace(operation, table=bare)
    for index in table.indexes:
        made = ops.CreateIndex(
            span=operation.span, table=table.name, index=index, if_not_exists=operation.if_not_exists
        )
        yield _as_part(operation, made)
    if dialect == "postgresql" and table.comment is not None:
        sql = table_comment(table.name, table.comment, Target.default(dialect))
        comment = ops.RawSql(span=operation.span, sql=sql, kind="COMMENT ON TABLE", tables=(table.name,))
        yield _as_part(operation, comment)
    yield from (_column_comment(operation, table.name, each) for each in commented)
