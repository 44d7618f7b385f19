from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.asking import Identity, design, words
from migrate_guard.dialects.key_types import mismatch
from migrate_guard.model.instead import Instead, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import AddConstraint, ValidateConstraint
from migrate_guard.model.schema import Column, ForeignKey, Schema, Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    suffixes: tuple[str, ...] = ("id", "uuid", "fk")
    """Last words in the name of a column that refers to a row."""
    vetoes: tuple[str, ...] = (
        *("external", "ext", "remote", "foreign", "provider", "legacy", "old", "upstream", "third", "vendor", "public"),
        *("trace", "span", "request", "correlation", "client", "session", "message", "stripe", "google", "github"),
        *("facebook", "aws", "azure", "slack", "origin", "original", "imported", "deleted", "former"),
    )
    """Words with which an id is one of another system, or of what may be gone."""
    kinds: tuple[str, ...] = ("type", "kind", "class", "table", "model")
    """Last words in the name of the column beside an id that says what the id is of."""
    logs: tuple[str, ...] = ("log", "logs", "event", "events", "history", "audit", "audits", "archive")
    """Last words in the names of tables whose rows stay when what they speak of goes."""
    copies: tuple[str, ...] = ("shadow", "version", "versions", "history", "archive", "archived", "old", "tmp", "temp")
    """First or last words in the names of tables that hold copies of rows."""


@rule("MG621", on=Table, severity=Severity.INFO, default=False, options=Options)
def foreign_key_missing(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a column that is named after a table and has the type of its key, without a foreign key to it."""
    table = view.table
    if not design.is_told(view) or table.may_have_more or _keeps_what_is_gone(table, options):
        return
    referring = {name for key in table.foreign_keys for name in key.columns}
    for column in design.own_columns(view):
        if column.name in referring or column.computed is not None or column.type.dimensions:
            continue
        other = _named(view, column, options)
        if other is not None and not _is_of_any(table, column, options):
            yield _problem(view, column, other)


def _keeps_what_is_gone(table: Table, options: Options) -> bool:
    """Whether rows stay when what they speak of goes."""
    told = words(table.name.name)
    return any(each in options.logs for each in told[-1:]) or any(
        each in options.copies for each in (*told[:1], *told[-1:])
    )


def _named(view: TableView, column: Column, options: Options) -> Table | None:
    """The table that a column is named after, if it fits the key of that."""
    told = words(column.name)
    if len(told) < 2 or told[-1] not in options.suffixes or design.has_word(told, options.vetoes):
        return None
    schema = view.table.name.schema
    other = _tables(Identity(view.schema)).get((_singular(told[:-1]), schema))
    if other is None or other.name == view.table.name or other.primary_key is None:
        return None
    key = other.column(other.primary_key.columns[0]) if len(other.primary_key.columns) == 1 else None
    if key is None or not (key.type.is_known and column.type.is_known) or key.type.family != column.type.family:
        return None
    return None if mismatch(column.type, key.type, view.target) == "refused" else other


@lru_cache(maxsize=4)
def _tables(schema: Identity[Schema]) -> Mapping[tuple[tuple[str, ...], str | None], Table]:
    """The tables of a schema by their names in the singular."""
    tables = schema.value.tables.values()
    return {
        (_singular(words(each.name.name)), each.name.schema): each
        for each in tables
        if not each.is_open and not each.is_part and each.is_certain
    }


def _singular(told: tuple[str, ...]) -> tuple[str, ...]:
    if not told:
        return told
    last = told[-1]
    for plural, singular in _PLURALS:
        if last.endswith(plural) and len(last) > len(plural) + 1:
            return (*told[:-1], last[: -len(plural)] + singular)
    return told


_PLURALS: Final = (
    ("ies", "y"),
    *((f"{each}es", each) for each in ("ss", "x", "ch", "sh", "us")),
    ("people", "person"),
    ("ss", "ss"),
    ("us", "us"),
    ("is", "is"),
    ("s", ""),
)


def _is_of_any(table: Table, column: Column, options: Options) -> bool:
    """Whether another column says which table it refers to: object_type and object_id."""
    told = words(column.name)[:-1]
    others = {words(each.name) for each in table.columns}
    return any((*told, kind) in others for kind in options.kinds)


def _problem(view: TableView, column: Column, other: Table) -> Problem:
    table = view.table.name
    key = other.primary_key.columns[0] if other.primary_key else ""
    return Problem(
        f'"{table}.{column.name}" is named after "{other.name}" and has no foreign key: '
        "it may hold ids of rows that are not there",
        design.latest(view, column.span, other.span),
        object=f"{table}.{column.name}",
        help=f'Write sa.ForeignKey("{other.name}.{key}") at the column.',
        instead=_instead(view, column, other, key) if view.models is None else (),
        confidence=Confidence.LOW,
    )


def _instead(view: TableView, column: Column, other: Table, referred: str) -> Instead:
    table, name = view.table, f"fk_{view.table.name.name}_{column.name}"
    key = ForeignKey(
        name=name,
        columns=(column.name,),
        span=column.span,
        referred_table=QualifiedName(other.name.name, other.name.schema),
        referred_columns=(referred,),
    )
    add = AddConstraint(span=column.span, table=table.name, constraint=key)
    if not design.validates_apart(view.target):
        return (replace(add, in_batch=design.copies_to_alter(view.target)),)
    validate = ValidateConstraint(span=column.span, table=table.name, constraint=name)
    return (
        replace(add, constraint=replace(key, not_valid=True)),
        OwnRevision((validate,), "VALIDATE reads the rows while others write"),
    )
