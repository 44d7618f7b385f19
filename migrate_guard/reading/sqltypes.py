"""SQLAlchemy type constructs as types of the target, and the enum types they make on their way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.dialects.sqlalchemy_types import sqlalchemy_type
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import SOME_VERSIONS
from migrate_guard.model.revision import Unknown
from migrate_guard.model.schema import UNKNOWN_TYPE, EnumType, Type
from migrate_guard.reading.calls import CallEvaluator
from migrate_guard.reading.computing import enum_members
from migrate_guard.reading.packages import locked_version
from migrate_guard.reading.values import (
    HOLE,
    Class,
    ColumnValue,
    EnumMember,
    External,
    Function,
    SqlType,
    Value,
)


def column_type(machine: CallEvaluator, value: SqlType | Unknown | None) -> Type:
    """The type in the target's spelling; `?` when it could not be computed."""
    if not isinstance(value, SqlType):
        return UNKNOWN_TYPE
    value = _variant(value, machine.target.dialect)
    if value.class_name in machine.compiled and value.path.startswith("sqlalchemy."):
        text = machine.spelling(value.class_name, value)
        if text is not None:
            return sql_type(text, machine.target.dialect)
    return own_type(machine, value)


def own_type(machine: CallEvaluator, value: SqlType) -> Type:
    """The type as SQLAlchemy spells it, whatever `@compiles` says."""
    if value.path == "migrate_guard.sql":
        return sql_type(value.args[0], machine.target.dialect)
    kwargs = {name: _argument(machine, each) for name, each in value.kwargs.items()}
    if value.is_enum:
        kwargs["name"] = enum_name(value)
        labels = enum_labels(machine, value)
        made = sqlalchemy_type(value.path, labels or (), kwargs, machine.target.dialect)
        return replace(made, is_partly_known=True) if labels is None else made
    args = [_argument(machine, each) for each in value.args]
    made = sqlalchemy_type(value.path, args, kwargs, machine.target.dialect)
    given = map(machine.resolve, (*value.args, *value.kwargs.values()))
    is_told = not any(isinstance(each, Unknown | External) for each in given)
    return replace(made, is_partly_known=True) if value.is_of_project or not is_told else made


def _variant(value: SqlType, dialect: str) -> SqlType:
    return next((variant for name, variant in value.variants if name == dialect), value)


def _argument(machine: CallEvaluator, value: Value) -> object:
    value = machine.resolve(value)
    if isinstance(value, SqlType):
        return column_type(machine, value)
    if isinstance(value, External):
        return sqlalchemy_type(value.path, (), {}, machine.target.dialect)
    if isinstance(value, Class):
        return column_type(machine, machine.type_of_class(value, (), {}, value.span))
    return value


def enum_name(value: SqlType) -> str | None:
    """The name of an enum type: given, else that of the Python class in lower case."""
    given = value.kwargs.get("name")
    if isinstance(given, str) and HOLE not in given:
        return given
    if value.args and isinstance(value.args[0], Class) and given is None:
        return value.args[0].name.lower()
    return None


def enum_labels(machine: CallEvaluator, value: SqlType) -> tuple[str, ...] | None:
    """The labels in order; None when they are not known."""
    args = list(value.args)
    if len(args) == 1 and isinstance(args[0], list | tuple):
        args = list(args[0])
    if len(args) == 1 and isinstance(args[0], Class):
        members = enum_members(args[0])
        choose = value.kwargs.get("values_callable")
        if isinstance(choose, Function):
            chosen = machine.call_function(choose, [args[0]], {}, None)
            args = list(chosen) if isinstance(chosen, list | tuple) else [HOLE]
        else:
            args = [member.name for member in members]
    labels = [each.value if isinstance(each, EnumMember) else each for each in args]
    if all(isinstance(each, str) and HOLE not in each for each in labels):
        return tuple(labels)
    return None


def enum_type(machine: CallEvaluator, value: SqlType) -> EnumType | None:
    """The type that CREATE TYPE makes for an enum construct; None where the dialect has none or its name is unknown."""
    value = _variant(value, machine.target.dialect)
    name = enum_name(value) if value.is_enum else None
    if machine.target.dialect != "postgresql" or name is None or value.kwargs.get("native_enum") is False:
        return None
    qualified = machine.qualified(name, value.kwargs.get("schema"))
    return EnumType(qualified, enum_labels(machine, value) or (), value.span)


def values_of_check(machine: CallEvaluator, value: SqlType) -> list[str] | None:
    """What the CHECK of a Boolean or Enum allows; None where the database has the type, or the labels are not known."""
    value = _variant(value, machine.target.dialect)
    if value.class_name in ("Boolean", "BOOLEAN"):
        return None if machine.target.dialect == "postgresql" else ["0", "1"]
    has_enums = machine.target.dialect != "sqlite" and value.kwargs.get("native_enum") is not False
    if value.class_name != "Enum" or has_enums:
        return None
    labels = enum_labels(machine, value)
    return None if labels is None else ["'" + each.replace("'", "''") + "'" for each in labels]


OWN_ENUMS: Final = (2, 1)
"""SQLAlchemy that treats an Enum as one of PostgreSQL's own; tried on 2.0.58 and 2.1.9."""


class MadeEnum(NamedTuple):
    """An enum type that CREATE TABLE makes on its way."""

    enum: EnumType
    condition: str | None = None
    """The SQLAlchemy that makes it, where others do not and it is not known which one the project has."""


def enums_of(machine: CallEvaluator, columns: Iterable[ColumnValue]) -> Iterator[MadeEnum]:
    """The enum types that CREATE TABLE makes on its way, each once."""
    seen: set[QualifiedName] = set()
    for column in columns:
        for value in _enum_constructs(machine, column.type):
            is_told = value.kwargs.get("create_type") is False
            if is_told and value.class_name == "ENUM":
                continue
            made = enum_type(machine, value)
            if made is None or made.name in seen:
                continue
            condition = None
            if value.class_name == "Enum" and (is_told or value.kwargs.get("metadata") is not None):
                # 2.1 listens to create_type=False of Enum, and makes a type that has a MetaData with its table
                version = locked_version("sqlalchemy", machine.project.roots)
                if version is not None and (version >= OWN_ENUMS) is is_told:
                    continue
                if version is None:
                    condition = SOME_VERSIONS + ("older than 2.1" if is_told else "2.1 or newer")
            seen.add(made.name)
            yield MadeEnum(made, condition)


def _enum_constructs(machine: CallEvaluator, value: Value) -> Iterator[SqlType]:
    if isinstance(value, SqlType):
        value = _variant(value, machine.target.dialect)
        if value.is_enum:
            yield value
        for each in value.args:
            if isinstance(each, SqlType):
                yield from _enum_constructs(machine, each)
