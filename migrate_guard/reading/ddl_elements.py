"""DDL elements of SQLAlchemy, which are executed like statements: `CreateTable(table)`, `AddConstraint(constraint)`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrate_guard.dialects.quoting import quoted
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import constraint_kind
from migrate_guard.reading import ddl, ddl_tables
from migrate_guard.reading.calls import Call
from migrate_guard.reading.computing import is_set
from migrate_guard.reading.schema_objects import create_or_drop_sequence
from migrate_guard.reading.storage import index_storage
from migrate_guard.reading.values import (
    HOLE,
    ConstraintValue,
    Generated,
    IndexValue,
    SqlType,
    TableValue,
    Value,
)


def execute_element(call: Call, element: SqlType) -> bool:
    """Emit what executing a DDL element does; False where it is none that is known."""
    handle = _HANDLERS.get(element.class_name)
    subject = element.args[0] if element.args else element.kwargs.get("element")
    return handle is not None and handle(call, element, subject)


def call_index(receiver: IndexValue, call: Call) -> Value:
    """`Index.create()` and `Index.drop()`."""
    checks = call.get(1, "checkfirst") is True
    match call.name:
        case "create":
            create_index(call, receiver, if_not_exists=checks)
        case "drop":
            drop_index(call, receiver, if_exists=checks)
    return None


def create_index(call: Call, value: IndexValue, *, if_not_exists: bool) -> None:
    table = _table_of_index(call, value)
    if table is None:
        call.machine.opaque(call.span, "the table of the index is not known", may_create=False)
        return
    call.machine.emit(
        ops.CreateIndex(
            span=call.span,
            table=table,
            index=ddl.index(call.machine, value, table),
            concurrently=is_set(value.options.get("postgresql_concurrently")),
            if_not_exists=if_not_exists,
            storage=index_storage(value.options, call.machine.target),
        )
    )


def drop_index(call: Call, value: IndexValue, *, if_exists: bool) -> None:
    table = _table_of_index(call, value)
    name = ddl.index(call.machine, value, table).name if table else value.name
    if not isinstance(name, str) or HOLE in name:
        call.machine.opaque(call.span, "the name of the index is not known", may_create=False)
        return
    call.machine.emit(
        ops.DropIndex(
            span=call.span,
            index=QualifiedName(name, table.schema) if table else call.machine.qualified(name),
            table=table,
            concurrently=is_set(value.options.get("postgresql_concurrently")),
            if_exists=if_exists,
        )
    )


def _table_of_index(call: Call, value: IndexValue) -> QualifiedName | None:
    """The table of an index: the one that has it, or that has one of its columns."""
    columns = set(map(id, value.elements))
    for table in call.machine.tables:
        if any(each is value for each in table.indexes) or not columns.isdisjoint(map(id, table.columns)):
            return table.name
    return None


def _table_of_constraint(call: Call, value: ConstraintValue) -> QualifiedName | None:
    given = value.options.get("table")
    if isinstance(given, TableValue):
        return given.name
    columns = set(map(id, value.columns))
    for table in call.machine.tables:
        if any(each is value for each in table.constraints) or not columns.isdisjoint(map(id, table.columns)):
            return table.name
    return None


def _create_table(call: Call, element: SqlType, subject: Value) -> bool:
    if not isinstance(subject, TableValue):
        return False
    machine = call.machine
    made = ddl_tables.table(machine, subject.name, subject.columns, subject.constraints, [], call.span, subject.options)
    missing = _flag(element, "if_not_exists")
    machine.emit(ddl_tables.creation(machine, made, subject.options, call.span, if_not_exists=missing))
    return True


def _drop_table(call: Call, element: SqlType, subject: Value) -> bool:
    if isinstance(subject, TableValue):
        call.machine.emit(ops.DropTable(span=call.span, table=subject.name, if_exists=_flag(element, "if_exists")))
    return isinstance(subject, TableValue)


def _create_index(call: Call, element: SqlType, subject: Value) -> bool:
    if isinstance(subject, IndexValue):
        create_index(call, subject, if_not_exists=_flag(element, "if_not_exists"))
    return isinstance(subject, IndexValue)


def _drop_index(call: Call, element: SqlType, subject: Value) -> bool:
    if isinstance(subject, IndexValue):
        drop_index(call, subject, if_exists=_flag(element, "if_exists"))
    return isinstance(subject, IndexValue)


def _add_constraint(call: Call, element: SqlType, subject: Value) -> bool:
    if not isinstance(subject, ConstraintValue) or (table := _table_of_constraint(call, subject)) is None:
        return False
    known = call.machine.schema.table(table)
    taken = [each.name for each in known.constraints()] if known else []
    made = ddl.constraint(call.machine, subject, table, taken)
    call.machine.emit(ops.AddConstraint(span=call.span, table=table, constraint=made))
    return True


def _drop_constraint(call: Call, element: SqlType, subject: Value) -> bool:
    if not isinstance(subject, ConstraintValue) or (table := _table_of_constraint(call, subject)) is None:
        return False
    made = ddl.constraint(call.machine, subject, table)
    kind = constraint_kind(made)
    call.machine.emit(
        ops.DropConstraint(
            span=call.span,
            table=table,
            constraint=made.name,
            kind=None if kind == "exclude" else kind,
            if_exists=_flag(element, "if_exists"),
            cascade=_flag(element, "cascade"),
        )
    )
    return True


def _sequence(action: str) -> Callable[[Call, SqlType, Value], bool]:
    def handle(call: Call, element: SqlType, subject: Value) -> bool:
        if not isinstance(subject, Generated) or subject.kind != "sequence":
            return False
        guard = "if_not_exists" if action == "create" else "if_exists"
        create_or_drop_sequence(call, subject, action, checks=_flag(element, guard))
        return True

    return handle


def _create_or_drop_schema(call: Call, element: SqlType, subject: Value) -> bool:
    if not isinstance(subject, str):
        return False
    is_drop = element.class_name == "DropSchema"
    kind = "DROP SCHEMA" if is_drop else "CREATE SCHEMA"
    guard = "IF EXISTS " if _flag(element, "if_exists") else "IF NOT EXISTS " if _flag(element, "if_not_exists") else ""
    cascade = " CASCADE" if is_drop and _flag(element, "cascade") else ""
    sql = f"{kind} {guard}{quoted(subject, call.machine.target)}{cascade}"
    call.machine.emit(ops.RawSql(span=call.span, sql="" if HOLE in subject else sql, kind=kind))
    return True


def _flag(element: SqlType, name: str) -> bool:
    return element.kwargs.get(name) is True


_HANDLERS: Final[Mapping[str, Callable[[Call, SqlType, Value], bool]]] = {
    "AddConstraint": _add_constraint,
    "CreateIndex": _create_index,
    "CreateSchema": _create_or_drop_schema,
    "CreateSequence": _sequence("create"),
    "CreateTable": _create_table,
    "DropConstraint": _drop_constraint,
    "DropIndex": _drop_index,
    "DropSchema": _create_or_drop_schema,
    "DropSequence": _sequence("drop"),
    "DropTable": _drop_table,
}
