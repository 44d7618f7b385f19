"""Alembic's directives, `op.*` and `batch_op.*` of releases 1.0 to 1.20, as operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import AnyConstraint, Expression, Type
from migrate_guard.reading import clauses, ddl, sqltypes
from migrate_guard.reading.calls import Call
from migrate_guard.reading.constructs import as_type, table_name
from migrate_guard.reading.machine import describe
from migrate_guard.reading.statements import execute
from migrate_guard.reading.values import (
    HOLE,
    Batch,
    Class,
    Clause,
    ColumnValue,
    Connection,
    ConstraintValue,
    FinalName,
    Function,
    Generated,
    IndexValue,
    MigrationContext,
    TableValue,
    Value,
)


@dataclass(slots=True)
class Arguments:
    """The arguments of a directive by their names of today."""

    call: Call
    directive: str
    values: dict[str, Value]
    rest: Sequence[Value] = ()
    batch: Batch | None = None

    def get(self, name: str, default: Value = None) -> Value:
        return self.values.get(name, default)

    def flag(self, name: str) -> bool:
        return self.values.get(name) is True

    def text(self, name: str) -> str | None:
        """A name that is known; None otherwise."""
        value = self.values.get(name)
        return value if isinstance(value, str) and HOLE not in value else None

    def opaque(self, what: str, value: Value, *tables: QualifiedName) -> None:
        reason = f"{what} of op.{self.directive}() is not known: {describe(value)}"
        self.call.machine.opaque(self.call.span, reason, *tables)

    def table(self, parameter: str = "table_name") -> QualifiedName | None:
        """The table it is about; without one the directive becomes opaque."""
        if self.batch is not None and isinstance(self.batch.table, QualifiedName):
            return self.batch.table
        name = self.values.get(parameter)
        if isinstance(name, TableValue | Class):
            return table_name(name)
        if isinstance(name, str) and HOLE not in name:
            return self.call.machine.qualified(name, self.values.get("schema", self.values.get("source_schema")))
        self.opaque("the table", name)
        return None

    def names(self, parameter: str) -> tuple[str, ...] | None:
        """A list of column names; None when the list itself is not known."""
        value = self.values.get(parameter)
        if isinstance(value, str):
            return (value,)
        return ddl.names_of(value) if isinstance(value, list | tuple) else None


_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "table_name": ("tablename", "source", "table"),
    "constraint_name": ("name",),
    "index_name": ("name",),
    "source_table": ("source",),
    "referent_table": ("referent",),
    "columns": ("cols", "local_cols"),
    "type_": ("type",),
    "new_column_name": ("name",),
    "sqltext": ("sql",),
}
"""Names that parameters had in earlier releases (Alembic's changelog, 0.8 and before)."""


def _bind(call: Call, directive: str, parameters: Sequence[str], batch: Batch | None = None) -> Arguments:
    wanted = [each for each in parameters if batch is None or each not in ("table_name", "source_table")]
    values = dict(zip(wanted, call.args, strict=False))
    for name, value in call.kwargs.items():
        if name in parameters or name not in values:
            values[name] = value
    for name in parameters:
        for alias in _ALIASES.get(name, ()):
            if name not in values and alias in call.kwargs and alias not in parameters:
                values[name] = call.kwargs[alias]
    return Arguments(call, directive, values, call.args[len(wanted) :], batch)


def call_alembic(call: Call) -> Value:
    """The value of a call into Alembic, and the operations it stands for."""
    directive = _DIRECTIVES.get(_SPATIAL.get(call.name, call.name))
    if directive is not None and call.path.startswith(("alembic.op.", "alembic.operations.")):
        parameters, handle = directive
        return handle(_bind(call, call.name, parameters))
    plain = _PLAIN.get(call.name)
    if plain is not None:
        return plain(call)
    if call.path.startswith("alembic.op."):
        call.machine.unbounded(call.span, f"op.{call.name}() is not a directive of Alembic itself")
    return Unknown(f"what {call.path}() returns", call.span)


def call_batch(batch: Batch, call: Call) -> Value:
    """The value of a method of a batch block, and the operations it stands for."""
    if isinstance(batch.table, Unknown):
        call.machine.opaque(call.span, f"the table of the batch block is not known: {batch.table.reason}")
        return None
    directive = _DIRECTIVES.get(_SPATIAL.get(call.name, call.name))
    if directive is None:
        plain = _PLAIN.get(call.name)
        if plain is None:
            reason = f"batch_op.{call.name}() is not a directive of Alembic itself"
            call.machine.opaque(call.span, reason, batch.table)
        return plain(call) if plain else None
    parameters, handle = directive
    return handle(_bind(call, call.name, parameters, batch))


# -- tables


def _create_table(a: Arguments) -> Value:
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
    create_enums(a.call, columns)
    made = ddl.table(machine, name, columns, constraints, indexes, a.call.span, a.values, is_open=is_open)
    machine.emit(ops.CreateTable(span=a.call.span, table=made, if_not_exists=a.flag("if_not_exists")))
    return TableValue(name, columns, constraints, indexes, a.call.span, a.values)


def _flat(values: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for value in values:
        found.extend(value if isinstance(value, list | tuple) else [value])
    return found


def create_enums(call: Call, columns: Sequence[ColumnValue]) -> None:
    """Emit CREATE TYPE for the enums that creating a table with these columns makes."""
    machine = call.machine
    for enum in sqltypes.enums_of(machine, columns):
        # one connection remembers which types its tables have made (`_check_for_name_in_memos` of SQLAlchemy)
        if enum.name not in machine.enums_made:
            machine.enums_made.add(enum.name)
            machine.emit(ops.CreateEnum(span=enum.span, enum=enum))


def _drop_table(a: Arguments) -> Value:
    name = a.table()
    if name is not None:
        a.call.machine.emit(ops.DropTable(span=a.call.span, table=name, if_exists=a.flag("if_exists")))
    return None


def _rename_table(a: Arguments) -> Value:
    old, new = a.table("old_table_name"), a.text("new_table_name")
    if old is None:
        return None
    if new is None:
        a.opaque("the new name", a.get("new_table_name"), old)
        return None
    a.call.machine.emit(ops.RenameTable(span=a.call.span, table=old, new_name=QualifiedName(new, old.schema)))
    return None


def _table_comment(a: Arguments) -> Value:
    name = a.table()
    if name is not None:
        a.call.machine.emit(ops.RawSql(span=a.call.span, sql="", kind="COMMENT ON TABLE", tables=(name,)))
    return None


# -- columns


def _add_column(a: Arguments) -> Value:
    name = a.table()
    if name is None:
        return None
    value = a.get("column")
    if not isinstance(value, ColumnValue) or HOLE in value.name:
        a.opaque("the column", value, name)
        return None
    made, constraints, indexes = ddl.column(a.call.machine, value, name)
    a.call.machine.emit(
        ops.AddColumn(
            span=a.call.span,
            table=name,
            column=made,
            constraints=constraints,
            indexes=indexes,
            if_not_exists=a.flag("if_not_exists"),
            inline_references=a.flag("inline_references"),
        )
    )
    return None


def _drop_column(a: Arguments) -> Value:
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


def _alter_column(a: Arguments) -> Value:
    name = a.table()
    if name is None:
        return None
    column = a.text("column_name")
    if column is None:
        a.opaque("the column", a.get("column_name"), name)
        return None
    machine, values = a.call.machine, a.values
    default = values.get("server_default", False)
    generated = default if isinstance(default, Generated) else None
    operation = ops.AlterColumn(
        span=a.call.span,
        table=name,
        column=column,
        existing_type=_type(a, "existing_type"),
        existing_nullable=_boolean(values.get("existing_nullable")),
        existing_default=_default(values.get("existing_server_default", False)),
        existing_comment=_comment(values.get("existing_comment", False)),
        modify_type=_type(a, "type_"),
        modify_nullable=_boolean(values.get("nullable")),
        modify_default=ops.UNSET if generated else _default(default),
        modify_comment=_comment(values.get("comment", False)),
        modify_identity=generated.kind == "identity" if generated else ops.UNSET,
        modify_computed=clauses.clause(generated.args[0])
        if generated and generated.kind == "computed" and generated.args
        else ops.UNSET,
        using=clauses.clause(values.get("postgresql_using")),
    )
    if _changes(operation):
        machine.emit(operation)
    if values.get("new_column_name") is not None:
        new = a.text("new_column_name")
        if new is None:
            a.opaque("the new name", values.get("new_column_name"), name)
        elif new != column:
            machine.emit(ops.RenameColumn(span=a.call.span, table=name, column=column, new_name=new))
    return None


def _changes(operation: ops.AlterColumn) -> bool:
    unset = (operation.modify_default, operation.modify_comment, operation.modify_identity, operation.modify_computed)
    return (
        operation.modify_type is not None
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


# -- indexes


def _create_index(a: Arguments) -> Value:
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
        )
    )
    return None


def _drop_index(a: Arguments) -> Value:
    machine = a.call.machine
    table = a.batch.table if a.batch and isinstance(a.batch.table, QualifiedName) else None
    named = a.get("table_name")
    if table is None and isinstance(named, str) and HOLE not in named:
        table = machine.qualified(named, a.get("schema"))
    index = a.text("index_name")
    if index is None:
        a.opaque("the index", a.get("index_name"), *([table] if table else []))
        return None
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


# -- constraints


def _emit_constraint(a: Arguments, table: QualifiedName, constraint: AnyConstraint) -> None:
    a.call.machine.emit(ops.AddConstraint(span=a.call.span, table=table, constraint=constraint))


def _taken(a: Arguments, table: QualifiedName) -> list[str | None]:
    known = a.call.machine.schema.table(table)
    return [each.name for each in known.constraints()] if known else []


def _columns_constraint(kind: str) -> Callable[[Arguments], Value]:
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


def _create_check(a: Arguments) -> Value:
    table = a.table()
    if table is None:
        return None
    options = {**a.values, "name": a.get("constraint_name")}
    value = ConstraintValue("check", (), options, a.call.span, sqltext=a.get("condition"))
    _emit_constraint(a, table, ddl.constraint(a.call.machine, value, table, _taken(a, table)))
    return None


def _create_foreign_key(a: Arguments) -> Value:
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


def _create_exclude(a: Arguments) -> Value:
    table = a.table()
    if table is not None:
        columns = tuple(each[0] for each in a.rest if isinstance(each, tuple) and each)
        value = ConstraintValue("exclusion", columns, {**a.values, "name": a.get("constraint_name")}, a.call.span)
        _emit_constraint(a, table, ddl.constraint(a.call.machine, value, table))
    return None


_KINDS: Final[Mapping[str, ops.ConstraintKind]] = {
    "foreignkey": "foreignkey",
    "primary": "primary",
    "unique": "unique",
    "check": "check",
}


def _drop_constraint(a: Arguments) -> Value:
    table = a.table()
    if table is None:
        return None
    given = a.get("constraint_name")
    if given is not None and a.text("constraint_name") is None:
        a.opaque("the constraint", given, table)
        return None
    kind = a.get("type_")
    name: str | None = given
    if isinstance(given, str) and not isinstance(given, FinalName) and kind == "check":
        convention = a.batch.naming_convention if a.batch else None
        name, _ = ddl.object_name(a.call.machine, "check", given, table, (), convention=convention or None)
    a.call.machine.emit(
        ops.DropConstraint(
            span=a.call.span,
            table=table,
            constraint=name,
            kind=_KINDS.get(kind) if isinstance(kind, str) else None,
            if_exists=a.flag("if_exists"),
        )
    )
    return None


# -- the rest


def _execute(a: Arguments) -> Value:
    execute(a.call, a.get("sqltext"), a.call.argument_node(0, "sqltext", "sql"))
    return None


def _bulk_insert(a: Arguments) -> Value:
    table = table_name(a.get("table"))
    if table is None:
        a.call.machine.opaque(a.call.span, "the table of op.bulk_insert() is not known", changes_schema=False)
    else:
        a.call.machine.emit(ops.Insert(span=a.call.span, table=table))
    return None


def _batch_alter_table(a: Arguments) -> Value:
    name = a.get("table_name")
    convention = a.get("naming_convention")
    names = {str(key): value for key, value in convention.items()} if isinstance(convention, Mapping) else {}
    if isinstance(name, str) and HOLE not in name:
        return Batch(a.call.machine.qualified(name, a.get("schema")), names)
    return Batch(Unknown(describe(name), a.call.span), names)


def _f(call: Call) -> Value:
    name = call.get(0, "name")
    return FinalName(name) if isinstance(name, str) else name


def _run_async(call: Call) -> Value:
    function = call.get(0)
    if isinstance(function, Function):
        return call.machine.call_function(function, [Connection(), *call.args[1:]], call.kwargs, call.node)
    call.machine.unbounded(call.span, "what op.run_async() runs is not known")
    return None


def _inline_literal(call: Call) -> Value:
    return call.get(0)


def _context(call: Call) -> Value:
    return MigrationContext()


def _bind_of(call: Call) -> Value:
    return Connection()


def _configure(call: Call) -> Value:
    call.machine.configured.update(call.kwargs)


def _no(call: Call) -> Value:
    return False


def _invoke(call: Call) -> Value:
    call.machine.unbounded(call.span, "op.invoke() is handed an operation object")
    return None


_TABLE: Final = ("table_name",)
_DIRECTIVES: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Arguments], Value]]]] = {
    "add_column": (("table_name", "column"), _add_column),
    "alter_column": (("table_name", "column_name"), _alter_column),
    "batch_alter_table": (("table_name", "schema", "recreate"), _batch_alter_table),
    "bulk_insert": (("table", "rows"), _bulk_insert),
    "create_check_constraint": (("constraint_name", "table_name", "condition"), _create_check),
    "create_exclude_constraint": (("constraint_name", "table_name"), _create_exclude),
    "create_foreign_key": (
        ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols"),
        _create_foreign_key,
    ),
    "create_index": (("index_name", "table_name", "columns"), _create_index),
    "create_primary_key": (("constraint_name", "table_name", "columns"), _columns_constraint("primary")),
    "create_table": (_TABLE, _create_table),
    "create_table_comment": (_TABLE, _table_comment),
    "create_unique_constraint": (("constraint_name", "table_name", "columns"), _columns_constraint("unique")),
    "drop_column": (("table_name", "column_name"), _drop_column),
    "drop_constraint": (("constraint_name", "table_name", "type_"), _drop_constraint),
    "drop_index": (("index_name", "table_name"), _drop_index),
    "drop_table": (_TABLE, _drop_table),
    "drop_table_comment": (_TABLE, _table_comment),
    "execute": (("sqltext",), _execute),
    "rename_table": (("old_table_name", "new_table_name"), _rename_table),
}
_SPATIAL: Final[Mapping[str, str]] = {
    "add_geospatial_column": "add_column",
    "create_geospatial_index": "create_index",
    "create_geospatial_table": "create_table",
    "drop_geospatial_column": "drop_column",
    "drop_geospatial_index": "drop_index",
    "drop_geospatial_table": "drop_table",
}
"""GeoAlchemy2's own directives, which differ from Alembic's on SQLite alone (geoalchemy2.alembic_helpers)."""
_PLAIN: Final[Mapping[str, Callable[[Call], Value]]] = {
    "configure": _configure,
    "f": _f,
    "get_bind": _bind_of,
    "get_context": _context,
    "get_impl": _context,
    "inline_literal": _inline_literal,
    "invoke": _invoke,
    "is_offline_mode": _no,
    "run_async": _run_async,
}
