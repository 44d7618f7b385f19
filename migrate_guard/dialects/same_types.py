"""Whether two types are one to a database."""

from __future__ import annotations

from typing import Final

from migrate_guard.model.schema import Type
from migrate_guard.model.target import DialectName

_SQLITE_SYNONYMS: Final = {"INT": "INTEGER", "DECIMAL": "NUMERIC", "BOOL": "BOOLEAN", "DOUBLE": "DOUBLE PRECISION"}
"""Declarations that SQLAlchemy reads back as one type (2.1, `ischema_names` of `dialects/sqlite/base.py`), and the one
pair that Alembic takes for one (1.20, `type_synonyms` of `ddl/impl.py`)."""


def are_same_types(one: Type, other: Type, dialect: DialectName) -> bool:
    """Whether two types in their database's spelling are one.

    SQLite knows no lengths ("Datatypes In SQLite", 3.1): one that is written at one side only says nothing there.
    """
    if dialect != "sqlite":
        return _spelled(one) == _spelled(other)
    names = [_SQLITE_SYNONYMS.get(each.name, each.name) for each in (one, other)]
    return names[0] == names[1] and (len(one.args) != len(other.args) or one.args == other.args)


def _spelled(type_: Type) -> tuple[object, ...]:
    return type_.name, type_.args, type_.dimensions, type_.schema
