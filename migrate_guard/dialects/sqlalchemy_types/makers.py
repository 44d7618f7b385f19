"""How the DDL of a type construct is made: the call as written, and the forms that classes have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.dialects.sql_types import (
    MARIADB_TYPES,
    POSTGRESQL_TYPES,
    Arguments,
    builtin,
    sql_type,
    sqlite_family,
)
from migrate_guard.model.schema import UNKNOWN_TYPE, Type
from migrate_guard.model.target import DialectName


class Call(Struct, frozen=True):
    """A type construct as written: the class is known, these are the arguments."""

    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    dialect: DialectName

    def value(self, name: str, position: int | None = None) -> object:
        if position is not None and position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name)

    def number(self, name: str, position: int | None = None) -> int | None:
        value = self.value(name, position)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, name: str, position: int | None = None, default: bool = False) -> bool:
        value = self.value(name, position)
        return value if isinstance(value, bool) else default

    def text(self, name: str, position: int | None = None) -> str | None:
        value = self.value(name, position)
        return value if isinstance(value, str) else None

    def numbers(self, names: Sequence[str]) -> Arguments:
        """The arguments that a type shows in parentheses: all up to the first that is not given."""
        found: list[str] = []
        for position, name in enumerate(names):
            number = self.number(name, position)
            if number is None:
                break
            found.append(str(number))
        return tuple(found)


Maker: TypeAlias = Callable[[Call], Type]


def ddl(name: str, arguments: Arguments, dialect: DialectName, family: str | None = None) -> Type:
    """What SQLAlchemy's compiler writes, as the database will show it.

    A name that this database lacks is what it would be in SQL, a type of somebody's own: CREATE TABLE fails unless
    there is one. The family is then that of the other databases' type of this name.
    """
    type_ = builtin(name.lower(), arguments, dialect)
    if type_ is None:
        folded = name.lower() if dialect == "postgresql" else name
        type_ = Type(folded, arguments, family=_family_elsewhere(name.lower()))
    return replace(type_, family=family) if family else type_


def _family_elsewhere(name: str) -> str:
    for names in (MARIADB_TYPES, POSTGRESQL_TYPES):
        if build := names.get(name):
            return build(()).family
    return sqlite_family(name)


def plain(name: str, *shown: str, family: str | None = None) -> Maker:
    """A type whose DDL is a name and, in parentheses, the parameters `shown`, its first ones in this order."""

    def make(call: Call) -> Type:
        return ddl(name, call.numbers(shown), call.dialect, family)

    return make


def by_dialect(default: Maker, **makers: Maker) -> Maker:
    """A type that is written in another way on some dialects; MariaDB is MySQL where nothing else is said."""

    def make(call: Call) -> Type:
        fallback = makers.get("mysql", default) if call.dialect == "mariadb" else default
        return makers.get(call.dialect, fallback)(call)

    return make


def fixed(text: str, family: str | None = None, **texts: str) -> Maker:
    """A type without parameters: always the same SQL, by dialect."""

    def make(call: Call) -> Type:
        fallback = texts.get("mysql", text) if call.dialect == "mariadb" else text
        type_ = sql_type(texts.get(call.dialect, fallback), call.dialect)
        return replace(type_, family=family) if family else type_

    return make


def sized(name: str, parameter: str, default: int | None = None, position: int | None = 0) -> Maker:
    """A string whose length is the parameter of that name."""

    def make(call: Call) -> Type:
        length = call.number(parameter, position)
        length = default if length is None else length
        return ddl(name, () if length is None else (str(length),), call.dialect)

    return make


def moment(name: str, precision: str = "precision") -> Maker:
    """TIME and TIMESTAMP of PostgreSQL, which say whether they have a time zone."""

    def make(call: Call) -> Type:
        zone = "WITH" if call.flag("timezone", 0) else "WITHOUT"
        number = call.number(precision, 1)
        return ddl(f"{name} {zone} TIME ZONE", () if number is None else (str(number),), call.dialect)

    return make


def inner(parameter: str, otherwise: Maker, position: int | None = 0) -> Maker:
    """A type around another one, which is what the column gets."""

    def make(call: Call) -> Type:
        value = call.value(parameter, position)
        return value if isinstance(value, Type) else otherwise(call)

    return make


def unknown(_: Call) -> Type:
    """A type of which nothing is known."""
    return UNKNOWN_TYPE
