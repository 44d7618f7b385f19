"""Pieces of SQL in SQLAlchemy constructs: defaults, predicates, conditions."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import replace

from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Expression
from migrate_guard.model.target import DialectName
from migrate_guard.reading.constructs import ANSI_FUNCTIONS, literal
from migrate_guard.reading.values import HOLE, Clause, EnumMember, External, Value

_STRING: Final = lazily(r"'(?:[^']|'')*'")
_LITERAL: Final = lazily(
    r"\s*(?:'(?:[^']|'')*'(?:\s*::\s*[\w .\[\]()\"]+)?|[-+]?\d+(?:\.\d+)?|true|false|null)\s*", re.IGNORECASE
)
_WORD: Final = lazily(r'"([^"]+)"|([A-Za-z_][A-Za-z_0-9$]*)(\s*\()?')
_KEYWORDS: Final = frozenset(
    [
        "and",
        "or",
        "not",
        "is",
        "null",
        "in",
        "like",
        "ilike",
        "between",
        "true",
        "false",
        "case",
        "when",
        "then",
        "else",
        "end",
        "as",
        "asc",
        "desc",
        "nulls",
        "first",
        "last",
        "any",
        "all",
        "exists",
        "select",
        "from",
        "where",
        "collate",
        "similar",
        "to",
        "distinct",
        "interval",
        "cast",
    ]
)


def expression(text: str) -> Expression:
    """What can be told of a piece of SQL from its words alone, without a parser."""
    bare = _STRING.sub("''", text)
    columns: list[str] = []
    functions: list[str] = []
    for quoted, word, call in _WORD.findall(bare):
        if (call and word.lower() not in _KEYWORDS) or word.lower() in ANSI_FUNCTIONS:
            functions.append(word.lower())
        elif quoted or (word.lower() not in _KEYWORDS):
            columns.append(quoted or word)
    return Expression(
        text, tuple(dict.fromkeys(columns)), tuple(dict.fromkeys(functions)), bool(_LITERAL.fullmatch(text))
    )


def folded(value: Value, given: Expression, dialect: DialectName) -> Expression:
    """An expression with its columns as the database calls them: PostgreSQL takes what is not quoted in lower case."""
    if dialect != "postgresql" or (isinstance(value, Clause) and not value.is_text):
        return given
    quoted = {name for name, _, _ in _WORD.findall(_STRING.sub("''", given.text))}
    columns = (each if each in quoted else each.lower() for each in given.columns)
    return replace(given, columns=tuple(dict.fromkeys(columns)))


_ESCAPED: Final = lazily(r"\\(:[\w$]*)(?![:\w$])")


def unescaped(text: str) -> str:
    r"""What `sa.text()` sends of a text, in which `\:` is a colon (SQLAlchemy 2.1 `sql/compiler.py`)."""
    return _ESCAPED.sub(r"\1", text)


def server_default(value: Value) -> Expression | None:
    """The DEFAULT that `server_default=` gives."""
    if value is None or value is False:
        return None
    if isinstance(value, Clause):
        return (
            Expression(value.text, functions=value.functions, is_literal=True)
            if value.is_literal
            else expression(unescaped(value.text))
        )
    if isinstance(value, EnumMember):
        return server_default(value.value)
    if isinstance(value, str):
        return Expression("'" + value.replace("'", "''") + "'", is_literal=True)
    if isinstance(value, int | float):
        return Expression(literal(value), is_literal=True)
    # a constant of another package is hardly ever a clause: that would need to be executed there
    return Expression(HOLE, is_literal=isinstance(value, External) and value.path.rpartition(".")[2].isupper())


def constant_default(value: Value, dialect: DialectName) -> Expression | None:
    """A plain value as the DEFAULT that writes it; None: it is no plain value."""
    if isinstance(value, bool):
        return Expression(str(int(value)) if dialect == "sqlite" else str(value).lower(), is_literal=True)
    return server_default(value) if isinstance(value, str | int | float) else None


def clause(value: Value) -> Expression | None:
    """A predicate or expression argument: `sa.text(...)`, a string, a comparison."""
    if value is None or value is False:
        return None
    if isinstance(value, Clause):
        return expression(unescaped(value.text)) if HOLE not in value.text else Expression(HOLE, value.columns)
    return expression(unescaped(value)) if isinstance(value, str) else Expression(HOLE)
