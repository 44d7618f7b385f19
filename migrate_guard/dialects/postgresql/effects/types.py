"""What becomes of the rows and indexes when a column gets another type.

PostgreSQL leaves the rows as they are where the new value is the old one as it is stored: the expression that makes it
is the column itself, possibly under another name of its type (`ATColumnChangeRequiresRewrite` in
`commands/tablecmds.c`, PostgreSQL 12 to 18). A change of length is such a case where the type's support function says
that it cuts nothing off (`varchar_support`, `numeric_support`, `timestamp_support`, `time_support`, `interval_support`,
`varbit_support`); CHAR, BIT and arrays have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.dialects.postgresql.catalog import BINARY_CASTS
from migrate_guard.dialects.postgresql.effects import domains
from migrate_guard.dialects.postgresql.extensions import of_type
from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.model.effects import NO, Answer
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column, Expression, Index, Schema, Type

_ZONES: Final = frozenset({"TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP WITH TIME ZONE"})
_MOST_DIGITS: Final = 6
"""MAX_TIMESTAMP_PRECISION, which a timestamp, time or interval has without one."""
_WITH_PRECISION: Final = (
    *("TIMESTAMP WITHOUT TIME ZONE", "TIMESTAMP WITH TIME ZONE", "TIME WITHOUT TIME ZONE", "TIME WITH TIME ZONE"),
)
TIME_ZONE: Final = "the rows stay as they are only where the session's TimeZone is UTC or another fixed zero offset"


class Cast(Struct, frozen=True):
    """A step from one type to another: whether it leaves values as they are stored, and the type it ends with."""

    rewrites: Answer
    ends_as: Type


def rewriting(column: Column, old: Type, new: Type, using: Expression | None, schema: Schema) -> Answer:
    """Whether ALTER COLUMN … TYPE new [USING …] writes every row anew."""
    steps = _steps(using, column.name) if using is not None else ()
    if steps is None:
        return Answer.yes(f"USING {using.text if using else ''} computes every value anew")
    answer, current = NO, old
    for step in (*steps, new):
        cast = _cast(current, step, schema)
        answer, current = answer | cast.rewrites, cast.ends_as
    return answer


_ZERO_OFFSETS: Final = frozenset({"utc", "etc/utc", "uct", "gmt", "etc/gmt", "zulu", "z", "0", "etc/uct", "greenwich"})


def in_time_zone(rewrites: Answer, time_zone: str | None) -> Answer:
    """What is left of a doubt about the session's TimeZone when that is known."""
    if (
        time_zone is None
        or time_zone.lower() in ("local", "default")
        or rewrites.is_yes
        or TIME_ZONE not in rewrites.why
    ):
        return rewrites
    if time_zone.strip("'\"").lower() not in _ZERO_OFFSETS:
        return Answer.yes(f"the session's TimeZone is {time_zone}, not UTC")
    left = tuple(each for each in rewrites.why if each != TIME_ZONE)
    return replace(rewrites, why=left) if left else NO


_AT_UTC: Final = lazily(r"\(*\s*(?P<column>\"?[\w$]+\"?)\s+AT\s+TIME\s+ZONE\s+'(?P<zone>[^']+)'\s*\)*", re.IGNORECASE)


def converts_alike(column: Column, new: Type, using: Expression, schema: Schema) -> bool:
    """Whether the plain change makes the same values as USING does: where that says no more than the types do.

    Between timestamp and timestamptz `AT TIME ZONE 'UTC'` is what the plain change does while TimeZone is UTC.
    """
    if {column.type.name, new.name} == _ZONES and (told := _AT_UTC.fullmatch(using.text.strip())):
        return told["column"].strip('"') == column.name and told["zone"].lower() in _ZERO_OFFSETS
    steps = _steps(using, column.name)
    if steps is None:
        return False
    current = column.type
    for step in steps:
        cast = _cast(current, step, schema)
        if cast.rewrites.is_possible and step != new:
            return False
        current = cast.ends_as
    return True


_CAST_CALL: Final = lazily(
    r"CAST\s*\((?P<inner>.+)\s+AS\s+(?P<type>[^()]+(?:\([\d\s,]*\))?[^()]*)\)", re.IGNORECASE | re.DOTALL
)
_DOUBLE_COLON: Final = lazily(r"(?P<inner>.+)::\s*(?P<type>[^():]+(?:\([\d\s,]*\))?[^():]*)", re.DOTALL)


def _steps(using: Expression, column: str) -> tuple[Type, ...] | None:
    """The types to which USING casts the column, in order; None where it is more than the column with casts."""
    text = using.text.strip()
    while text.startswith("(") and text.endswith(")") and _is_one_group(text):
        text = text[1:-1].strip()
    if text.strip('"') == column or text.lower() == column:
        return ()
    told = _CAST_CALL.fullmatch(text) or _DOUBLE_COLON.fullmatch(text)
    if told is None:
        return None
    before = _steps(replace(using, text=told["inner"]), column)
    return None if before is None else (*before, sql_type(told["type"].strip(), "postgresql"))


def _is_one_group(text: str) -> bool:
    """Whether the first bracket closes with the last character."""
    depth = 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return at == len(text) - 1
    return False


