"""What queries give: the rows that the folded schema tells, else rows that only a database knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec.structs import replace

from migrate_guard.model.facts import RowsLoaded, RowsWritten
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Delete, Operation, RawSql, Update
from migrate_guard.model.patterns import lazily
from migrate_guard.model.queries import Query
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import Contents, Table
from migrate_guard.model.source import Span
from migrate_guard.reading.computing import is_answer, is_plain, truth
from migrate_guard.reading.machine import MAXIMUM_QUERIES
from migrate_guard.reading.orm import note_query
from migrate_guard.reading.values import HOLE, ColumnValue, EnumMember, Row, Rows, Statement, Value

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call
    from migrate_guard.reading.machine import Machine

_QUERY: Final = lazily(r"[\s(]*(select|with|pragma)\b", re.IGNORECASE)
_CATALOGS: Final = lazily(r"information_schema|\bpg_|sqlite_(master|schema)|to_reg|pragma", re.IGNORECASE)
_PRAGMA: Final = lazily(
    r"\s*pragma\s+(table_info|index_list|index_info)\s*\(\s*[\"'`]?(\w+)[\"'`]?\s*\)[\s;]*", re.IGNORECASE
)


def rows_of_text(call: Call, text: str, parameters: Value) -> Rows:
    """The result of a SQL text; a query to the catalogs has an answer, and one to tables whose rows are known."""
    schema = call.machine.schema
    if HOLE in text or not _QUERY.match(text) or (schema.contents is None and not _CATALOGS.search(text)):
        return Rows(call.name)
    if pragma := _PRAGMA.fullmatch(text):
        return _of_pragma(call, pragma[1].lower(), pragma[2])
    from migrate_guard.reading.sql.queries import answer

    call.machine.queries += 1
    if call.machine.queries > MAXIMUM_QUERIES:
        return Rows(call.name)
    found = answer(text, _parameters(parameters), schema, call.machine.target.dialect)
    return Rows(call.name, None if found is None else tuple(Row(found.columns, each) for each in found.rows))


def holds(call: Call, condition: str) -> bool | None:
    """Whether a condition of a DO block holds; None when that is not known."""
    return truth(scalar(rows_of_text(call, f"SELECT ({condition})", None), call))


def _parameters(value: Value) -> Mapping[str, object]:
    return {str(name): each for name, each in value.items()} if isinstance(value, Mapping) else {}


def _of_pragma(call: Call, name: str, subject: str) -> Rows:
    """SQLite's answer to a question about a table or index (sqlite.org/pragma.html)."""
    schema = call.machine.schema
    named = {each: table for table in schema.tables.values() for each in map(itemgetter(1), _index_list(table))}
    table = named.get(subject) if name == "index_info" else schema.table(call.machine.qualified(subject))
    is_sure = schema.contents is not None
    if table is None or (not is_sure and (table.is_open or table.doubtful or not table.is_certain)):
        return Rows(call.name, () if is_sure else None)
    names, rows = _PRAGMAS[name](table, subject)
    return Rows(call.name, tuple(Row(names, each) for each in rows))


_Answer: TypeAlias = tuple[tuple[str, ...], list[tuple[Value, ...]]]


def _table_info(table: Table, subject: str) -> _Answer:
    key = table.primary_key.columns if table.primary_key else ()
    rows: list[tuple[Value, ...]] = []
    for at, each in enumerate(table.columns):
        default = each.default.text if each.default else None
        place = key.index(each.name) + 1 if each.name in key else 0
        rows.append((at, each.name, str(each.type), int(not each.nullable), default, place))
    return ("cid", "name", "type", "notnull", "dflt_value", "pk"), rows


def _index_list(table: Table) -> list[tuple[Value, ...]]:
    """The indexes of a table, those of its keys under the names that SQLite gives them, the last first."""
    key = table.primary_key
    is_rowid = key is not None and any(each.is_serial for each in table.columns if each.name in key.columns)
    keys = [("pk", key)] if key and not is_rowid else []
    owners = [*keys, *(("u", each) for each in table.unique_constraints)]
    own = [
        (f"sqlite_autoindex_{table.name.name}_{at}", 1, origin, 0, owner.columns)
        for at, (origin, owner) in enumerate(owners, 1)
    ]
    made = [(each.name, int(each.unique), "c", int(each.where is not None), each.columns) for each in table.indexes]
    return [(at, *each) for at, each in enumerate([*own, *made][::-1])]


def _index_list_rows(table: Table, subject: str) -> _Answer:
    return ("seq", "name", "unique", "origin", "partial"), [each[:5] for each in _index_list(table)]


