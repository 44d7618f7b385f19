"""Python code as text: literals, and calls on one line or with an argument a line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, TypeAlias

from msgspec import Struct

from migrate_guard.model.patterns import lazily

WIDTH: Final = 100


def literal(value: str) -> str:
    """A string as Alembic's own templates would quote it: in double quotes, but where only these would need escapes."""
    text = json.dumps(value, ensure_ascii=False)
    return f"'{_with_bare_quotes(text[1:-1])}'" if '"' in value and "'" not in value else text


def text_literal(value: str) -> str:
    """A string of SQL: over several lines, between triple quotes, where it has them."""
    if "\n" not in value:
        return literal(value)
    text = "\n".join(_with_bare_quotes(json.dumps(each, ensure_ascii=False)[1:-1]) for each in value.split("\n"))
    if text.endswith('"'):
        text = text[:-1] + r"\""
    return '"""' + text.replace('"""', r"\"\"\"") + '"""'


def _with_bare_quotes(text: str) -> str:
    return _ESCAPE.sub(lambda found: '"' if found[0] == r"\"" else found[0], text)


_ESCAPE: Final = lazily(r"\\.")


class Parts(Struct, frozen=True):
    """Something between brackets: a call with its function, or a list."""

    head: str
    items: tuple[Argument, ...]
    tail: str


class Argument(Struct, frozen=True):
    value: Expression
    name: str | None = None

    @property
    def prefix(self) -> str:
        return f"{self.name}=" if self.name else ""


Expression: TypeAlias = str | Parts
"""Code as it is, or something that may be spread over lines."""


def call(function: str, *arguments: Expression | Argument) -> Parts:
    """A call: positional arguments as they are, others as `named` gives them."""
    return Parts(
        f"{function}(", tuple(each if isinstance(each, Argument) else Argument(each) for each in arguments), ")"
    )


def named(name: str, value: Expression) -> Argument:
    return Argument(value, name)


def listed(values: Iterable[Expression]) -> Parts:
    return Parts("[", tuple(map(Argument, values)), "]")


def names(values: Iterable[str]) -> Parts:
    """A list of strings."""
    return listed(map(literal, values))


def flat(expression: Expression) -> str:
    """The expression on one line."""
    if isinstance(expression, str):
        return expression
    return expression.head + ", ".join(each.prefix + flat(each.value) for each in expression.items) + expression.tail


def written(expression: Expression, indent: str = "", before: str = "", after: str = "") -> str:
    """The expression behind `indent`: on one line where that is short enough, else with an item a line."""
    line = f"{indent}{before}{flat(expression)}{after}"
    if isinstance(expression, str) or not expression.items or len(line) <= WIDTH or "\n" in line:
        return line
    comma = "," if len(expression.items) > 1 else ""
    items = [written(each.value, f"{indent}    ", each.prefix, comma) for each in expression.items]
    return "\n".join((f"{indent}{before}{expression.head}", *items, f"{indent}{expression.tail}{after}"))
