"""Operations as short text, so that tables of expectations can be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from msgspec import NODEFAULT, Struct

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
    if isinstance(value, Struct):
        return f"{type(value).__name__}({', '.join(_fields(value))})"
    return str(value)


def _fields(value: Struct, *said: str) -> list[str]:
    """The fields of a record that differ from their defaults, without those that are said already."""
    left_out = _LEFT_OUT | _DETAILS | set(said)
    told = ((name, default) for name, default in _defaults(type(value)).items() if name not in left_out)
    return [_field(name, getattr(value, name), default) for name, default in told if getattr(value, name) != default]


@cache
def _defaults(kind: type[Struct]) -> Mapping[str, Any]:
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    return dict(zip(names, (NODEFAULT,) * (len(names) - len(defaults)) + defaults, strict=True))


def _field(name: str, value: Any, default: Any) -> str:
    if value is True:
        return name
    return describe(value) if default is NODEFAULT else f"{name}={describe(value)}"


def _column(column: Column) -> str:
    parts = [column.name, describe(column.type), "" if column.nullable else "NOT NULL"]
    return " ".join(filter(None, [*parts, *_fields(column, "name", "type", "nullable")]))


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