def _cast(old: Type, new: Type, schema: Schema) -> Cast:
    domain = domains.find(new, schema)
    if domain is not None:
        if _is_same_name(old, new):
            return Cast(NO, new)
        if domain.is_constrained:
            return Cast(Answer.yes(f"every value is checked by the constraints of the domain {new}"), new)
        return Cast(_cast(old, domain.base, schema).rewrites, new)
    base = domains.find(old, schema)
    if base is not None:
        # the length of a domain's base type is not told to the cast
        old = replace(base.base, args=()) if base.base.args != new.args else base.base
    return Cast(_plain_cast(old, new, schema), new)


def _is_same_name(one: Type, other: Type) -> bool:
    """Whether two types are one, apart from their lengths; the schema may be left to the search path."""
    is_same_schema = one.schema == other.schema or None in (one.schema, other.schema)
    return (_name(one), one.dimensions) == (_name(other), other.dimensions) and is_same_schema


def _name(type_: Type) -> str:
    if of_type(type_.name) is not None:
        # the schema of an extension is anything
        return type_.name.upper()
    if type_.name.startswith("INTERVAL"):
        return "INTERVAL"
    return "CHAR" if type_.name == "BPCHAR" else type_.name


def _plain_cast(old: Type, new: Type, schema: Schema) -> Answer:
    change = f"{old} becomes {new}"
    if not old.is_known:
        return Answer.depends("the type before is not known")
    if not new.is_known:
        return Answer.depends("the new type is not known")
    if _is_same_name(old, new):
        return _length(old, new)
    if not old.dimensions and not new.dimensions:
        if {old.name, new.name} == _ZONES:
            return (
                Answer.depends(TIME_ZONE) if _digits(new) == _MOST_DIGITS else Answer.yes(f"{change}: digits are cut")
            )
        if (_name(old), _name(new)) in BINARY_CASTS:
            return _length(replace(new, args=()), new, change)
    if all(domains.is_known(each, schema) for each in (old, new)):
        return Answer.yes(f"{change}, which is stored otherwise")
    return Answer.depends(f"it is not known how {old} and {new} are stored")


def _length(old: Type, new: Type, change: str | None = None) -> Answer:
    """A change of nothing but the length, precision or scale; of the type's name too where that changes no value."""
    if old.name.startswith("INTERVAL"):
        return _interval(old, new)
    if not new.args or old.args == new.args:
        return NO
    cut = Answer.yes(f"{change or f'{old} becomes {new}'}: every value has to be made to fit")
    if new.dimensions:
        return cut
    if new.name in _WITH_PRECISION:
        return NO if _digits(new) >= _digits(old) else cut
    if not old.args or not all(each.lstrip("-").isdigit() for each in (*old.args, *new.args)):
        return cut
    if new.name in ("VARCHAR", "BIT VARYING"):
        return NO if int(new.args[0]) >= int(old.args[0]) else cut
    if new.name == "NUMERIC":
        (precision, scale), (old_precision, old_scale) = ((int(each) for each in one.args) for one in (new, old))
        return NO if precision >= old_precision and scale == old_scale else cut
    return cut


def _digits(type_: Type) -> int:
    return int(type_.args[0]) if type_.args and type_.args[0].isdigit() else _MOST_DIGITS


_FIELDS: Final = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def _interval(old: Type, new: Type) -> Answer:
    """A wider range of fields, or more digits, leaves an interval as it is: what counts is the smallest field."""
    least_new, least_old = _least_field(new), _least_field(old)
    if least_new >= least_old and (_digits(new) >= _digits(old) or least_old < len(_FIELDS) - 1):
        return NO
    return Answer.yes(f"{old} becomes {new}: every value has to be made to fit")


def _least_field(type_: Type) -> int:
    word = type_.name.rpartition(" ")[2]
    return _FIELDS.index(word) if word in _FIELDS else len(_FIELDS) - 1


# Indexes.


def keeps_index(index: Index, column: Column, new: Type, collation: str | None, schema: Schema) -> Answer:
    """Whether an index that uses the column has to be built anew although the rows stay (`CheckIndexCompatible`).

    Answers the opposite: NO where it is kept.
    """
    if index.where is not None or any(each.expression for each in index.elements):
        return Answer.yes(f"the index {index.name} has an expression or a predicate")
    if index.method == "gin" and new.dimensions:
        return Answer.yes(f"the index {index.name} holds the elements of arrays")
    keys = [each for each in index.elements if each.column == column.name]
    return keeps_key(index.name, column, new, collation, schema) if any(each.collation is None for each in keys) else NO


def keeps_key(name: str | None, column: Column, new: Type, collation: str | None, schema: Schema) -> Answer:
    """The same of an index that a key is made of."""
    if _collation(column.collation) != _collation(collation):
        return Answer.yes(f"the index {name} is sorted by another collation")
    if not column.type.is_known or not new.is_known:
        return Answer.depends("the type before or after is not known")
    if _order(column.type, schema) != _order(new, schema):
        return Answer.yes(f"the index {name} compares {new} otherwise than {column.type}")
    return NO


def _collation(name: str | None) -> str:
    return (name or "default").replace('"', "").removeprefix("pg_catalog.")


def _order(type_: Type, schema: Schema) -> str:
    """What tells the default operator class of a type (pg_opclass)."""
    domain = domains.find(type_, schema)
    base = domain.base if domain else type_
    name = _name(base)
    if name in ("TEXT", "VARCHAR"):
        name = "TEXT"
    elif name in ("INET", "CIDR"):
        name = "INET"
    elif name == "OID" or name.upper().startswith("REG"):
        name = "OID"
    return name + "[]" * base.dimensions


def strongest(answers: Iterable[Answer]) -> Answer:
    found = NO
    for each in answers:
        found = found | each
    return found
