"""Alembic's directives for tables, as operations."""

from __future__ import annotations

from collections.abc import Sequence

from migrate_guard.dialects.comments import table_comment
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.reading import ddl_tables, sqltypes
from migrate_guard.reading.arguments import Arguments
from migrate_guard.reading.calls import Call
from migrate_guard.reading.values import HOLE, ColumnValue, ConstraintValue, IndexValue, TableValue, Value


def create_table(a: Arguments) -> Value:
    name = a.table()
    if name is None:
        return Unknown("a table whose name is not known", a.call.span)
    machine = a.call.machine
    parts = _flat(a.rest)
    columns = [each for each in parts if isinstance(each, ColumnValue)]
    constraints = [each for each in parts if isinstance(each, ConstraintValue)]
    indexes = [each for each in parts if isinstance(each, IndexValue)]
    is_open = any(isinstance(each, Unknown) for each in parts) or any(HOLE in each.name for each in columns)
    columns = [each for each in columns if HOLE not in each.name]
    _create_enums(a.call, columns)
    made = ddl_tables.table(machine, name, columns, constraints, indexes, a.call.span, a.values, is_open=is_open)
    missing = a.flag("if_not_exists")
    machine.emit(ddl_tables.creation(machine, made, a.values, a.call.span, if_not_exists=missing))
    return TableValue(name, columns, constraints, indexes, a.call.span, a.values)


def _flat(values: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        found.extend(value if isinstance(value, list | tuple) else [value])
    return found


def _create_enums(call: Call, columns: Sequence[ColumnValue]) -> None:
    """Emit CREATE TYPE for the enums that creating a table with these columns makes."""
    machine = call.machine
    for enum, condition in sqltypes.enums_of(machine, columns):
        # one connection remembers which types its tables have made (`_check_for_name_in_memos` of SQLAlchemy)
        if enum.name not in machine.enums_made:
            machine.enums_made.add(enum.name)
            machine.emit(ops.CreateEnum(span=enum.span, enum=enum, condition=condition))


def drop_table(a: Arguments) -> Value:
    name = a.table()
    if name is not None:
        a.call.machine.emit(ops.DropTable(span=a.call.span, table=name, if_exists=a.flag("if_exists")))
    return None


def rename_table(a: Arguments) -> Value:
    old, new = a.table("old_table_name"), a.text("new_table_name")
    if old is None:
        return None
    if new is None:
        a.opaque("the new name", a.get("new_table_name"), old)
        return None
    a.call.machine.emit(ops.RenameTable(span=a.call.span, table=old, new_name=QualifiedName(new, old.schema)))
    return None


def comment_table(a: Arguments) -> Value:
    name = a.table()
    if name is not None:
        comment = None if a.directive == "drop_table_comment" else a.get("comment", "")
        sql = table_comment(name, comment, a.call.machine.target) if isinstance(comment, str | None) else ""
        sql = "" if HOLE in sql else sql
        a.call.machine.emit(ops.RawSql(span=a.call.span, sql=sql, kind="COMMENT ON TABLE", tables=(name,)))
    return None