def _index_info(table: Table, subject: str) -> _Answer:
    columns: Sequence[str | None] = next(each[5] for each in _index_list(table) if each[1] == subject)
    places = {column.name: at for at, column in enumerate(table.columns)}
    rows: list[tuple[Value, ...]] = [(at, places.get(each or "", -2), each) for at, each in enumerate(columns)]
    return ("seqno", "cid", "name"), rows


_PRAGMAS: Final[Mapping[str, Callable[[Table, str], _Answer]]] = {
    "index_info": _index_info,
    "index_list": _index_list_rows,
    "table_info": _table_info,
}


_LIMITED: Final = lazily(r"\b(LIMIT|FETCH\s+(FIRST|NEXT))\b", re.IGNORECASE)
_GROUPED: Final = lazily(r"\b(GROUP\s+BY|SELECT\s+DISTINCT)\b", re.IGNORECASE)
_AGGREGATES: Final = frozenset(
    {"count", "sum", "avg", "min", "max", "array_agg", "string_agg", "json_agg", "jsonb_agg", "exists", "bool_or"}
)


def query_of_text(operations: Sequence[Operation]) -> Query | None:
    """The query that a SQL text is, if it is one."""
    match operations:
        case [RawSql(kind="SELECT") as found]:
            is_grouped = bool(_GROUPED.search(found.sql) or _AGGREGATES.intersection(found.functions))
            return Query(found.tables, found.predicate, bool(_LIMITED.search(found.sql)), is_grouped, found.sql)
    return None


def _query_of_statement(statement: Statement) -> Query | None:
    if statement.kind != "select" or statement.table is None:
        return None
    from migrate_guard.reading.clauses import expression

    where = None if statement.where is None else expression(statement.where)
    is_grouped = statement.is_grouped or bool(_AGGREGATES.intersection(statement.functions))
    asked = f" WHERE {statement.where}" if statement.where is not None else ""
    text = f"SELECT {', '.join(statement.columns) or '*'} FROM {statement.table}{asked}"
    return Query((statement.table,), where, statement.is_limited, is_grouped, "" if HOLE in text else text)


def note_loaded(machine: Machine, rows: Rows, span: Span, call: str) -> None:
    """Remember that all rows of a query become a list."""
    if rows.rows is None and rows.query is not None and not machine.importing:
        machine.remember(RowsLoaded(span=span, call=call, query=rows.query))


def note_written(call: Call, values: Value) -> None:
    """Remember that values of rows of the database are sent to it as parameters: of one statement, or of many."""
    if not call.machine.importing and any(is_answer(each) for each in _flat(values)):
        call.machine.remember(RowsWritten(span=call.span))


def _flat(values: Value) -> Iterator[Value]:
    """Parameters: those of each row, where there is a list of rows."""
    for row in values[:_LOOKED_AT] if isinstance(values, list | tuple) else [values]:
        yield from row.values() if isinstance(row, Mapping) else [row]


_LOOKED_AT: Final = 20
"""Rows of a list: the next ones are like them."""


def rows_of_statement(machine: Machine, statement: Statement, source: str) -> Rows:
    """The result of a Core or ORM query."""
    note_query(machine, statement, source)
    table = statement.table
    if statement.kind != "select" or table is None:
        return Rows(source)
    contents = machine.schema.rows_of(table) if machine.schema.table(table) is not None else None
    if statement.functions:
        return Rows(source, _aggregated(statement, contents))
    if contents is None or (contents and statement.conditions):
        return Rows(source, None, table, _query_of_statement(statement))
    return Rows(source, tuple(_selected(each, statement.columns) for each in contents), table)


def _aggregated(statement: Statement, contents: Contents) -> tuple[Value, ...] | None:
    """The one row of aggregate functions over no rows; a count also over all rows."""
    if contents == () and set(statement.functions) <= _OF_NOTHING.keys():
        return (Row(statement.functions, tuple(_OF_NOTHING[each] for each in statement.functions)),)
    if contents is not None and statement.functions == ("count",) and not statement.conditions:
        return (Row(("count",), (len(contents),)),)
    return None


_OF_NOTHING: Final[Mapping[str, Value]] = {"count": 0, "max": None, "min": None, "sum": None, "avg": None}


def _selected(row: Sequence[tuple[str, Value]], columns: tuple[str, ...]) -> Row:
    values = dict(row)
    names = columns or tuple(values)
    return Row(names, tuple(values.get(each, Unknown(f"the value of {each!r} is not written down")) for each in names))


# -- rows that a script writes


def with_rows_after(operation: Operation, text: str, parameters: Value, machine: Machine) -> Operation:
    """An UPDATE or DELETE with what the table holds afterwards, where the rows before are known."""
    if not isinstance(operation, Update | Delete) or HOLE in text or not machine.schema.rows_of(operation.table):
        return operation
    from migrate_guard.reading.sql.queries import rows_after

    after = rows_after(text, _parameters(parameters), machine.schema, operation.table, machine.target.dialect)
    return replace(operation, rows=after)


