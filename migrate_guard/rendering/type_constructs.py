"""The SQLAlchemy construct of a column type: the one that `sqlalchemy_type` reads as that very type."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from migrate_guard.dialects.sql_types import array
from migrate_guard.dialects.sqlalchemy_types import constructs_of, sqlalchemy_type
from migrate_guard.model.schema import Type
from migrate_guard.model.target import DialectName
from migrate_guard.rendering.python import Parts, call, literal, named

_PACKAGES: Final[dict[DialectName, tuple[tuple[str, str], ...]]] = {
    "postgresql": (("sa", "sqlalchemy"), ("postgresql", "sqlalchemy.dialects.postgresql")),
    "mysql": (("sa", "sqlalchemy"), ("mysql", "sqlalchemy.dialects.mysql")),
    "mariadb": (("sa", "sqlalchemy"), ("mysql", "sqlalchemy.dialects.mysql")),
    "sqlite": (("sa", "sqlalchemy"),),
}
"""The modules whose constructs are written, and the names they are imported under in Alembic's own scripts."""
_OF_ANOTHER_KIND: Final = frozenset(
    {"ARRAY", "DOMAIN", "ENUM", "Enum", "MatchType", "NULLTYPE", "NullType", "PGInterval", "PickleType", "SET"}
)
_WITH_COLLATION: Final = frozenset({"String", "Unicode", "Text", "UnicodeText", "VARCHAR", "CHAR", "TEXT", "NVARCHAR"})

_Value = str | int
_Arguments = tuple[tuple[_Value, ...], tuple[tuple[str, _Value], ...]]


@lru_cache(maxsize=1024)
def type_construct(type_: Type, dialect: DialectName, collation: str | None = None) -> Parts | None:
    """`sa.String(80)`; None for a type without a construct of SQLAlchemy's own.

    An enum of PostgreSQL is written as one that exists: the script that makes it has an operation for that.
    """
    if not type_.is_known or not type_.name:
        return None
    for module, package, name, (args, kwargs) in _candidates(type_, dialect):
        made = sqlalchemy_type(f"{package}.{name}", args, dict(kwargs), dialect)
        if (array(made) if type_.dimensions else made) != type_:
            continue
        if collation is not None and name not in _WITH_COLLATION:
            continue
        options = [named(key, _code(value)) for key, value in kwargs]
        options += [named("collation", literal(collation))] if collation is not None else []
        construct = call(f"{module}.{name}", *map(_code, args), *options)
        return call("sa.ARRAY", construct) if type_.dimensions else construct
    return None


def _code(value: _Value) -> str:
    return literal(value) if isinstance(value, str) else str(value)


def _candidates(type_: Type, dialect: DialectName) -> Iterator[tuple[str, str, str, _Arguments]]:
    """Every construct with every form of arguments that could make the type: module, package, name, arguments."""
    if type_.values is not None or type_.family == "enum":
        yield from _enumerations(type_, dialect)
        if dialect in ("mysql", "mariadb"):
            yield "mysql", "sqlalchemy.dialects.mysql", "SET", (type_.values or (), ())
        return
    forms = tuple(_forms(type_))
    own_forms = (*forms, *_forms_of_dialects(type_))
    for module, package in _PACKAGES[dialect]:
        for name in constructs_of(package):
            if name not in _OF_ANOTHER_KIND:
                yield from ((module, package, name, each) for each in (forms if module == "sa" else own_forms))


def _enumerations(type_: Type, dialect: DialectName) -> Iterator[tuple[str, str, str, _Arguments]]:
    labels = type_.values or ()
    if dialect == "postgresql":
        schema = (("schema", type_.schema),) if type_.schema else ()
        own = (("name", type_.name), *schema, ("create_type", False))
        yield "postgresql", "sqlalchemy.dialects.postgresql", "ENUM", (labels, own)
    for options in ((), (("native_enum", False),), *(_lengths(type_))):
        yield "sa", "sqlalchemy", "Enum", (labels, options)


def _lengths(type_: Type) -> Iterator[tuple[tuple[str, _Value], ...]]:
    if type_.args and type_.args[0].isdecimal():
        yield (("length", int(type_.args[0])),)
        yield ("native_enum", False), ("length", int(type_.args[0]))


def _forms(type_: Type) -> Iterator[_Arguments]:
    """The arguments of SQLAlchemy's generic types: none, those of the type as they are, and what one has by name."""
    if not all(each.isdecimal() for each in type_.args):
        return
    numbers = tuple(map(int, type_.args))
    yield (), ()
    yield numbers, ()
    yield (), (("timezone", True),)
    if len(numbers) == 1:
        yield (), (("second_precision", numbers[0]),)
    if type_.family == "uuid":
        yield (), (("native_uuid", False),)


def _forms_of_dialects(type_: Type) -> Iterator[_Arguments]:
    """The arguments that only the types of a dialect take."""
    if not all(each.isdecimal() for each in type_.args):
        return
    numbers = tuple(map(int, type_.args))
    if len(numbers) == 1:
        (number,) = numbers
        yield (), (("precision", number),)
        yield (), (("timezone", True), ("precision", number))
        yield (), (("fsp", number),)
    name, _, rest = type_.name.partition(" ")
    if name == "BIT":
        yield numbers, (("varying", True),)
    if name == "INTERVAL" and rest:
        yield (), (("fields", rest), *((("precision", numbers[0]),) if numbers else ()))
    if "UNSIGNED" in rest:
        zerofill = (("zerofill", True),) if "ZEROFILL" in rest else ()
        yield numbers, (("unsigned", True), *zerofill)
