"""What `default=` and `onupdate=` of a column say."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from typing import Any


def told(default: Any, dialect: Any) -> dict[str, str] | None:
    """Tell of a default of SQLAlchemy's (sqlalchemy.schema.ColumnDefault, Sequence)."""
    if default is None or getattr(default, "is_server_default", False):
        return None
    if getattr(default, "is_sequence", False):
        return {"kind": "sequence", "text": str(default.name), "type": ""}
    if getattr(default, "is_callable", False):
        return {"kind": "callable", "text": _name(_own(default.arg)), "type": ""}
    if getattr(default, "is_clause_element", False):
        return {"kind": "sql", "text": _sql(default.arg, dialect), "type": ""}
    if getattr(default, "is_scalar", False):
        return {"kind": "constant", "text": repr(default.arg), "type": _dotted(type(default.arg))}
    return None


def told_factory(cls: type, name: str) -> dict[str, str] | None:
    """Tell of `default_factory` of a mapped dataclass, which its `__init__` calls."""
    fields: Any = getattr(cls, "__dataclass_fields__", {})
    factory = fields[name].default_factory if name in fields else dataclasses.MISSING
    return None if factory is dataclasses.MISSING else {"kind": "callable", "text": _name(factory), "type": ""}


def _own(function: Any) -> Any:
    """The function of the user's, which SQLAlchemy wraps where it takes no context."""
    if not _is_wrapper(function):
        return function
    wrapped = getattr(function, "__wrapped__", None)
    return inspect.getclosurevars(function).nonlocals.get("fn", function) if wrapped is None else wrapped


def _is_wrapper(function: Any) -> bool:
    return getattr(getattr(function, "__code__", None), "co_filename", "").replace("\\", "/").endswith(_SCHEMA)


_SCHEMA = "sqlalchemy/sql/schema.py"


def _name(function: Any) -> str:
    """The dotted name of a function, a class or a method; of an object that is called, its class."""
    if isinstance(function, functools.partial):
        return _name(function.func)
    name = getattr(function, "__qualname__", None)
    if name is None:
        return _dotted(type(function))
    module = getattr(function, "__module__", None) or getattr(getattr(function, "__self__", None), "__module__", None)
    return name if module in (None, "builtins") else f"{module}.{name}"


def _dotted(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _sql(element: Any, dialect: Any) -> str:
    """The text of an expression, with its values in it where they can be written."""
    try:
        return str(element.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    except Exception:  # noqa: BLE001 - CompileError, and what types of the user's raise
        return str(element)
