"""What tables and views use and the schema knows by its text alone: extensions, domains, composite types, functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migrate_guard.dialects.postgresql import extensions as known
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Definition, Expression, Table
from migrate_guard.rendering.parts import HOLE, Scope

_ROUTINES = ("FUNCTION", "PROCEDURE", "AGGREGATE")
_SCHEMA_OF = lazily(r"\bSCHEMA\s+(\"[^\"]+\"|\w+)", re.IGNORECASE)


def extensions(scope: Scope, tables: Iterable[Table]) -> Iterator[str]:
    """CREATE EXTENSION for each that the history creates, and for those that types, functions and indexes come from."""
    if scope.target.dialect != "postgresql":
        return
    told = {name.name: each for (kind, name), each in scope.schema.definitions.items() if kind == "EXTENSION"}
    needed = {found for table in tables for found in _extensions_of(table, scope) if found}
    for name in known.in_order({*told, *needed}):
        place = _SCHEMA_OF.search(told[name].statements[0]) if name in told else None
        if place and place[1] != "public":
            yield f"CREATE SCHEMA IF NOT EXISTS {place[1]};"
        where = f" SCHEMA {place[1]}" if place else ""
        yield f"CREATE EXTENSION IF NOT EXISTS {scope.name(name)}{where};"


def _extensions_of(table: Table, scope: Scope) -> Iterator[str | None]:
    for column in table.columns:
        is_own = QualifiedName(column.type.name, column.type.schema) in scope.schema.enums
        yield None if is_own else known.of_type(column.type.name)
    for expression in _expressions(table):
        for name in expression.functions:
            yield known.of_function(name, scope.target.version)
    for index in table.indexes:
        yield known.of_method(index.method)
        for element in index.elements:
            yield known.of_operator_class(element.opclass) if element.opclass else None
    for constraint in table.exclusion_constraints:
        # scalars have no equality of their own in a GiST index
        is_scalar = re.match(r"USING gist\b.*\bWITH =", constraint.definition or "", re.IGNORECASE | re.DOTALL)
        yield "btree_gist" if is_scalar else None


def _expressions(table: Table) -> Iterator[Expression]:
    for column in table.columns:
        yield from (each for each in (column.default, column.computed) if each)
    yield from (each.expression for each in table.check_constraints)
    for index in table.indexes:
        yield from (each.expression for each in index.elements if each.expression)
        if index.where:
            yield index.where


def definitions(scope: Scope, tables: Iterable[Table]) -> Iterator[str]:
    """The types that the history creates, and the functions that tables call."""
    if scope.target.dialect != "postgresql":
        return
    every = list(tables)
    types = _of_kinds(scope, "TYPE", "COLLATION", "DOMAIN")
    called = _called(scope, [*_texts(every), *(text for each in types for text in each.statements)])
    if called:
        # their bodies may use tables that are not there yet
        yield "SET check_function_bodies = off;"
    composites = [each for each in types if each.kind != "DOMAIN"]
    domains = [each for each in types if each.kind == "DOMAIN"]
    for each in (*composites, *called, *domains):
        yield from _statements(each)


def functions_of_views(scope: Scope, tables: Iterable[Table]) -> Iterator[str]:
    """The functions that views call and tables do not."""
    if scope.target.dialect != "postgresql":
        return
    types = _of_kinds(scope, "TYPE", "COLLATION", "DOMAIN")
    before = _called(scope, [*_texts(tables), *(text for each in types for text in each.statements)])
    texts = [each.definition for each in scope.schema.views.values() if each.definition]
    for each in _called(scope, texts):
        if each not in before:
            yield from _statements(each)


def _texts(tables: Iterable[Table]) -> Iterator[str]:
    for table in tables:
        yield from (each.text for each in _expressions(table))
        yield from (each.definition for each in table.exclusion_constraints if each.definition)


def _of_kinds(scope: Scope, *kinds: str) -> list[Definition]:
    found = (each for each in scope.schema.definitions.values() if each.kind in kinds)
    return sorted(found, key=lambda each: (kinds.index(each.kind), each.span.line, str(each.name)))


def _called(scope: Scope, texts: Iterable[str]) -> list[Definition]:
    """The functions that texts call, those that they call in turn before them."""
    routines = _of_kinds(scope, *_ROUTINES)
    found: tuple[Definition, ...] = ()
    for text in texts:
        found = _with_called(text, routines, found)
    return list(found)


def _with_called(text: str, routines: list[Definition], found: tuple[Definition, ...]) -> tuple[Definition, ...]:
    for each in routines:
        is_called = re.search(rf'\b{re.escape(each.name.name)}\b"?\s*\(', text, re.IGNORECASE)
        if is_called and each not in found:
            others = [other for other in routines if other is not each]
            for statement in each.statements:
                found = _with_called(statement, others, found)
            found = (*found, each) if each not in found else found
    return found


def _statements(definition: Definition) -> Iterator[str]:
    for text in definition.statements:
        if HOLE in text:
            what = f"{definition.kind.lower()} {definition.name}"
            yield f"-- not known: the {what}: a part of its text could not be computed"
        else:
            yield f"{text.strip().rstrip(';')};"
