"""Methods of what stands for the database: connections, sessions, statements, and what is made of them."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import UNKNOWN_TYPE
from migrate_guard.reading import connections, results, sqltypes
from migrate_guard.reading.calls import Call
from migrate_guard.reading.computing import known_items, sql_expression, sql_text
from migrate_guard.reading.constructs import as_text, as_type, query, table_name
from migrate_guard.reading.ddl_elements import call_index
from migrate_guard.reading.models import model_table
from migrate_guard.reading.orm import note_change, note_session, part
from migrate_guard.reading.schema_objects import (
    call_generated,
    call_metadata,
    call_registry,
    call_table,
    call_type,
)
from migrate_guard.reading.statements import emit_statement, execute
from migrate_guard.reading.transaction_calls import note_transaction
from migrate_guard.reading.values import (
    HOLE,
    AutocommitBlock,
    Class,
    Clause,
    Columns,
    ColumnValue,
    Connection,
    ConstraintValue,
    DialectValue,
    FilePath,
    Generated,
    IndexValue,
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
        with call.machine.sending(receiver.own):
            rows = execute(call, call.get(0, "statement", "object_", "clause"), call.argument_node(0, "statement"))
        if receiver.is_session:
            note_session(receiver, call)
        if not isinstance(rows, Rows):
            return rows
        if name in ("scalar", "scalars"):
            call.machine.needs_database("rows", call.node, name)
        if name == "scalar":
            return results.scalar(rows, call)
        return results.call_rows(rows, call) if name == "scalars" else rows
    if name == "execution_options":
        return connections.with_options(receiver, call)
    if name in ("connect", "begin", "raw_connection"):
        note_transaction(receiver, call)
        return connections.opened(receiver)
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
        case "commit" | "rollback" if receiver.own is None:
            note_transaction(receiver, call)
            call.machine.is_between = True
        case "set_isolation_level":
            connections.isolated(receiver, call)
        case "set_session" if isinstance(is_autocommit := call.kwargs.get("autocommit"), bool):
            connections.switch(call.machine, receiver, is_autocommit=is_autocommit)
    return None


def _session(receiver: Connection, call: Call) -> Value:
    note_transaction(receiver, call)
    use = note_session(receiver, call)
    match call.name:
        case "query":
            return replace(query(call), use=use)
        case "add" | "merge":
            _insert(call, call.get(0))
        case "add_all" | "bulk_save_objects":
            values = call.get(0)
            _insert(call, values[0] if isinstance(values, list) and values else None)
        case "bulk_insert_mappings":
            _insert(call, call.get(0))
        case "bulk_update_mappings":
            emit_statement(call, Statement("update", table_name(call.get(0)), (HOLE,)))
        case "delete":
            emit_statement(call, Statement("delete", table_name(call.get(0)), (HOLE,)))
        case "get" | "refresh":
            return Unknown("a row of the database", call.span, is_answer=True, table=table_name(call.get(0)))
    return None


def _insert(call: Call, value: Value) -> None:
    table = table_name(value)
    if table is not None:
        rows = results.written_rows(value.attributes) if isinstance(value, Instance) else None
        texts = results.written_texts(value.attributes) if isinstance(value, Instance) else ()
        results.note_written(call, value.attributes if isinstance(value, Instance) else value)
        made = Statement("insert", table, rows=rows, texts=texts, skips_present=call.name == "merge")
        emit_statement(call, replace(made, is_flushed=call.name != "merge"))


# -- statements under construction

_FILTERS: Final = frozenset({"where", "filter", "filter_by", "having", "limit"})
_READS: Final = frozenset({"all", "first", "one", "one_or_none", "scalar", "count", "get", "yield_per", "scalars"})


def _conditions(call: Call) -> tuple[str, ...]:
    """What a filter asks of the rows."""
    if call.name not in ("where", "filter", "filter_by"):
        return (HOLE,)
    named = [f"{name} = {sql_text(value)}" for name, value in call.kwargs.items()]
    return (*(sql_text(each) if isinstance(each, Clause) else HOLE for each in call.args), *named) or (HOLE,)


def _assigning(statement: Statement, values: Mapping[Value, Value]) -> Statement:
    columns = tuple(each.name if isinstance(each, ColumnValue) else str(each) for each in values)
    return replace(statement, columns=columns, assigned=tuple(map(sql_text, values.values())))


def _statement(receiver: Statement, call: Call) -> Value:
    name = call.name
    if name == "from_select":
        taken = call.get(1, "select")
        return replace(receiver, source=taken.table if isinstance(taken, Statement) else None)
    if name in _FILTERS:
        is_limited = receiver.is_limited or name == "limit"
        return replace(receiver, conditions=(*receiver.conditions, *_conditions(call)), is_limited=is_limited)
    if name in ("fetch", "slice"):
        return replace(receiver, is_limited=True)
    if name in ("group_by", "distinct"):
        return replace(receiver, is_grouped=True)
    if name in ("on_conflict_do_nothing", "on_conflict_do_update", "on_duplicate_key_update", "prefix_with"):
        return replace(receiver, skips_present=True)
    if name == "select_from":
        return replace(receiver, table=table_name(call.get(0)) or receiver.table)
    if name == "values":
        values = {**(call.args[0] if call.args and isinstance(call.args[0], dict) else {}), **call.kwargs}
        given = call.kwargs or call.get(0)
        texts = results.written_texts(given)
        return replace(_assigning(receiver, values), rows=results.written_rows(given), texts=texts)
    if receiver.use is not None and name == "with_entities":
        return replace(query(call), conditions=receiver.conditions, use=replace(receiver.use, takes=part(call)))
    note_change(receiver, call)
    if receiver.kind == "select" and name in ("update", "delete"):
        values = call.get(0, "values")
        emit_statement(call, replace(_assigning(receiver, values if isinstance(values, dict) else {}), kind=name))
        return Unknown(f"the number of rows that {name}() touches", call.span, is_answer=True)
    if name in _READS:
        return results.call_rows(results.rows_of_statement(call.machine, receiver, name), call)
    return receiver


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


def _constraint(receiver: ConstraintValue, call: Call) -> Value:
    """`copy()` and the like: a constraint that is not the same object says the same."""
    return (
        receiver
        if call.name in ("copy", "_copy")
        else Unknown(f"what {call.name}() of a constraint returns", call.span)
    )


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
            parameters = (*receiver.parameters, *call.kwargs.items())
            return replace(receiver, parameters=parameters, takes_more=receiver.takes_more or bool(call.args))
        case "columns" | "label" | "self_group" | "execution_options":
            return receiver
        case "is_" if call.args:
            # IS true and = true take the same rows; of IS NOT that does not hold
            return sql_expression(receiver, call.args[0], ast.Eq())
        case "is_not" | "isnot" if call.args and call.args[0] is None:
            return sql_expression(receiver, None, ast.NotEq())
        case "in_" | "not_in" | "notin_" if items := known_items(call.get(0, "other")):
            word = "IN" if call.name == "in_" else "NOT IN"
            return _with_text(receiver, f"{receiver.text} {word} ({', '.join(map(sql_text, items))})")
        case "between" if len(call.args) == _BOUNDS:
            low, high = map(sql_text, call.args)
            return _with_text(receiver, f"{receiver.text} BETWEEN {low} AND {high}")
    return Clause(HOLE, columns=receiver.columns)


_BOUNDS: Final = 2


def _with_text(receiver: Clause, text: str) -> Clause:
    return Clause(HOLE if HOLE in text else text, columns=receiver.columns)


def _class(receiver: Class, call: Call) -> Value:
    """Methods of a class that none of its own: those of a declarative one stand for its table."""
    if call.name == "generate_base":
        return receiver
    if call.name == "as_mutable":
        return as_type(call, call.get(0, "sqltype"))
    table = model_table(receiver)
    return call_table(table, call) if isinstance(table, TableValue) else Unknown(f"{receiver.name}.{call.name}()")


def _context(receiver: MigrationContext, call: Call) -> Value:
    match call.name:
        case "execute":
            execute(call, as_text(call.get(0, "sql")), call.argument_node(0, "sql"))
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
    Generated: call_generated,
    IndexValue: call_index,
    Columns: _columns,
    Connection: _connection,
    ConstraintValue: _constraint,
    DialectValue: _dialect,
    MetaDataValue: call_metadata,
    MigrationContext: _context,
    Registry: call_registry,
    Row: results.call_row,
    Rows: results.call_rows,
    SqlType: call_type,
    Statement: _statement,
    TableValue: call_table,
    TypeCompiler: _compiler,
}
