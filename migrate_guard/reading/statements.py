"""What is sent to the database: SQL text, Core statements, sessions, and objects that create or drop themselves."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import UNKNOWN_TYPE, Column, Expression, Sequence, Table
from migrate_guard.model.source import Span
from migrate_guard.reading import ddl, results, sqltypes
from migrate_guard.reading.calls import Call
from migrate_guard.reading.constructs import as_type, base_of_registry, query, table_name
from migrate_guard.reading.machine import Machine, describe, is_known_text
from migrate_guard.reading.models import load_models, model_table
from migrate_guard.reading.naming import with_names
from migrate_guard.reading.search_path import first_schema, in_schema
from migrate_guard.reading.values import (
    HOLE,
    AutocommitBlock,
    Class,
    Clause,
    Columns,
    ColumnValue,
    Connection,
    DialectValue,
    FilePath,
    Generated,
    Instance,
    MetaDataValue,
    MigrationContext,
    Registry,
    Row,
    Rows,
    SqlType,
    Statement,
    TableValue,
    TypeCompiler,
    Value,
)


def execute(call: Call, value: Value, node: ast.expr | None) -> Value:
    """Emit what executing `value` does, and return what it gives."""
    machine = call.machine
    match value:
        case Statement(kind="insert") if (given := call.get(1, "parameters", "params")) is not None:
            emit_statement(call, replace(value, rows=results.written_rows(given)))
        case Statement():
            emit_statement(call, value)
            return results.rows_of_statement(machine, value, call.name)
        case Clause(text=text) | str(text):
            if HOLE in text and not text.replace(HOLE, "").strip():
                machine.unbounded(call.span, f"the SQL that {call.name}() runs is not known")
            else:
                from migrate_guard.reading.sql import read_sql

                machine.sends(text)
                for operation in _decided(call, read_sql(str(text), machine.target, _locator(call, node, str(text)))):
                    machine.emit(_named(operation, str(text), machine))
                bound = dict(value.parameters) if isinstance(value, Clause) and value.parameters else None
                return results.rows_of_text(call, text, call.get(1, "parameters", "params") or bound)
        case list() | tuple():
            for each in value:
                execute(call, each, None)
        case SqlType(args=[TableValue() as table, *_]) if value.class_name == "CreateTable":
            made = ddl.table(machine, table.name, table.columns, table.constraints, [], call.span, table.options)
            machine.emit(ops.CreateTable(span=call.span, table=made, if_not_exists=_flag(value, "if_not_exists")))
        case SqlType(args=[TableValue() as table, *_]) if value.class_name == "DropTable":
            machine.emit(ops.DropTable(span=call.span, table=table.name, if_exists=_flag(value, "if_exists")))
        case SqlType(args=[Generated(kind="sequence") as sequence, *_]) if value.class_name == "CreateSequence":
            _create_or_drop_sequence(call, sequence, "create")
        case SqlType(args=[Generated(kind="sequence") as sequence, *_]) if value.class_name == "DropSequence":
            _create_or_drop_sequence(call, sequence, "drop")
        case SqlType(args=[str(), *_]) if value.class_name in ("CreateSchema", "DropSchema"):
            kind = "CREATE SCHEMA" if value.class_name == "CreateSchema" else "DROP SCHEMA"
            machine.emit(ops.RawSql(span=call.span, sql="", kind=kind))
        case TableValue() | Class() | Rows():
            pass
        case _ if _is_about_rows(node):
            machine.opaque(call.span, f"the statement that {call.name}() runs is not known", changes_schema=False)
        case _:
            machine.unbounded(call.span, f"the SQL that {call.name}() runs is not known: {describe(value)}")
    return Rows(call.name)


def _decided(call: Call, operations: Iterable[ops.Operation]) -> Iterator[ops.Operation]:
    """The operations that run, without the conditions that are known to hold.

    Those that follow each other under one condition stand in one branch, which is chosen before the first of them runs.
    """
    condition, answer = None, None
    for operation in operations:
        if operation.condition is not None and operation.condition != condition:
            answer = results.holds(call, operation.condition)
        condition = operation.condition
        if condition is None or answer is None:
            yield operation
        elif answer:
            yield replace(operation, condition=None)


def _is_about_rows(node: ast.expr | None) -> bool:
    """Whether an expression ends in what makes a query or DML of a table or join: `unknown.select().where(…)`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("select", "insert", "update", "delete"):
            return True
        node = node.func.value
    return False


