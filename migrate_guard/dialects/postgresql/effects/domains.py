"""Domains: what they rest on, whether they have constraints, which columns use them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from migrate_guard.dialects.sql_types import POSTGRESQL_TYPES, sql_type
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import UNKNOWN_TYPE, Column, Definition, Schema, Table, Type

_STRINGS: Final = lazily(r"'(?:[^']|'')*'")
_CREATE: Final = lazily(
    r"\s*CREATE\s+DOMAIN\s+\S+\s+(?:AS\s+)?(?P<base>.+?)"
    r"(?=\s+(?:COLLATE|DEFAULT|CONSTRAINT|NOT\s+NULL|NULL|CHECK)\b|\s*;?\s*$)",
    re.IGNORECASE | re.DOTALL,
)
_CHECK: Final = lazily(r"\bCHECK\s*\(", re.IGNORECASE)
_NOT_NULL: Final = lazily(r"\bNOT\s+NULL\b", re.IGNORECASE)
_IN_BRACKETS: Final = lazily(r"\([^()]*\)")
_ALTER: Final = lazily(
    r"\s*ALTER\s+DOMAIN\s+\S+\s+(?P<action>ADD|DROP\s+CONSTRAINT|SET\s+NOT\s+NULL|DROP\s+NOT\s+NULL)", re.IGNORECASE
)


class Domain(Struct, frozen=True):
    base: Type
    is_constrained: bool


def find(type_: Type, schema: Schema) -> Domain | None:
    """The domain that a type is, None for any other type; arrays of domains are none."""
    definition = _definition(type_, schema)
    if definition is None or type_.dimensions:
        return None
    return _read(definition, schema)


def is_known(type_: Type, schema: Schema) -> bool:
    """Whether it is known what a type is: PostgreSQL's own, an enum, a domain, a composite type."""
    if not type_.is_known:
        return False
    if type_.name.lower() in POSTGRESQL_TYPES or _spelled(type_) or type_.family != "other":
        return True
    is_enum = any(each.name == type_.name for each in schema.enums)
    return is_enum or any(kind in ("DOMAIN", "TYPE") and key.name == type_.name for kind, key in schema.definitions)


def _spelled(type_: Type) -> bool:
    return sql_type(str(type_), "postgresql").name == type_.name and type_.name.isupper()


def rests_on(domain: QualifiedName, schema: Schema) -> Iterator[tuple[Table, Column]]:
    """The columns of a domain, and of the domains that rest on it."""
    for table in schema.tables.values():
        for column in table.columns:
            if any(each.name == domain for each in _chain(column.type, schema)):
                yield table, column


def _chain(type_: Type, schema: Schema) -> Iterator[Definition]:
    """The domain that a type is, and those that it rests on."""
    seen: set[QualifiedName] = set()
    while (definition := _definition(type_, schema)) is not None and definition.name not in seen:
        seen.add(definition.name)
        yield definition
        type_ = _base(definition)


def _definition(type_: Type, schema: Schema) -> Definition | None:
    """The domain of this name; where the schema is not told, the search path may find it in any."""
    own = schema.definitions.get(("DOMAIN", QualifiedName(type_.name, type_.schema)))
    if own is not None or type_.family not in ("other", "unknown"):
        return own
    named = [each for (kind, key), each in schema.definitions.items() if kind == "DOMAIN" and key.name == type_.name]
    return named[0] if len(named) == 1 else None


def _base(definition: Definition) -> Type:
    told = _CREATE.match(definition.statements[0])
    return sql_type(told["base"].strip(), "postgresql") if told else UNKNOWN_TYPE


def _read(definition: Definition, schema: Schema) -> Domain:
    created = _STRINGS.sub("''", definition.statements[0])
    checks = len(_CHECK.findall(created))
    outside = created
    while (inner := _IN_BRACKETS.sub("", outside)) != outside:
        outside = inner
    not_null = bool(_NOT_NULL.search(outside))
    for statement in definition.statements[1:]:
        told = _ALTER.match(statement)
        match " ".join(told["action"].upper().split()) if told else None:
            case "ADD":
                checks += 1
            case "DROP CONSTRAINT":
                checks -= 1
            case "SET NOT NULL":
                not_null = True
            case "DROP NOT NULL":
                not_null = False
    base = _base(definition)
    inner_domain = find(base, schema) if base.name != definition.name.name else None
    if inner_domain is not None:
        return Domain(inner_domain.base, inner_domain.is_constrained or checks > 0 or not_null)
    return Domain(base, checks > 0 or not_null)
