"""Questions about the code of models, and what to write into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from migrate_guard.model.models import Model, Models
from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Span
from migrate_guard.rendering.python import literal

Style: TypeAlias = Literal["mapped", "classic", "table", "other"]
"""How columns are written: `x: Mapped[int] = mapped_column(…)`, `x = Column(…)`, `Column("x", …)` in a Table; otherwise
it is a layer above SQLAlchemy, such as SQLModel."""

_LONGEST: Final = 60
"""Lines of a declaration."""
_TOKEN: Final = lazily(
    r"""(?s:(?P<string>\"{3}.*?\"{3}|'{3}.*?'{3}))|(?P<short>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')"""
    r"""|(?P<comment>\#[^\n]*)|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<comma>,)|(?P<newline>\n)"""
)


def declaration(models: Models, span: Span) -> str:
    """The code of a declaration, from its line on until its brackets are closed; empty where it is not known."""
    source = models.sources.get(span.path)
    if source is None:
        return ""
    text = "\n".join(source.lines[span.line - 1 : span.line - 1 + _LONGEST]).strip()
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += bool(token["open"]) - bool(token["close"])
        if depth < 0 or (depth == 0 and token["comma"]):
            return text[: token.start()].rstrip()
        if depth == 0 and (token["newline"] or token["comment"]):
            return text[: token.start()].rstrip()
    return text


class Argument(NamedTuple):
    """What stands between two commas of a call."""

    name: str = ""
    """Empty where it has none."""
    value: str = ""
    start: int = 0
    """Where in the declaration the value begins."""

    def replaced(self, code: str, value: str) -> str:
        """The declaration with another value."""
        return f"{code[: self.start]}{value}{code[self.start + len(self.value) :]}"


def arguments(code: str) -> tuple[Argument, ...]:
    """The arguments of the call that a declaration ends with: of `x: T = f(a, b=c)` a and c."""
    return tuple(_arguments(code))


def _arguments(code: str) -> Iterator[Argument]:
    start = depth = 0
    if not code.endswith(")"):
        return
    for token in _TOKEN.finditer(code):
        if token["open"]:
            depth += 1
            start = token.end() if depth == 1 else start
        elif (token["close"] and depth == 1) or (token["comma"] and depth == 1):
            named = _NAMED.match(code, start, token.start())
            inside = code[named.end() if named else start : token.start()]
            value = inside.strip()
            if value:
                at = (named.end() if named else start) + len(inside) - len(inside.lstrip())
                yield Argument(named[1] if named else "", value, at)
            start = token.end()
        depth -= bool(token["close"])


_NAMED: Final = lazily(r"\s*(\w+)\s*=(?!=)")


def assigned(code: str) -> str:
    """What a declaration assigns: of `x: T = f(a)` the call; empty where it assigns nothing."""
    depth = 0
    for token in re.finditer(r"(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<equals>=(?!=))", code):
        depth += bool(token["open"]) - bool(token["close"])
        if depth == 0 and token["equals"]:
            return code[token.end() :].strip()
    return ""


def style(models: Models, model: Model) -> Style:
    """How the columns of a model are written."""
    for attribute in model.attributes:
        code = declaration(models, attribute.span)
        if re.search(r"\bMapped\[|\bmapped_column\(", code):
            return "mapped"
        if re.search(r"\bColumn\(", assigned(code)):
            return "classic"
    return "other" if model.name else "table"


def is_field(code: str) -> bool:
    """Whether a declaration is one of SQLModel, whose arguments are not those of a column."""
    return bool(re.search(r"\bField\(", code))


_COLUMN: Final = lazily(r"\b(?:mapped_column|Column|[Rr]elationship)\(")
_OF_FIELD: Final = frozenset({"index", "unique"})
"""Arguments that a Field of SQLModel has as a column has them."""


def with_argument(code: str, argument: str) -> str | None:
    """A declaration with one more keyword argument; None where it is not known how to write it."""
    name = argument.partition("=")[0]
    if re.search(r"\bMapped\[", code) and not assigned(code):
        return f"{code} = mapped_column({argument})"
    if not code.endswith(")") or not (_COLUMN.search(code) or (name in _OF_FIELD and is_field(code))):
        return None
    if any(each.name == name for each in arguments(code)):
        return None
    inside = code[:-1].rstrip()
    separator = "" if inside.endswith("(") else ", "
    if "\n" not in code:
        return f"{inside.rstrip(',')}{separator}{argument})"
    last = inside.splitlines()[-1]
    indent = last[: len(last) - len(last.lstrip())]
    if not inside.endswith(",") or not indent:
        return None
    outer = code.splitlines()[-1]
    return _dedented(f"{inside}\n{indent}{argument},\n{outer}")


def without_argument(code: str, name: str) -> str | None:
    """A declaration without one of its keyword arguments; None where it has none of that name."""
    found = next((each for each in arguments(code) if each.name == name), None)
    if found is None:
        return None
    begin = code.rindex(name, 0, found.start)
    before, after = code[:begin].rstrip(), code[found.start + len(found.value) :]
    if before.endswith(","):
        return before[:-1] + after if "\n" not in code[len(before) : begin] else before + after.removeprefix(",")
    return before + after.lstrip(" ").removeprefix(",").lstrip(" ")


def _dedented(code: str) -> str:
    """Code whose first line has lost its indentation, with that of the others made less by as much."""
    first, *others = code.split("\n")
    outer = others[-1][: len(others[-1]) - len(others[-1].lstrip())]
    return "\n".join([first, *(each.removeprefix(outer) for each in others)])


def column_code(how: Style, name: str, python_type: str, construct: Sequence[str]) -> str | None:
    """A required column of that name as the model writes its columns, None where it is not known how to write it."""
    told = ", ".join(construct)
    match how:
        case "mapped":
            return f"{name}: Mapped[{python_type}] = mapped_column({told})"
        case "classic":
            return f"{name} = sa.Column({told}, nullable=False)"
        case "table":
            return f"sa.Column({literal(name)}, {told}, nullable=False)"
        case "other":
            return None


def argument_of_table(model: Model, code: str) -> str:
    """A constraint or an index where a model has it."""
    return f"__table_args__ = ({code},)" if model.name else code