_DROPPING: Final = re.compile(r"\s*(drop|truncate|create\s+(unique\s+)?index|grant|revoke)\b", re.IGNORECASE)
"""Statements that add no column or table, whatever they are about."""


def _named(operation: ops.Operation, text: str, machine: Machine) -> ops.Operation:
    if isinstance(operation, ops.Opaque) and _DROPPING.match(text):
        return replace(operation, may_create=False)
    if isinstance(operation, ops.SetParameter) and operation.name == "search_path":
        machine.search_schema = first_schema(operation, machine.default_schema)
    elif machine.search_schema is not None:
        operation = in_schema(operation, machine.search_schema)
    return with_names(operation, machine.schema, machine.target.dialect)


def _flag(value: SqlType, name: str) -> bool:
    return value.kwargs.get(name) is True


def _locator(call: Call, node: ast.expr | None, text: str) -> Callable[[int, int], Span]:
    """Map offsets in a SQL text to the file: by lines where the text is a literal spread over them."""
    literal = _literal(node)
    path = call.span.path
    if literal is None or call.machine.call_site:
        return lambda start, end: call.span
    first, last = literal.lineno, literal.end_lineno or literal.lineno
    whole = Span(path, first, literal.col_offset + 1, last, (literal.end_col_offset or 0) + 1)
    if first == last or text.count("\n") != last - first:
        return lambda start, end: whole

    def locate(start: int, end: int) -> Span:
        line, end_line = text.count("\n", 0, start), text.count("\n", 0, end)
        column = start - (text.rfind("\n", 0, start) + 1) + 1
        end_column = end - (text.rfind("\n", 0, end) + 1) + 1
        indent = literal.col_offset + 3 if line == 0 else 0
        return Span(path, first + line, column + indent, first + end_line, end_column)

    return locate


