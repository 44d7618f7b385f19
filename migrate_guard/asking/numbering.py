"""What numbers a column goes on numbering the one that takes its place."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.dialects.quoting import qualified, quoted
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, Expression, Schema, Table
from migrate_guard.model.statement import Statement


def handed_over(statement: Statement[ops.Operation], table: Table, old: Column, new: Column) -> Iterator[ops.Operation]:
    """Before the old column is dropped: its sequence changes hands; that of a new identity column goes on from it.

    Adding the identity locks the table, so that nobody takes a number in between.
    """
    span, sequence = statement.op.span, sequence_of(table, old, statement.before)
    target = statement.target
    if old.is_identity:
        yield ops.AlterColumn(
            span=span,
            table=table.name,
            column=new.name,
            modify_identity=True,
            is_always_identity=old.is_always_identity,
        )
        made = _literal(statement, sequence_of(table, new, statement.before))
        sql = f"SELECT setval({made}, nextval({_literal(statement, sequence)}), false)"
        yield ops.RawSql(span=span, is_sql=True, sql=sql, kind="SELECT")
    elif _owns_sequence(table, old, statement.before):
        if new.type.name != old.type.name and new.type.name == "BIGINT":
            # that of SERIAL ends where the old type does
            wider = f"ALTER SEQUENCE {qualified(sequence, target)} AS bigint"
            yield ops.RawSql(span=span, is_sql=True, sql=wider, kind="ALTER SEQUENCE", objects=(sequence,))
        owner = f"{qualified(table.name, target)}.{quoted(new.name, target)}"
        sql = f"ALTER SEQUENCE {qualified(sequence, target)} OWNED BY {owner}"
        yield ops.RawSql(span=span, is_sql=True, sql=sql, kind="ALTER SEQUENCE OWNED BY", objects=(sequence,))


def numbered(statement: Statement[ops.Operation], table: Table, old: Column, new: Column) -> Iterator[ops.Operation]:
    """After the new column has got the name of the old one: its default, or the name of its sequence."""
    span, sequence, default = statement.op.span, sequence_of(table, old, statement.before), old.default
    if old.is_identity:
        made = sequence_of(table, new, statement.before)
        sql = f"ALTER SEQUENCE {qualified(made, statement.target)} RENAME TO {quoted(sequence.name, statement.target)}"
        yield ops.RawSql(span=span, is_sql=True, sql=sql, kind="ALTER SEQUENCE RENAME TO", objects=(made, sequence))
        return
    if default is None and old.is_serial:
        default = Expression(f"nextval({_literal(statement, sequence)}::regclass)", functions=("nextval",))
    if default is not None:
        yield ops.AlterColumn(span=span, table=table.name, column=old.name, modify_default=default)


def sequence_of(table: Table, column: Column, schema: Schema) -> QualifiedName:
    """The sequence that a column owns, else the one that SERIAL and identity make for it."""
    owned = (each.name for each in schema.sequences.values() if each.owned_by == (table.name, column.name))
    return next(owned, QualifiedName(column.sequence_in(table.name), table.name.schema))


def _owns_sequence(table: Table, column: Column, schema: Schema) -> bool:
    owners = (each.owned_by for each in schema.sequences.values())
    return column.is_serial or (table.name, column.name) in owners


def _literal(statement: Statement[ops.Operation], sequence: QualifiedName) -> str:
    """The name of a sequence as functions take it."""
    return "'" + qualified(sequence, statement.target).replace("'", "''") + "'"
