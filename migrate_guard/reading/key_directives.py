"""Alembic's directives about indexes and constraints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import AnyConstraint
from migrate_guard.reading import ddl
from migrate_guard.reading.arguments import Arguments
from migrate_guard.reading.constructs import exclusion
from migrate_guard.reading.machine import Machine
from migrate_guard.reading.storage import index_storage
from migrate_guard.reading.values import HOLE, Clause, ColumnValue, ConstraintValue, FinalName, IndexValue, Value


def create_index(a: Arguments) -> Value:
    name = a.table()
    if name is None:
        return None
    columns = a.get("columns")
    if isinstance(columns, str | Clause | ColumnValue):
        columns = [columns]
    if not isinstance(columns, list | tuple):
        a.opaque("the columns", columns, name)
        return None
    made = ddl.index(a.call.machine, IndexValue(a.get("index_name"), tuple(columns), a.values, a.call.span), name)
    a.call.machine.emit(
        ops.CreateIndex(
            span=a.call.span,
            table=name,
            index=made,
            concurrently=a.flag("postgresql_concurrently"),
            if_not_exists=a.flag("if_not_exists"),
            storage=index_storage(a.values, a.call.machine.target),
        )
    )
    return None


def drop_index(a: Arguments) -> Value:
    machine = a.call.machine
    table = a.batch.table if a.batch and isinstance(a.batch.table, QualifiedName) else None
    named = a.get("table_name")
    if table is None and isinstance(named, str) and HOLE not in named:
        table = machine.qualified(named, a.get("schema"))
    index = a.text("index_name")
    if index is None:
        a.opaque("the index", a.get("index_name"), *([table] if table else []))
        return None
    given = a.get("index_name")
    if table is not None and not isinstance(given, FinalName):
        index = ddl.object_name(machine, "index", given, table, ())[0] or index
    schema = table.schema if table else machine.qualified(index, a.get("schema")).schema
    machine.emit(
        ops.DropIndex(
            span=a.call.span,
            index=QualifiedName(index, schema),
            table=table,
            concurrently=a.flag("postgresql_concurrently"),
            if_exists=a.flag("if_exists"),
        )
    )
    return None


def _emit_constraint(a: Arguments, table: QualifiedName, constraint: AnyConstraint) -> None:
    a.call.machine.emit(ops.AddConstraint(span=a.call.span, table=table, constraint=constraint))


def _taken(a: Arguments, table: QualifiedName) -> list[str | None]:
    known = a.call.machine.schema.table(table)
    return [each.name for each in known.constraints()] if known else []


def columns_constraint(kind: str) -> Callable[[Arguments], Value]:
    def handle(a: Arguments) -> Value:
        table = a.table()
        if table is None:
            return None
        columns = a.names("columns")
        if columns is None:
            a.opaque("the columns", a.get("columns"), table)
            return None
        options = {**a.values, "name": a.get("constraint_name")}
        value = ConstraintValue(kind, columns, options, a.call.span)
        _emit_constraint(a, table, ddl.constraint(a.call.machine, value, table, _taken(a, table)))
        return None

    return handle


def create_check(a: Arguments) -> Value:
    table = a.table()
    if table is None:
        return None
    options = {**a.values, "name": a.get("constraint_name")}
    value = ConstraintValue("check", (), options, a.call.span, sqltext=a.get("condition"))
    _emit_constraint(a, table, ddl.constraint(a.call.machine, value, table, _taken(a, table)))
    return None


def create_foreign_key(a: Arguments) -> Value:
    table = a.table("source_table")
    if table is None:
        return None
    columns, referred_columns = a.names("local_cols"), a.names("remote_cols")
    referent = a.get("referent_table")
    if columns is None or referred_columns is None or not isinstance(referent, str) or HOLE in referent:
        a.opaque("what it refers to", referent, table)
        return None
    target = a.call.machine.qualified(referent, a.get("referent_schema"))
    referred = [f"{target}.{column}" for column in referred_columns]
    options = {**a.values, "name": a.get("constraint_name")}
    made = ddl.foreign_key(a.call.machine, table, columns, referred, options, a.call.span, _taken(a, table))
    _emit_constraint(a, table, replace(made, referred_table=target))
    return None


def create_exclude(a: Arguments) -> Value:
    table = a.table()
    if table is not None:
        value = exclusion(a.rest, {**a.values, "name": a.get("constraint_name")}, a.call.span)
        _emit_constraint(a, table, ddl.constraint(a.call.machine, value, table))
    return None


_KINDS: Final[Mapping[str, ops.ConstraintKind]] = {
    "foreignkey": "foreignkey",
    "primary": "primary",
    "unique": "unique",
    "check": "check",
}


_KEYS: Final = {"foreignkey": "fk", "primary": "pk", "unique": "uq", "check": "ck"}
"""How `MetaData(naming_convention=…)` calls the kinds."""


def drop_constraint(a: Arguments) -> Value:
    table = a.table()
    if table is None:
        return None
    given = a.get("constraint_name")
    if given is not None and a.text("constraint_name") is None:
        a.opaque("the constraint", given, table)
        return None
    kind = a.get("type_")
    name: str | None = given
    named = _KINDS.get(kind) if isinstance(kind, str) else None
    if isinstance(given, str) and not isinstance(given, FinalName) and named is not None:
        convention = a.batch.naming_convention if a.batch else None
        name, _ = ddl.object_name(a.call.machine, named, given, table, (), convention=convention or None)
    a.call.machine.emit(
        ops.DropConstraint(
            span=a.call.span,
            table=table,
            constraint=name,
            kind=_KINDS.get(kind) if isinstance(kind, str) else None,
            if_exists=a.flag("if_exists"),
        )
    )
    if name is None and a.batch is None and _has_no_name(a.call.machine, kind):
        # SQLAlchemy raises CompileError before anything is sent
        a.call.machine.gives_up()
    return None


def _has_no_name(machine: Machine, kind: Value) -> bool:
    """Whether no naming convention gives a constraint of that kind a name.

    One that nobody could read may name a primary key after its table; the other names are made of columns, too.
    """
    project = machine.project
    is_told = project.knows_naming_convention or kind != "primary"
    return is_told and _KEYS.get(str(kind), "") not in project.naming_convention
