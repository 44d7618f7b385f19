"""Column types of SQLAlchemy: what a type construct becomes in the target's own spelling.

A construct is first the DDL that SQLAlchemy's type compiler writes for it; that DDL then goes through the same tables
of names as the types in raw SQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from migrate_guard.dialects.sqlalchemy_types.makers import Call, Maker
from migrate_guard.dialects.sqlalchemy_types.of_packages import OF_PACKAGES
from migrate_guard.dialects.sqlalchemy_types.of_sqlalchemy import OF_SQLALCHEMY
from migrate_guard.model.schema import Type
from migrate_guard.model.target import DialectName


def sqlalchemy_type(path: str, args: Sequence[object], kwargs: Mapping[str, object], dialect: DialectName) -> Type:
    """The type that CREATE TABLE gets for a SQLAlchemy type construct.

    `path` is the dotted name of the class as imported. `args` and `kwargs` hold Python literals, nested `Type` values,
    and anything else for what could not be computed. A class that nobody here knows is a type of its own name.
    """
    call = Call(tuple(args), kwargs, dialect)
    name = path.rpartition(".")[2]
    for group in _groups(path):
        if make := _CONSTRUCTS.get(group, {}).get(name):
            return make(call)
    return Type(name)


def is_known_type(path: str) -> bool:
    """Whether the dotted name is that of a column type which is more than a name here."""
    return any(path.rpartition(".")[2] in _CONSTRUCTS.get(group, {}) for group in _groups(path))


def constructs_of(package: str) -> tuple[str, ...]:
    """The names of the type constructs of a package, "sqlalchemy" or "sqlalchemy.dialects.mysql"; usual ones first."""
    return tuple(_CONSTRUCTS[package])


_CONSTRUCTS: Final[Mapping[str, Mapping[str, Maker]]] = {**OF_SQLALCHEMY, **OF_PACKAGES}

_REEXPORTS: Final[Mapping[str, tuple[str, ...]]] = {
    "sqlalchemy": ("sqlalchemy", "advanced_alchemy"),
    "sqlmodel": ("sqlmodel", "sqlalchemy"),
    "flask_sqlalchemy": ("sqlalchemy",),
}
"""Packages in which classes of another are found: SQLAlchemy's own as `db.String`, and those that the script template
of advanced-alchemy writes into `sqlalchemy` itself."""


def _groups(path: str) -> Iterator[str]:
    """The tables in which the class may stand, the nearest first."""
    parts = path.split(".")
    package = ".".join(parts[:3])
    if package in _CONSTRUCTS:
        yield package
    yield from _REEXPORTS.get(parts[0], (parts[0],))
