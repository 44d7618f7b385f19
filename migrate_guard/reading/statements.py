"""What is sent to the database: SQL text and Core statements."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.facts import BuiltSql
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Span
from migrate_guard.reading import results
from migrate_guard.reading.calls import Call
from migrate_guard.reading.clauses import expression
from migrate_guard.reading.colons import note_sent
from migrate_guard.reading.computing import sql_text
from migrate_guard.reading.ddl_elements import execute_element
from migrate_guard.reading.machine import Machine, describe
from migrate_guard.reading.naming import with_names
from migrate_guard.reading.outside import note_text
from migrate_guard.reading.search_path import first_schema, in_schema
from migrate_guard.reading.values import (
    HOLE,
    Class,
    Clause,
    OutsideText,
    Rows,
    SqlType,
    Statement,
    TableValue,
    Value,
)


def execute(call: Call, value: Value, node: ast.expr | None) -> Value:
    """Emit what executing `value` does, and return what it gives."""
    machine = call.machine
    match value:
        case Statement(kind="insert") if (given := call.get(1, "parameters", "params")) is not None:
            results.note_written(call, given)
            emit_statement(call, replace(value, rows=results.written_rows(given), texts=results.written_texts(given)))
        case Statement():
            results.note_written(call, call.get(1, "parameters", "params"))
            emit_statement(call, value)
            return results.rows_of_statement(machine, value, call.name)
        case Clause(text=text) | str(text):
            if HOLE in text and not text.replace(HOLE, "").strip():
                note_text(call, [text], "the SQL")
                machine.unbounded(call.span, f"the SQL that {call.name}() runs is not known")
            else:
                from migrate_guard.reading.sql import read_sql

                machine.sends(text)
                bound = dict(value.parameters) if isinstance(value, Clause) and value.parameters else None
                given = call.get(1, "parameters", "params") or bound
                locate = _locator(call, node, str(text))
                note_sent(call, value, call.get(1, "parameters", "params"), locate)
                results.note_written(call, given)
                found = tuple(_placed(read_sql(str(text), machine.target, locate), given))
                _note_built(call, text)
                for operation in _decided(call, found):
                    if isinstance(text, OutsideText) and text.source and not isinstance(operation, _OF_ROWS):
                        note_text(call, [text], "the SQL")
                    named = _named(operation, str(text), machine)
                    machine.emit(results.with_rows_after(named, str(text), given, machine))
                rows = results.rows_of_text(call, text, given)
                return replace(rows, query=results.query_of_text(found)) if rows.rows is None else rows
        case list() | tuple():
            for each in value:
                execute(call, each, None)
        case SqlType() if execute_element(call, value):
            pass
        case TableValue() | Class() | Rows():
            pass
        case _ if _is_about_rows(node):
            machine.opaque(call.span, f"the statement that {call.name}() runs is not known", changes_schema=False)
        case _:
            note_text(call, [value], "the SQL")
            machine.unbounded(call.span, f"the SQL that {call.name}() runs is not known: {describe(value)}")
    return Rows(call.name)


def _note_built(call: Call, text: str) -> None:
    """Remember a text in which a value stands that only the database, or something outside of the script, knows."""
    if isinstance(text, OutsideText) and not call.machine.importing and (text.source or text.is_answer):
        call.machine.remember(BuiltSql(span=call.span, sql=str(text), source=text.source, holes=text.holes))


def _placed(operations: Sequence[ops.Operation], parameters: Value) -> Iterator[ops.Operation]:
    """The operations of a text, with their place where it has several statements, and whether values are bound."""
    if sum(each.part == 0 for each in operations) < _SEVERAL:
        yield from operations
        return
    place = -1
    for each in operations:
        place += each.part == 0
        yield replace(each, place_in_text=place, has_parameters=bool(parameters))


_SEVERAL: Final = 2
_OF_ROWS: Final = (ops.Insert, ops.Update, ops.Delete, ops.SetParameter)
"""What changes rows, or a setting: nothing of it stays in the schema."""


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


_DROPPING: Final = lazily(r"\s*(drop|truncate|create\s+(unique\s+)?index|grant|revoke)\b", re.IGNORECASE)
"""Statements that add no column or table, whatever they are about."""


def _named(operation: ops.Operation, text: str, machine: Machine) -> ops.Operation:
    if isinstance(operation, ops.Opaque) and _DROPPING.match(text):
        return replace(operation, may_create=False)
    if isinstance(operation, ops.SetParameter) and operation.name == "search_path":
        machine.search_schema = first_schema(operation, machine.default_schema)
    elif machine.search_schema is not None:
        operation = in_schema(operation, machine.search_schema)
    return with_names(operation, machine.schema, machine.target.dialect)


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
    span, table = call.span, statement.table
    where = None if statement.where is None else expression(statement.where)
    match statement.kind:
        case "insert":
            made = ops.Insert(
                span=span,
                table=table,
                rows=statement.rows,
                source=statement.source,
                texts=statement.texts,
                skips_present=statement.skips_present,
                is_flushed=statement.is_flushed,
            )
            call.machine.emit(made)
        case "update":
            text = results.text_of_change(statement)
            change = ops.Update(span=span, table=table, columns=statement.columns, where=where, sql=text)
            call.machine.emit(results.with_rows_after(change, text, None, call.machine))
        case "delete":
            text = results.text_of_change(statement)
            deletion = ops.Delete(span=span, table=table, where=where, sql=text)
            call.machine.emit(results.with_rows_after(deletion, text, None, call.machine))


def emit_changed_row(machine: Machine, table: QualifiedName, name: str, value: Value, span: Span) -> None:
    """Emit what a session writes for a row whose attribute is assigned: an UPDATE of that row by its key.

    An attribute that is no column of the table is a relationship, whose columns are not known, or has another name.
    """
    known = machine.schema.table(table)
    columns = () if known is not None and not known.is_open and known.column(name) is None else (name,)
    key = known.primary_key.columns if known is not None and known.primary_key else ()
    conditions = tuple(f"{each} = {HOLE}" for each in key) or (HOLE,)
    change = Statement("update", table, conditions, columns, (sql_text(value),) if columns else ())
    where = None if change.where is None else replace(expression(change.where), columns=key)
    text = results.text_of_change(change)
    machine.emit(ops.Update(span=span, table=table, columns=columns, where=where, sql=text))
