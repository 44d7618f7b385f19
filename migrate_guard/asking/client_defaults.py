"""Questions about `default=` and `onupdate=` of columns, which the application fills in."""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.asking.declarations import Argument, arguments, assigned, declaration
from migrate_guard.model.models import Attribute, ClientDefault, Models
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column
from migrate_guard.rendering.python import literal
from migrate_guard.rule import TableView

CLOCKS: Final = frozenset({"timestamp", "date", "time"})
"""The families of types whose values a clock gives."""


def as_server_default(view: TableView, column: Column) -> str | None:
    """The argument that makes the database give the value of `default=`; None where only the application can.

    That is so of values that code makes up: ids, tokens, slugs.
    """
    if column.client_default is not None:
        return f"server_default={_written(column.client_default.text)}"
    default = _default(view, column)
    if default is None:
        return None
    if column.type.family in CLOCKS and (default.kind == "callable" or _calls_clock(default.text)):
        return "server_default=sa.func.now()"
    match default:
        case ClientDefault(kind="sql", text=text):
            return f"server_default=sa.text({literal(text)})"
        case ClientDefault(kind="callable", text=text) if column.type.family == "json" and _last(text) in _EMPTY:
            return f'server_default=sa.text("{_EMPTY[_last(text)]}")'
        case ClientDefault(kind="constant") if column.type.family == "enum":
            return "server_default= with the label of the value"
        case ClientDefault(kind="constant"):
            return "server_default= with that value"
    return None


_EMPTY: Final = {"dict": "'{}'", "list": "'[]'"}
_STRING: Final = lazily(r"'((?:[^']|'')*)'")


def _written(sql: str) -> str:
    """A constant of SQL as `server_default` takes it."""
    found = _STRING.fullmatch(sql)
    return literal(found[1].replace("''", "'")) if found else f"sa.text({literal(sql)})"


def _default(view: TableView, column: Column) -> ClientDefault | None:
    model = view.models.model_of(view.table.name) if view.models else None
    attribute = model.attribute(column.name) if model else None
    return attribute.default if attribute else None


def _calls_clock(sql: str) -> bool:
    return bool(re.fullmatch(r"(now|current_timestamp|localtimestamp)(\(\))?", sql.strip(), re.IGNORECASE))


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


def written_default(models: Models, attribute: Attribute) -> Argument:
    """What the code of an attribute has behind `default=`; empty where it is not known."""
    code = declaration(models, attribute.span)
    found = next((each for each in arguments(code) if each.name in _DEFAULTS), None)
    if found is not None:
        return found
    # A field of SQLModel has its default where a dataclass has it: `made: datetime = …`.
    value = assigned(code)
    return Argument() if _CONSTRUCT.match(value) else Argument(value=value)


_DEFAULTS: Final = ("default", "insert_default", "default_factory")
_CONSTRUCT: Final = lazily(r"(?:\w+\.)*(?:mapped_column|Column|Field)\(")


def written_onupdate(models: Models, attribute: Attribute) -> Argument:
    """What the code of an attribute has behind `onupdate=`; empty where it is not known."""
    code = declaration(models, attribute.span)
    return next((each for each in arguments(code) if each.name == "onupdate"), Argument())
