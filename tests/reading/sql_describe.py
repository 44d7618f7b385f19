"""Operations as short text, so that tables of expectations can be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, Expression, IndexElement, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql import read_sql

Case = tuple[str, list[str]]
_LEFT_OUT = frozenset({"span", "autocommit_block", "is_sql", "sql", "text", "definition", "objects", "texts"})
# What only the effects of a statement ask for has a table of its own: test_sql_details.py.
_DETAILS = frozenset(
    {"part", "options", "functions", "predicate", "reads", "copies_rows", "into", "altered", "if_table_exists"}
    | {"place_in_text", "storage"}
)


def cases(table: str) -> list[Case]:
    """Read a table of expectations: SQL, and below it a `->` for each operation; a line with spaces goes on."""
    found: list[Case] = []
    for line in table.splitlines():
        if line.startswith("-> "):
            found[-1][1].append(line.removeprefix("-> "))
        elif line.startswith("   ") and found[-1][1]:
            found[-1][1][-1] += f" {line.strip()}"
        elif line.startswith("   "):
            found[-1] = (f"{found[-1][0]} {line.strip()}", [])
        elif line and not line.startswith("# "):
            found.append((line, []))
    return found


def describe_sql(sql: str, dialect: DialectName = "postgresql", version: tuple[int, ...] | None = None) -> list[str]:
    """Return what `read_sql` makes of a text, an operation a line."""
    target = Target.default(dialect) if version is None else Target(dialect, version)
    operations = read_sql(sql, target, locate)
    assert all(operation.is_sql for operation in operations)
    return [describe(operation) for operation in operations]


def locate(start: int, end: int) -> Span:
    """Stand in for the interpreter's: offsets as columns."""
    assert 0 <= start <= end, (start, end)
    return Span("script.py", 1, start, 1, end)


def describe(value: Any) -> str:
    """Return a value of the model as text: its class, and the fields that differ from their defaults."""
    if special := _SPECIAL.get(type(value)):
        return special(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(describe, value))}]"
    if is_dataclass(value) and not isinstance(value, type):
        parts = [_field(each, getattr(value, each.name)) for each in fields(value) if _is_told(each, value)]
        return f"{type(value).__name__}({', '.join(parts)})"
    return str(value)


def _is_told(each: Field[Any], value: Any) -> bool:
    return each.name not in _LEFT_OUT | _DETAILS and getattr(value, each.name) != each.default


def _field(each: Field[Any], value: Any) -> str:
    if value is True:
        return each.name
    return describe(value) if each.default is MISSING else f"{each.name}={describe(value)}"


def _column(column: Column) -> str:
    rest = [each for each in fields(column) if each.name not in ("name", "type", "nullable") and _is_told(each, column)]
    parts = [column.name, describe(column.type), "" if column.nullable else "NOT NULL"]
    return " ".join(filter(None, [*parts, *(_field(each, getattr(column, each.name)) for each in rest)]))


def _element(element: IndexElement) -> str:
    key = element.column or describe(element.expression)
    collation = f"COLLATE {element.collation}" if element.collation else None
    length = f"({element.length})" if element.length else None
    nulls = f"NULLS {element.nulls}" if element.nulls else None
    direction = "DESC" if element.is_descending else None
    return " ".join(filter(None, (key, length, collation, element.opclass, direction, nulls)))


def _expression(expression: Expression) -> str:
    if expression.is_literal:
        assert not expression.columns
        assert not expression.functions
        return expression.text
    names = [*expression.columns, *(f"{name}()" for name in expression.functions)]
    return f"<{expression.text}|{' '.join(names)}>"


_SPECIAL: dict[type, Callable[[Any], str]] = {
    QualifiedName: str,
    Type: str,
    Column: _column,
    IndexElement: _element,
    Expression: _expression,
}