def text_of_change(statement: Statement) -> str:
    """A Core UPDATE or DELETE as SQL; with HOLE where something in it is not known."""
    where = f" WHERE {statement.where}" if statement.where is not None else ""
    if statement.kind == "delete":
        return f"DELETE FROM {statement.table}{where}"
    changes = [f"{name} = {text}" for name, text in zip(statement.columns, statement.assigned, strict=True)]
    return f"UPDATE {statement.table} SET {', '.join(changes)}{where}"


def written_rows(value: Value) -> Contents:
    """The rows of an INSERT as the script writes them; None where a value is not plain data."""
    rows = value if isinstance(value, list | tuple) else [value]
    found = []
    for row in rows:
        if not isinstance(row, Mapping):
            return None
        values = {_column(name): each.value if isinstance(each, EnumMember) else each for name, each in row.items()}
        if not all(isinstance(each, str | int | float | None) and is_plain(each) for each in values.values()):
            return None
        found.append(tuple(values.items()))
    return tuple(found)


def written_texts(value: Value) -> tuple[tuple[str, str], ...]:
    """The strings of the rows of an INSERT, each with its column, whatever else is in them."""
    rows = value if isinstance(value, list | tuple) else [value]
    pairs = ((_column(name), each) for row in rows if isinstance(row, Mapping) for name, each in row.items())
    return tuple((name, str(each)) for name, each in pairs if isinstance(each, str) and HOLE not in each)


def _column(key: Value) -> str:
    return key.name if isinstance(key, ColumnValue) else str(key)


# -- results


def table_of_rows(value: Value) -> QualifiedName | None:
    """The table whose rows they are, or one of them is."""
    return value.table if isinstance(value, Rows | Unknown) else None


def query_of_rows(value: Value) -> Query | None:
    """What gives the rows."""
    return value.query if isinstance(value, Rows | Unknown) else None


def query_of_parts(value: Value) -> Query | None:
    """What gives the rows of which each element is a list."""
    return value.query if isinstance(value, Rows) and value.is_parted else None


def first_row(rows: Rows, call: Call) -> Value:
    """The first row of a result, None if there is none."""
    if rows.rows is None:
        return Unknown("a row of the database", call.span, is_answer=True, table=rows.table)
    return rows.rows[0] if rows.rows else None


def scalar(rows: Rows, call: Call) -> Value:
    """The first value of the first row of a result, None if there is none."""
    if rows.rows is None:
        return Unknown(f"what {call.name}() reads from the database", call.span, is_answer=True)
    return _first_value(rows.rows[0]) if rows.rows else None


def _first_value(row: Value) -> Value:
    return row.values[0] if isinstance(row, Row) and row.values else row


def call_rows(receiver: Rows, call: Call) -> Value:
    """A method of a result."""
    call.machine.needs_database("rows", call.node, call.name)
    match call.name:
        case "first" | "one" | "fetchone" | "one_or_none":
            return first_row(receiver, call)
        case "scalar" | "scalar_one" | "scalar_one_or_none":
            return scalar(receiver, call)
        case "count" if receiver.rows is not None:
            return len(receiver.rows)
    if call.name in ("all", "fetchall"):
        note_loaded(call.machine, receiver, call.span, call.name)
    if receiver.rows is None:
        return replace(receiver, is_parted=True) if call.name == "partitions" else receiver
    match call.name:
        case "all" | "fetchall" | "fetchmany" | "partitions" | "yield_per":
            return list(receiver.rows)
        case "scalars":
            return Rows(receiver.source, tuple(map(_first_value, receiver.rows)))
        case "mappings":
            return Rows(receiver.source, tuple(as_mapping(each) for each in receiver.rows))
        case "keys":
            return list(receiver.rows[0].names) if receiver.rows and isinstance(receiver.rows[0], Row) else []
    return receiver


def as_mapping(row: Value) -> Value:
    """A row as a dictionary."""
    return dict(zip(row.names, row.values, strict=False)) if isinstance(row, Row) else row


def call_row(receiver: Row, call: Call) -> Value:
    """A method of a row."""
    match call.name:
        case "_asdict":
            return as_mapping(receiver)
        case "keys":
            return list(receiver.names)
        case "values":
            return list(receiver.values)
        case "get" if isinstance(call.get(0), str):
            found = as_mapping(receiver)
            return found.get(call.args[0], call.get(1)) if isinstance(found, dict) else None
    return Unknown(f"what {call.name}() of a row returns", call.span, is_answer=True)