def _literal(node: ast.expr | None) -> ast.expr | None:
    while isinstance(node, ast.Call) and node.args:
        method = isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant | ast.JoinedStr)
        node = node.func.value if method and isinstance(node.func, ast.Attribute) else node.args[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node
    return node if isinstance(node, ast.JoinedStr) else None


def emit_statement(call: Call, statement: Statement) -> None:
    """Emit a Core statement; reading rows is no operation."""
    if statement.kind == "select":
        return
    if statement.table is None:
        call.machine.opaque(call.span, f"the table of the {statement.kind} is not known", changes_schema=False)
        return
    where = Expression(HOLE) if statement.has_where else None
    match statement.kind:
        case "insert":
            call.machine.emit(ops.Insert(span=call.span, table=statement.table, rows=statement.rows))
        case "update":
            call.machine.emit(ops.Update(span=call.span, table=statement.table, columns=statement.columns, where=where))
        case "delete":
            call.machine.emit(ops.Delete(span=call.span, table=statement.table, where=where))


def call_database(receiver: Value, call: Call) -> Value:
    """The result of a method of a connection, session, statement, table, type or clause."""
    handler = _METHODS.get(type(receiver))
    if handler is not None:
        return handler(receiver, call)
    return Unknown(f"what {call.name}() returns", call.span)


# -- connections and sessions

_EXECUTING: Final = frozenset(
    {"execute", "exec_driver_sql", "scalar", "scalars", "exec", "run_sync", "executemany", "executescript"}
)
_CHAINING: Final = frozenset(
    {
        "connect",
        "begin",
        "begin_nested",
        "begin_twophase",
        "execution_options",
        "connection",
        "get_bind",
        "bind",
        "cursor",
        "engine",
        "raw_connection",
    }
)


def _connection(receiver: Connection, call: Call) -> Value:
    name = call.name
    if name == "run_sync" and call.args:
        return call.machine.call_value(call.args[0], [receiver, *call.args[1:]], call.kwargs, call.node)
    if name in _EXECUTING:
        rows = execute(call, call.get(0, "statement", "object_", "clause"), call.argument_node(0, "statement"))
        if not isinstance(rows, Rows):
            return rows
        return results.scalar(rows, call) if name == "scalar" else results.call_rows(rows, call)
    if name in _CHAINING:
        return Connection() if name in ("connection", "get_bind", "bind", "engine") else receiver
    if receiver.is_session:
        return _session(receiver, call)
    match name:
        case "in_transaction":
            return True
        case "begin_transaction":
            return receiver
        case "get_dialect":
            return Unknown("the dialect")
        case "__call__":
            return receiver
    return None


def _session(receiver: Connection, call: Call) -> Value:
    match call.name:
        case "query":
            return query(call)
        case "add" | "merge":
            _insert(call, call.get(0))
        case "add_all" | "bulk_save_objects":
            values = call.get(0)
            _insert(call, values[0] if isinstance(values, list) and values else None)
        case "bulk_insert_mappings":
            _insert(call, call.get(0))
        case "bulk_update_mappings":
            emit_statement(call, Statement("update", table_name(call.get(0)), True))
        case "delete":
            emit_statement(call, Statement("delete", table_name(call.get(0)), True))
        case "get" | "refresh":
            return Unknown("a row of the database", call.span, is_answer=True, table=table_name(call.get(0)))
    return None


def _insert(call: Call, value: Value) -> None:
    table = table_name(value)
    if table is not None:
        rows = results.written_rows(value.attributes) if isinstance(value, Instance) else None
        emit_statement(call, Statement("insert", table, rows=rows))


# -- statements under construction

_FILTERS: Final = frozenset({"where", "filter", "filter_by", "having", "from_select", "limit"})
_READS: Final = frozenset({"all", "first", "one", "one_or_none", "scalar", "count", "get", "yield_per", "scalars"})


def _statement(receiver: Statement, call: Call) -> Value:
    name = call.name
    if name in _FILTERS:
        return replace(receiver, has_where=True)
    if name == "select_from":
        return replace(receiver, table=table_name(call.get(0)) or receiver.table)
    if name == "values":
        columns = list(call.kwargs)
        if isinstance(call.get(0), dict):
            columns += [each.name if isinstance(each, ColumnValue) else str(each) for each in call.args[0]]
        return replace(receiver, columns=tuple(columns), rows=results.written_rows(call.kwargs or call.get(0)))
    if receiver.kind == "select" and name in ("update", "delete"):
        values = call.get(0, "values")
        columns = [ddl.column_name(each) for each in values] if isinstance(values, dict) else []
        emit_statement(call, replace(receiver, kind=name, columns=tuple(columns)))
        return Unknown(f"the number of rows that {name}() touches", call.span, is_answer=True)
    if name in _READS:
        return results.call_rows(results.rows_of_statement(call.machine, receiver, name), call)
    return receiver


# -- tables, metadata, types


def _table(receiver: TableValue, call: Call) -> Value:
    match call.name:
        case "insert" | "update" | "delete":
            condition = call.get(0, "whereclause")
            return Statement(call.name, receiver.name, has_where=isinstance(condition, Clause))
        case "select":
            return Statement("select", receiver.name)
        case "alias" | "to_metadata" | "tometadata":
            return receiver
        case "create":
            create_table(call, receiver)
        case "drop":
            call.machine.emit(
                ops.DropTable(span=call.span, table=receiver.name, if_exists=call.kwargs.get("checkfirst") is True)
            )
        case "append_column" if isinstance(call.get(0), ColumnValue):
            receiver.columns.append(call.args[0])
        case "append_constraint":
            receiver.constraints.append(call.get(0))
        case "exists":
            return call.machine.schema.table(receiver.name) is not None
    return None


def _reflected_column(table: Table, column: Column) -> ColumnValue:
    options: dict[str, Value] = {"nullable": column.nullable, "comment": column.comment}
    if table.primary_key and column.name in table.primary_key.columns:
        options["primary_key"] = True
    if column.default:
        options["server_default"] = Clause(column.default.text, column.default.is_literal)
    kind = SqlType("migrate_guard.sql", (str(column.type),), {}, column.span)
    return ColumnValue(column.name, kind, (), options, column.span)


def reflected(call: Call, name: QualifiedName) -> TableValue:
    """The table that SQLAlchemy would read from the database: what the history tells of it."""
    known = call.machine.schema.table(name)
    if known is None and name == call.machine.version_table:
        return _version_table(call)
    if known is None:
        return TableValue(name, [], [], [], call.span, is_reflected=True, is_open=True)
    columns = [_reflected_column(known, each) for each in known.columns]
    is_open = known.is_open or bool(known.doubtful) or not known.is_certain
    return TableValue(name, columns, [], [], call.span, is_reflected=True, is_open=is_open)


def _version_table(call: Call) -> TableValue:
    """Alembic's own table (`DefaultImpl.version_table_impl`), which is there whenever a script runs."""
    kind = SqlType("sqlalchemy.String", (32,), {}, call.span)
    column = ColumnValue("version_num", kind, (), {"nullable": False, "primary_key": True}, call.span)
    return TableValue(call.machine.version_table, [column], [], [], call.span, is_reflected=True)


def create_table(call: Call, value: TableValue) -> None:
    """Emit `Table.create()`: the enums of its columns first, as `checkfirst` has it."""
    checks = call.kwargs.get("checkfirst") is True or (len(call.args) > 1 and call.args[1] is True)
    if value.is_reflected:
        return
    for enum in sqltypes.enums_of(call.machine, value.columns):
        call.machine.emit(ops.CreateEnum(span=call.span, enum=enum, if_not_exists=True))
    made = ddl.table(
        call.machine, value.name, value.columns, value.constraints, value.indexes, call.span, value.options
    )
    call.machine.emit(ops.CreateTable(span=call.span, table=made, if_not_exists=checks))


def _metadata(receiver: MetaDataValue, call: Call) -> Value:
    match call.name:
        case "reflect":
            schema = call.machine.qualified("", call.kwargs.get("schema", receiver.schema)).schema
            for name in call.machine.schema.tables:
                if name.schema == schema:
                    receiver.tables.setdefault(str(name), reflected(call, name))
            if call.machine.version_table.schema == schema:
                receiver.tables.setdefault(str(call.machine.version_table), _version_table(call))
        case "create_all":
            load_models(call.machine)
            for table in list(receiver.tables.values()):
                if call.machine.schema.table(table.name) is None:
                    create_table(call, table)
        case "drop_all":
            load_models(call.machine)
            for table in reversed(list(receiver.tables.values())):
                call.machine.emit(ops.DropTable(span=call.span, table=table.name, if_exists=True))
    return None


def _type(receiver: SqlType, call: Call) -> Value:
    match call.name:
        case "with_variant":
            variant = as_type(call, call.get(0, "type_"))
            names = [each for each in [*call.args[1:], call.kwargs.get("dialect_name")] if isinstance(each, str)]
            if isinstance(variant, SqlType):
                added = tuple((name, variant) for name in names)
                return replace(receiver, variants=(*receiver.variants, *added))
            return receiver
        case "create" | "drop":
            _create_or_drop_type(receiver, call)
            return None
    return receiver


def _create_or_drop_type(receiver: SqlType, call: Call) -> None:
    if not receiver.is_enum:
        return
    enum = sqltypes.enum_type(call.machine, receiver)
    if enum is None:
        if call.machine.target.dialect == "postgresql" and receiver.kwargs.get("native_enum") is not False:
            call.machine.opaque(call.span, "the name of the enum type is not known")
        return
    # Enum.create() and .drop() check first unless told otherwise (sqlalchemy/dialects/postgresql/named_types.py)
    checks = call.get(1, "checkfirst", default=True) is not False
    if call.name == "create":
        call.machine.emit(ops.CreateEnum(span=call.span, enum=enum, if_not_exists=checks))
    else:
        call.machine.emit(ops.DropType(span=call.span, type=enum.name, if_exists=checks))


def _generated(receiver: Generated, call: Call) -> Value:
    """`Sequence.create()` and `Sequence.drop()`, which check first unless told otherwise."""
    if receiver.kind == "sequence" and call.name in ("create", "drop"):
        _create_or_drop_sequence(call, receiver, call.name, checks=call.get(1, "checkfirst", default=True) is not False)
    return None


def _create_or_drop_sequence(call: Call, sequence: Generated, action: str, *, checks: bool = False) -> None:
    name: Value = sequence.args[0] if sequence.args else sequence.options.get("name")
    if not is_known_text(name):
        call.machine.opaque(call.span, "the name of the sequence is not known", may_create=action == "create")
        return
    qualified = call.machine.qualified(name, sequence.options.get("schema"))
    if action == "create":
        made = Sequence(qualified, call.span)
        call.machine.emit(ops.CreateSequence(span=call.span, sequence=made, if_not_exists=checks))
    else:
        call.machine.emit(ops.DropSequence(span=call.span, sequence=qualified, if_exists=checks))


def _registry(receiver: Registry, call: Call) -> Value:
    if call.name == "generate_base":
        return base_of_registry(receiver, call)
    return call.get(0) if call.name == "mapped" else None


def _compiler(receiver: TypeCompiler, call: Call) -> Value:
    """`compiler.visit_uuid(type)` and `compiler.process(type)`: how SQLAlchemy itself spells a type."""
    kind = as_type(call, call.get(0))
    if call.name.startswith("visit_"):
        name = call.name.removeprefix("visit_")
        name = name if name.isupper() else "".join(part.capitalize() for part in name.split("_"))
        kind = replace(kind, path=f"sqlalchemy.{name}") if isinstance(kind, SqlType) else None
    found = sqltypes.own_type(call.machine, kind) if isinstance(kind, SqlType) else UNKNOWN_TYPE
    return str(found) if found.is_known else Unknown(f"what the compiler's {call.name}() returns", call.span)


def _column(receiver: ColumnValue, call: Call) -> Value:
    """`copy()`, the only method of a column that is not one of its expression."""
    return replace(receiver, options={**receiver.options, **call.kwargs})


def _path(receiver: FilePath, call: Call) -> Value:
    match call.name:
        case "read_text" | "read":
            return call.machine.project.read(receiver.path) or Unknown(f"the text of {receiver.path}", call.span)
        case "joinpath" if all(isinstance(each, str) for each in call.args):
            return FilePath(posixpath.normpath(posixpath.join(receiver.path, *call.args)))
        case "with_name" | "with_suffix" if isinstance(call.get(0), str):
            stem = receiver.path if call.name == "with_suffix" else posixpath.dirname(receiver.path) + "/x"
            base = posixpath.splitext(stem)[0] if call.name == "with_suffix" else posixpath.dirname(stem) + "/"
            return FilePath(base + call.args[0])
        case "resolve" | "absolute" | "open" | "expanduser":
            return receiver
        case "exists" | "is_file":
            return call.machine.project.read(receiver.path) is not None
    return Unknown(f"what {call.name}() of a path returns", call.span)


def _clause(receiver: Clause, call: Call) -> Value:
    match call.name:
        case "desc":
            return replace(receiver, text=f"{receiver.text} DESC")
        case "asc":
            return replace(receiver, text=f"{receiver.text} ASC")
        case "bindparams":
            return replace(receiver, parameters=(*receiver.parameters, *call.kwargs.items()))
        case "columns" | "label" | "self_group" | "execution_options":
            return receiver
    return Clause(HOLE, columns=receiver.columns)


def _class(receiver: Class, call: Call) -> Value:
    """Methods of a class that none of its own: those of a declarative one stand for its table."""
    if call.name == "generate_base":
        return receiver
    if call.name == "as_mutable":
        return as_type(call, call.get(0, "sqltype"))
    table = model_table(receiver)
    return _table(table, call) if isinstance(table, TableValue) else Unknown(f"{receiver.name}.{call.name}()")


def _context(receiver: MigrationContext, call: Call) -> Value:
    match call.name:
        case "execute":
            execute(call, call.get(0, "sql"), call.argument_node(0, "sql"))
        case "begin_transaction":
            return Connection()
        case "get_current_revision" | "get_current_heads":
            return Unknown("the revision a database is at", call.span)
    return None


def _autocommit(receiver: AutocommitBlock, call: Call) -> Value:
    return receiver


def _dialect(receiver: object, call: Call) -> Value:
    from migrate_guard.reading.inspection import has_table

    if call.name == "type_descriptor":
        return as_type(call, call.get(0))
    return has_table(call, call.get(1, "table_name"), call.get(2, "schema")) if call.name == "has_table" else None


def _columns(receiver: Columns, call: Call) -> Value:
    names = {column.name: column for column in receiver.table.columns}
    match call.name:
        case "keys":
            return list(names)
        case "values":
            return list(names.values())
    return Unknown(f"columns.{call.name}()", call.span)


_METHODS: dict[type, Callable[[Any, Call], Value]] = {
    AutocommitBlock: _autocommit,
    Class: _class,
    Clause: _clause,
    ColumnValue: _column,
    FilePath: _path,
    Generated: _generated,
    Columns: _columns,
    Connection: _connection,
    DialectValue: _dialect,
    MetaDataValue: _metadata,
    MigrationContext: _context,
    Registry: _registry,
    Row: results.call_row,
    Rows: results.call_rows,
    SqlType: _type,
    Statement: _statement,
    TableValue: _table,
    TypeCompiler: _compiler,
}
