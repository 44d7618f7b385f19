"""What a database makes of a foreign key whose column has another type than the one it refers to.

Asked of PostgreSQL 15, of MariaDB 10.11 and of SQLite 3.40; what PostgreSQL takes is what its operator families compare
(documentation, "CREATE OPERATOR FAMILY"), MySQL's conditions stand in its manual (8.4, 15.1.20.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from migrate_guard.model.schema import Type
from migrate_guard.model.target import Target

Mismatch: TypeAlias = Literal["refused", "overflows", "scanned"]
"""`refused`: there can be no such key; `overflows`: it does not hold every value of the other; `scanned`: the two are
converted before they are compared, so that an index is of no use."""

_SIZES: Final[Mapping[str, int]] = {"SMALLINT": 2, "INTEGER": 4, "BIGINT": 8}
_FLOATS: Final = ("REAL", "DOUBLE PRECISION")
_MOMENTS: Final = ("DATE", "TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP WITH TIME ZONE")
_COMPARED: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_SIZES, tuple(_SIZES)),
    **dict.fromkeys(_FLOATS, _FLOATS),
    **dict.fromkeys(_MOMENTS, _MOMENTS),
    "TEXT": ("VARCHAR", "NAME"),
    "VARCHAR": ("TEXT",),
    "NAME": ("TEXT", "VARCHAR"),
    "INET": ("CIDR",),
    "CIDR": ("INET",),
    "CITEXT": ("TEXT", "VARCHAR"),
    "TIME WITHOUT TIME ZONE": ("TIME WITH TIME ZONE", "INTERVAL"),
    "BIT": ("BIT VARYING",),
    "BIT VARYING": ("BIT",),
    **dict.fromkeys(("NUMERIC", "CHAR", "BOOLEAN", "UUID", "BYTEA", "JSONB", "MONEY", "MACADDR", "INTERVAL"), ()),
    "TIME WITH TIME ZONE": (),
}
"""The type of a foreign key → those it is compared with as it is."""
_CAST: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(_SIZES, ("NUMERIC", *_FLOATS)),
    "NUMERIC": _FLOATS,
    "TEXT": ("CHAR",),
    "VARCHAR": ("CHAR", "NAME"),
    "CHAR": ("TEXT", "VARCHAR", "NAME"),
}
"""The type of a foreign key → those to which PostgreSQL casts it first, past its index."""


def mismatch(referring: Type, referred: Type, target: Target) -> Mismatch | None:
    """What comes of the types of a foreign key's column and of what it refers to; None: nothing, or nobody knows."""
    if not (referring.is_known and referred.is_known) or referring.dimensions or referred.dimensions:
        return None
    match target.dialect:
        case "postgresql":
            return _postgresql(referring, referred)
        case "mysql" | "mariadb":
            return _mysql(referring, referred)
        case "sqlite":
            return _sqlite(referring, referred)


def largest(column_type: Type) -> int:
    """The largest value of an integer type of PostgreSQL."""
    return (1 << (8 * _SIZES[column_type.name] - 1)) - 1


def _postgresql(referring: Type, referred: Type) -> Mismatch | None:
    one, other = _name(referring), _name(referred)
    if one is None or other is None or one == other:
        return None
    if other in _CAST.get(one, ()):
        return "scanned"
    if other not in _COMPARED.get(one, ()):
        return "refused"
    return "overflows" if _SIZES.get(one, 8) < _SIZES.get(other, 0) else None


def _name(each: Type) -> str | None:
    """A type of PostgreSQL whose comparisons are known; an enumeration is one of its own."""
    if each.family == "enum" and each.name not in ("VARCHAR", "CHAR", "TEXT"):
        return f"enum {each.name}" if each.name else None
    return each.name if each.schema is None and each.name in _COMPARED else None


_STRINGS: Final = ("CHAR", "VARCHAR")
_BYTES: Final = ("DECIMAL", "BINARY", "VARBINARY", "UUID", "DATETIME", "TIMESTAMP", "TIME")
"""What InnoDB keeps as bytes, and takes for one another."""
_MYSQL_KINDS: Final[Mapping[str, str]] = {
    **{name: name for name in ("TINYINT", "SMALLINT", "MEDIUMINT", "INTEGER", "BIGINT", "FLOAT", "DOUBLE")},
    **{f"{name} UNSIGNED": f"{name} UNSIGNED" for name in ("SMALLINT", "MEDIUMINT", "INTEGER", "BIGINT")},
    **dict.fromkeys(_STRINGS, "string"),
    **dict.fromkeys(_BYTES, "bytes"),
}
"""Types by what InnoDB compares: the size and sign of integers, but no lengths."""


def _mysql(referring: Type, referred: Type) -> Mismatch | None:
    kinds = [_MYSQL_KINDS.get(each.name) for each in (referring, referred)]
    return "refused" if all(kinds) and kinds[0] != kinds[1] else None


_TEXTS: Final = frozenset({"text", "uuid", "enum"})


def _sqlite(referring: Type, referred: Type) -> Mismatch | None:
    """SQLite takes any two; a number and a text it converts ("Datatypes In SQLite", 4.2)."""
    families = (referring.family, referred.family)
    is_mixed = any(each == "integer" for each in families) and any(each in _TEXTS for each in families)
    return "scanned" if is_mixed else None
