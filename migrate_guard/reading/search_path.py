"""Follow `SET search_path`: where the unqualified names of raw SQL lie."""

from __future__ import annotations

from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation, SetParameter

Op = TypeVar("Op", bound=Operation)


def first_schema(setting: SetParameter, default: str | None) -> str | None:
    """The schema that a `SET search_path` puts first, None for the default one."""
    first = setting.value.partition(",")[0].strip().strip("\"'")
    return None if first in ("", "$user", "DEFAULT", default) else first


def in_schema(operation: Op, schema: str) -> Op:
    """The operation with every unqualified name in `schema`."""
    moved: Op = _moved(operation, schema)
    return moved


def _moved(value: Any, schema: str) -> Any:
    if isinstance(value, QualifiedName):
        return QualifiedName(value.name, schema) if value.schema is None else value
    if isinstance(value, tuple) and not hasattr(value, "_fields"):
        return tuple(_moved(each, schema) for each in value)
    if isinstance(value, Struct):
        changes = {each: _moved(getattr(value, each), schema) for each in value.__struct_fields__}
        return replace(value, **changes)
    return value
