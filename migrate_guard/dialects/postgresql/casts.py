"""Which types PostgreSQL turns into which without being told how: the casts that ALTER COLUMN makes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from migrate_guard.model.schema import Type

_NUMBERS: Final = ("SMALLINT", "INTEGER", "BIGINT", "NUMERIC", "REAL", "DOUBLE PRECISION")
_TEXTS: Final = frozenset({"VARCHAR", "CHAR", "BPCHAR", "TEXT", "CITEXT", "NAME"})
_CASTS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_NUMBERS, _NUMBERS),
    "SMALLINT": (*_NUMBERS, "OID"),
    "INTEGER": (*_NUMBERS, "MONEY", "OID"),
    "BIGINT": (*_NUMBERS, "MONEY", "OID"),
    "NUMERIC": (*_NUMBERS, "MONEY"),
    "MONEY": ("NUMERIC",),
    "OID": ("INTEGER", "BIGINT"),
    "BOOLEAN": (),
    "UUID": (),
    "BYTEA": (),
    "JSON": ("JSONB",),
    "JSONB": ("JSON",),
    "DATE": ("TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP WITH TIME ZONE"),
    "TIME WITHOUT TIME ZONE": ("INTERVAL", "TIME WITH TIME ZONE"),
    "TIME WITH TIME ZONE": ("TIME WITHOUT TIME ZONE",),
    "TIMESTAMP WITHOUT TIME ZONE": ("DATE", "TIME WITHOUT TIME ZONE", "TIMESTAMP WITH TIME ZONE"),
    "TIMESTAMP WITH TIME ZONE": (
        "DATE",
        "TIME WITHOUT TIME ZONE",
        "TIME WITH TIME ZONE",
        "TIMESTAMP WITHOUT TIME ZONE",
    ),
    "INTERVAL": ("TIME WITHOUT TIME ZONE",),
    "INET": ("CIDR",),
    "CIDR": ("INET",),
    "BIT": ("BIT VARYING",),
    "BIT VARYING": ("BIT",),
}
"""The rows of pg_cast for assignment or implicit use, PostgreSQL 12 to 18 (documentation, "CREATE CAST")."""


def is_assignable(old: Type, new: Type) -> bool | None:
    """Whether a column of type `old` becomes one of type `new` without USING; None where one of them is not known.

    Everything becomes text: the conversion through a type's own spelling counts as an assignment in that direction
    only (documentation, "CREATE CAST", Notes).
    """
    if not (old.is_known and new.is_known):
        return None
    if (old.name, old.schema, old.dimensions) == (new.name, new.schema, new.dimensions):
        return True
    if new.name in _TEXTS and not new.dimensions:
        return True
    if old.dimensions or new.dimensions:
        is_array = bool(old.dimensions and new.dimensions)
        return is_array and is_assignable(replace(old, dimensions=0), replace(new, dimensions=0))
    known = (_is_listed(old), _is_listed(new))
    if not all(known):
        return None
    return new.name in _CASTS.get(old.name, ())


def _is_listed(each: Type) -> bool:
    return each.family == "enum" or (each.schema is None and (each.name in _CASTS or each.name in _TEXTS))
