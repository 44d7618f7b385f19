"""Attributes of known values, by kind of value."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import known_items
from migrate_guard.reading.models import load_models, metadata_of, model_table
from migrate_guard.reading.reflecting import of_constraint, of_foreign_key, of_index, of_table
from migrate_guard.reading.results import as_mapping
from migrate_guard.reading.values import (
    HOLE,
    AutocommitBlock,
    Batch,
    BoundMethod,
    Class,
    Clause,
    Columns,
    ColumnValue,
    Connection,
    ConstraintValue,
    DialectValue,
    EnumMember,
    External,
    FilePath,
    ForeignKeyValue,
    Function,
    Generated,
    IndexValue,
    Inspector,
    Instance,
    MetaDataValue,
    MigrationContext,
    OwnConnection,
    Registry,
    Row,
    Rows,
    SqlType,
    Statement,
    Super,
    TableValue,
    TypeCompiler,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import CallEvaluator


def bound_method(function: Function, receiver: Value) -> Function:
    """A function of a class as a method of `receiver`."""
    if function.kind == "staticmethod":
        return function
    return Function(
        function.name, function.node, function.scope, function.defaults, function.keyword_defaults, receiver
    )


def _of_class(machine: CallEvaluator, value: Class, name: str, node: ast.expr) -> Value:
    found = metadata_of(value) if name == "metadata" else value.lookup(name)
    if isinstance(found, Function):
        return bound_method(found, value) if found.kind == "classmethod" else found
    if isinstance(found, ColumnValue):
        # a class whose base is not known may be mapped as well
        table = model_table(value)
        named = found.name if found.name and HOLE not in found.name else name
        return replace(found, name=named, table=table.name if isinstance(table, TableValue) else found.table)
    if found is not None:
        return found
    if name in ("__name__", "__qualname__"):
        return value.name
    if name == "__members__" and value.is_enum:
        return {each.name: each for each in known_items(value) or ()}
    if name == "__table__":
        return model_table(value)
    if name in ("c", "columns"):
        table = model_table(value)
        return Columns(table) if isinstance(table, TableValue) else table
    return BoundMethod(value, name)


def _of_instance(machine: CallEvaluator, value: Instance, name: str, node: ast.expr) -> Value:
    if name in value.attributes:
        return value.attributes[name]
    found = value.owner.lookup(name)
    if isinstance(found, Function):
        bound = bound_method(found, value)
        return machine.call_function(bound, [], {}, None) if found.kind == "property" else bound
    if found is not None:
        return found
    if name == "__class__":
        return value.owner
    return Unknown(f"the attribute {name!r} of an object of {value.owner.name}")


def _of_super(machine: CallEvaluator, value: Super, name: str, node: ast.expr) -> Value:
    for base in value.owner.bases:
        found = base.lookup(name) if isinstance(base, Class) else None
        if found is not None:
            return bound_method(found, value.receiver) if isinstance(found, Function) else found
    return Unknown(f"super().{name} lies outside the project")


def _of_path(machine: CallEvaluator, value: FilePath, name: str, node: ast.expr) -> Value:
    match name:
        case "parent":
            return FilePath(posixpath.dirname(value.path))
        case "name":
            return posixpath.basename(value.path)
        case "stem":
            return posixpath.splitext(posixpath.basename(value.path))[0]
    return BoundMethod(value, name)


def _of_enum_member(machine: CallEvaluator, value: EnumMember, name: str, node: ast.expr) -> Value:
    if name in ("value", "_value_"):
        return value.value
    if name == "name":
        return value.name
    return machine.attribute(value.value, name, node) if value.is_string else Unknown(f"{value.name}.{name}")


def _of_column(machine: CallEvaluator, value: ColumnValue, name: str, node: ast.expr) -> Value:
    match name:
        case "name" | "key":
            return value.name
        case "type":
            return value.type if value.type is not None else Unknown("its type is not given")
        case "nullable" | "primary_key" | "server_default" | "comment" | "unique" | "index" | "default":
            return value.option(name)
    if name in ("copy", "_copy"):
        return BoundMethod(value, name)
    return BoundMethod(Clause(value.name, columns=(value.name,)), name)


def _of_table(machine: CallEvaluator, value: TableValue, name: str, node: ast.expr) -> Value:
    match name:
        case "c" | "columns":
            return Columns(value)
        case "name" | "key":
            return value.name.name
        case "schema":
            return value.name.schema
        case "indexes":
            return list(value.indexes)
        case "constraints" | "primary_key" | "foreign_keys" | "foreign_key_constraints":
            return of_table(machine, value, name, node)
    return BoundMethod(value, name)


def _of_columns(machine: CallEvaluator, value: Columns, name: str, node: ast.expr) -> Value:
    found = value.table.column(name)
    if found is not None:
        return found
    if name in ("keys", "values", "items", "get"):
        return BoundMethod({each.name: each for each in value.table.columns}, name)
    if value.table.is_reflected and not value.table.is_open:
        return Unknown(f"{value.table.name} has no column {name!r}", machine.span(node))
    return Clause(name, columns=(name,))


def _of_connection(machine: CallEvaluator, value: Connection, name: str, node: ast.expr) -> Value:
    match name:
        case "dialect":
            return DialectValue()
        case "engine":
            return value if value.is_engine else Connection(own=OwnConnection(), is_engine=True)
        case "connection" | "dbapi_connection" | "driver_connection" if not value.is_session:
            return replace(value, is_driver=True)
        case "connection" | "bind" | "dbapi_connection" | "driver_connection":
            return Connection()
        case "name":
            return _dialect_name(machine)
        case "url":
            return f"{_dialect_name(machine)}://{HOLE}"
    return BoundMethod(value, name)


def _of_dialect(machine: CallEvaluator, value: DialectValue, name: str, node: ast.expr) -> Value:
    match name:
        case "name":
            return _dialect_name(machine)
        case "driver":
            return _driver(machine)
        case "dialect_description":
            return f"{_dialect_name(machine)}+{_driver(machine)}"
        case "server_version_info":
            return (*machine.target.version, 0, 0)[: max(len(machine.target.version), 2)]
        case "is_mariadb":
            return machine.target.dialect == "mariadb"
        case "default_schema_name":
            return machine.default_schema
        case "supports_alter" | "supports_schemas":
            return machine.target.dialect != "sqlite"
        case "has_table" | "type_descriptor":
            return BoundMethod(value, name)
    return Unknown(f"the dialect's {name}")


_DRIVERS: Final[Mapping[str, str]] = {
    "postgresql": "psycopg2",
    "sqlite": "pysqlite",
    "mysql": "mysqldb",
    "mariadb": "mysqldb",
}
"""What a URL without a driver means (SQLAlchemy 2.0, `sqlalchemy/dialects/*/__init__.py`)."""


def _driver(machine: CallEvaluator) -> str:
    return machine.target.driver or _DRIVERS[machine.target.dialect]


def _dialect_name(machine: CallEvaluator) -> str:
    return machine.target.dialect


def _of_context(machine: CallEvaluator, value: MigrationContext, name: str, node: ast.expr) -> Value:
    match name:
        case "dialect":
            return DialectValue()
        case "bind" | "connection":
            return Connection()
        case "as_sql":
            machine.offline_asked += 1
            return False
        case "config":
            return External("alembic.context.config")
        case "version_table_schema":
            return machine.project.version_table_schema
        case "opts":
            return dict(machine.project.configured)
        case "autocommit_block":
            return BoundMethod(AutocommitBlock(), name)
        case "impl":
            return Unknown("the context's impl")
    return BoundMethod(value, name)


def _method(machine: CallEvaluator, value: Value, name: str, node: ast.expr) -> Value:
    return BoundMethod(value, name)


def _of_inspector(machine: CallEvaluator, value: Inspector, name: str, node: ast.expr) -> Value:
    match name:
        case "dialect":
            return DialectValue()
        case "bind" | "engine":
            return Connection()
        case "default_schema_name":
            return machine.default_schema
    return BoundMethod(value, name)


def _of_type(machine: CallEvaluator, value: SqlType, name: str, node: ast.expr) -> Value:
    match name:
        case "length" if value.args or "length" in value.kwargs:
            return value.kwargs.get("length", value.args[0] if value.args else None)
        case "name" | "schema" if name in value.kwargs:
            return value.kwargs[name]
        case "timezone" if value.path == "migrate_guard.sql":
            return "WITH TIME ZONE" in str(value.args[0])
        case "enums":
            return [each for each in value.args if isinstance(each, str)]
        case "impl":
            return value
    return BoundMethod(value, name)


def _of_partial(machine: CallEvaluator, value: Function, name: str, node: ast.expr) -> Value:
    return value.name if name == "__name__" else Unknown(f"the attribute {name!r} of a function")


def _of_registry(machine: CallEvaluator, value: Registry, name: str, node: ast.expr) -> Value:
    return value.metadata if name == "metadata" else BoundMethod(value, name)


def _of_row(machine: CallEvaluator, value: Row, name: str, node: ast.expr) -> Value:
    if name == "_mapping":
        return as_mapping(value)
    if name in value.names:
        return value.values[value.names.index(name)]
    return BoundMethod(value, name)


def _of_rows(machine: CallEvaluator, value: Rows, name: str, node: ast.expr) -> Value:
    if name in ("rowcount", "lastrowid", "returns_rows"):
        machine.needs_database("rows", node, name)
        return Unknown(f"the {name} of a result", machine.span(node), is_answer=True)
    return BoundMethod(value, name)


def _of_metadata(machine: CallEvaluator, value: MetaDataValue, name: str, node: ast.expr) -> Value:
    match name:
        case "tables":
            load_models(machine)
            return dict(value.tables)
        case "sorted_tables":
            load_models(machine)
            return list(value.tables.values())
        case "naming_convention":
            return dict(value.naming_convention)
        case "schema":
            return value.schema
    return BoundMethod(value, name)


ATTRIBUTES: dict[type, Callable[[CallEvaluator, Any, str, ast.expr], Value]] = {
    Class: _of_class,
    Instance: _of_instance,
    EnumMember: _of_enum_member,
    ColumnValue: _of_column,
    ConstraintValue: of_constraint,
    ForeignKeyValue: of_foreign_key,
    IndexValue: of_index,
    TableValue: _of_table,
    Columns: _of_columns,
    Connection: _of_connection,
    DialectValue: _of_dialect,
    MigrationContext: _of_context,
    Inspector: _of_inspector,
    SqlType: _of_type,
    Function: _of_partial,
    Registry: _of_registry,
    Row: _of_row,
    Rows: _of_rows,
    Super: _of_super,
    FilePath: _of_path,
    MetaDataValue: _of_metadata,
    Batch: _method,
    TypeCompiler: _method,
    Generated: _method,
    Statement: _method,
    Clause: _method,
    AutocommitBlock: _method,
}
