"""Whether two pieces of SQL, written at different places, are one default, condition or predicate to the database."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Final

from migrate_guard.model.schema import Expression

UNKNOWN: Final = "\ufffc"
"""What could not be computed stands in a text as this."""
_TOKEN: Final = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|[\d.]+|\w+|[^\s\w]""")
_LITERAL: Final = re.compile(r"'.*'|(- )?[\d.]+( [\d.]+)*|true|false|null", re.DOTALL)
_CAST: Final = re.compile(
    r"""::\s*("[^"]+"|\w+)(\.("[^"]+"|\w+))?(\s+(varying|precision|with(out)?\s+time\s+zone))?(\([\d, ]*\))?(\[\])*""",
    re.IGNORECASE,
)
_WORDS: Final = {
    **dict.fromkeys(("true", "t", "yes", "on", "1"), "true"),
    **dict.fromkeys(("false", "f", "no", "off", "0"), "false"),
}
"""How a boolean is spelled (PostgreSQL, documentation, 8.6 Boolean Type)."""


def are_same(one: Expression, other: Expression, family: str) -> bool | None:
    """Whether two expressions of one family of types are the same; None where that takes the database to tell."""
    if UNKNOWN in one.text or UNKNOWN in other.text:
        return True if one.text == other.text else None
    first, second = _plain(one.text), _plain(other.text)
    if first == second:
        return True
    literals = [_LITERAL.fullmatch(each) is not None for each in (first, second)]
    if all(literals):
        return _value(first, family) == _value(second, family)
    if any(literals) or set(one.functions) != set(other.functions):
        return False
    return None


def is_null(expression: Expression | None) -> bool:
    """Whether it is what a column has without a default."""
    return expression is None or _plain(expression.text) == "null"


def _plain(text: str) -> str:
    """The expression without casts, parentheses around it and the case of its words."""
    tokens = _TOKEN.findall(_CAST.sub("", text))
    while len(tokens) > 2 and tokens[0] == "(" and tokens[-1] == ")" and _closes_last(tokens):
        tokens = tokens[1:-1]
    return " ".join(each if each[0] in "'\"" else each.lower() for each in tokens)


def _closes_last(tokens: list[str]) -> bool:
    depth = 0
    for at, each in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(each, 0)
        if depth == 0:
            return at == len(tokens) - 1
    return False


def _value(literal: str, family: str) -> object:
    text = literal[1:-1].replace("''", "'") if literal.startswith("'") else literal.replace("- ", "-")
    if family == "boolean":
        return _WORDS.get(text.strip().lower(), text)
    if family in ("integer", "decimal", "float"):
        try:
            return Decimal(text)
        except InvalidOperation:
            return text
    return re.sub(r"\s+", "", text) if family == "json" else text
