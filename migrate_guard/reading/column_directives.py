"""Alembic's directives for columns, as operations."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.schema import Expression, ForeignKey, PrimaryKey, Type
from migrate_guard.reading import clauses, ddl, ddl_tables, sqltypes
from migrate_guard.reading.arguments import Arguments
from migrate_guard.reading.batch import recreates
from migrate_guard.reading.calls import CallEvaluator
from migrate_guard.reading.constructs import as_type
from migrate_guard.reading.naming import with_names
from migrate_guard.reading.values import HOLE, ColumnValue, Generated, Value


def add_column(a: Arguments) -> Value:
    name = a.table()
    if name is None:
        return None
    value = a.get("column")
    if not isinstance(value, ColumnValue) or HOLE in value.name:
        a.opaque("the column", value, name)
        return None
    key = [value.name] if value.option("primary_key") is True else []
    made, constraints, indexes = ddl.column(
        a.call.machine, value, name, numbers_itself=ddl_tables.numbers_itself(a.call.machine, value, key)
    )
    if a.call.machine.target.dialect == "sqlite" and (a.batch is None or a.batch.recreate == "never"):
        # Alembic leaves such a CHECK out, with a warning: SQLiteImpl.add_constraint
        checks = ddl.type_check(a.call.machine, value, name)
        constraints = tuple(each for each in constraints if each not in checks)
    is_copied = a.batch is not None and (a.batch.is_recreated or recreates(a))
    known = a.call.machine.schema.table(name)
    if key and (a.flag("inline_primary_key") or (is_copied and known is not None and known.primary_key is None)):
        constraints = (PrimaryKey(name=None, columns=tuple(key), span=value.span), *constraints)
    added = ops.AddColumn(
        span=a.call.span,
        table=name,
        column=made,
        constraints=constraints,
        indexes=indexes,
        if_not_exists=a.flag("if_not_exists"),
        inline_references=a.flag("inline_references"),
        is_key_left_out=bool(key) and not a.flag("inline_primary_key") and not is_copied,
    )
    a.call.machine.emit(_named_inline(added, a.call.machine))
    return None


def _named_inline(added: ops.AddColumn, machine: CallEvaluator) -> ops.Operation:
    """At the column Alembic writes no name: `inline_references` and `inline_primary_key` of `alembic/ddl/base.py`."""
    if not added.inline_references and not any(isinstance(each, PrimaryKey) for each in added.constraints):
        return added
    nameless = tuple(
        replace(each, name=None, is_inline=machine.target.dialect == "sqlite")
        if added.inline_references and isinstance(each, ForeignKey)
        else each
        for each in added.constraints
    )
    return with_names(replace(added, constraints=nameless), machine.schema, machine.target.dialect)


def drop_column(a: Arguments) -> Value:
    name = a.table()
    if name is None:
        return None
    column = a.get("column_name", a.get("column"))
    column = column.name if isinstance(column, ColumnValue) else column
    if not isinstance(column, str) or HOLE in column:
        a.opaque("the column", column, name)
        return None
    a.call.machine.emit(ops.DropColumn(span=a.call.span, table=name, column=column, if_exists=a.flag("if_exists")))
    return None


def alter_column(a: Arguments) -> Value:
    name = a.table()
    if name is None:
        return None
    given = a.get("column_name")
    if isinstance(given, ColumnValue):
        # sa.Column() where the name belongs: without a keyword Alembic emits nothing.
        column: str | None = given.name
    else:
        column = a.text("column_name")
    if column is None:
        a.opaque("the column", given, name)
        return None
    machine, values = a.call.machine, a.values
    default = values.get("server_default", False)
    generated = default if isinstance(default, Generated) else None
    existing = values.get("existing_server_default", False)
    ends_identity = default is None and isinstance(existing, Generated) and existing.kind == "identity"
    operation = ops.AlterColumn(
        span=a.call.span,
        table=name,
        column=column,
        existing_type=_type(a, "existing_type"),
        existing_nullable=_boolean(values.get("existing_nullable")),
        existing_default=_default(existing),
        existing_comment=_comment(values.get("existing_comment", False)),
        modify_type=_type(a, "type_"),
        modify_nullable=_boolean(values.get("nullable")),
        modify_default=ops.UNSET if generated or ends_identity else _default(default),
        modify_comment=_comment(values.get("comment", False)),
        modify_identity=False if ends_identity else generated.kind == "identity" if generated else ops.UNSET,
        is_always_identity=generated is not None and generated.kind == "identity" and ddl.is_always(generated),
        modify_computed=clauses.clause(generated.args[0])
        if generated and generated.kind == "computed" and generated.args
        else ops.UNSET,
        using=clauses.clause(values.get("postgresql_using")),
        collation=ddl.collation(as_type(a.call, values.get("type_"))),
    )
    if machine.target.dialect in _TOLD_ANEW:
        operation = _told_anew(a, operation)
    is_change = _changes(operation)
    if is_change:
        machine.emit(operation)
    if values.get("new_column_name") is not None:
        new = a.text("new_column_name")
        if new is None:
            a.opaque("the new name", values.get("new_column_name"), name)
        elif new != column:
            machine.emit(
                ops.RenameColumn(
                    span=a.call.span,
                    table=name,
                    column=column,
                    new_name=new,
                    existing_type=operation.existing_type,
                    existing_nullable=operation.existing_nullable,
                    existing_default=operation.existing_default,
                    existing_comment=operation.existing_comment,
                    collation=operation.collation,
                    redefines=machine.target.dialect in _TOLD_ANEW and not is_change,
                    is_serial=operation.is_serial,
                )
            )
    return None


_TOLD_ANEW: Final = ("mysql", "mariadb")


def _told_anew(a: Arguments, operation: ops.AlterColumn) -> ops.AlterColumn:
    """The change as MySQL gets it: a MODIFY or CHANGE of the whole column, or an ALTER COLUMN … SET DEFAULT.

    `MySQLImpl.alter_column` of `alembic/ddl/mysql.py`, 1.12 to 1.20: CHANGE also for whatever is a date with a time,
    unless the default is to go.
    """
    numbered = a.get("autoincrement", a.get("existing_autoincrement"))
    written = operation.modify_type or operation.existing_type
    is_moment = written is not None and written.name.partition("(")[0] in ("DATETIME", "TIMESTAMP")
    return replace(
        operation,
        collation=ddl.collation(as_type(a.call, a.get("type_", a.get("existing_type")))),
        redefines=a.get("autoincrement") is not None
        or operation.modify_nullable is not None
        or operation.modify_type is not None
        or operation.modify_comment is not ops.UNSET
        or (is_moment and a.get("server_default", False) is not None),
        is_serial=numbered is True,
    )


def _changes(operation: ops.AlterColumn) -> bool:
    unset = (operation.modify_default, operation.modify_comment, operation.modify_identity, operation.modify_computed)
    return (
        operation.redefines
        or operation.modify_type is not None
        or operation.modify_nullable is not None
        or any(each is not ops.UNSET for each in unset)
    )


def _type(a: Arguments, parameter: str) -> Type | None:
    if a.get(parameter) is None:
        return None
    value = as_type(a.call, a.get(parameter))
    return sqltypes.column_type(a.call.machine, value)


def _boolean(value: Value) -> bool | None:
    return value if isinstance(value, bool) else None


def _default(value: Value) -> Expression | ops.Unset | None:
    return ops.UNSET if value is False else clauses.server_default(value)


def _comment(value: Value) -> str | ops.Unset | None:
    if value is None or (isinstance(value, str) and HOLE not in value):
        return value
    return ops.UNSET
