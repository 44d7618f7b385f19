"""Questions about the design of tables, at the head of a history or among models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from msgspec.structs import replace

from migrate_guard.asking import Identity
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import History
from migrate_guard.model.schema import Column, ForeignKey, Schema, Table, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Confidence, TableView

TEXTS: Final = frozenset(
    {"CHAR", "VARCHAR", "TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "BPCHAR", "NVARCHAR", "NCHAR"}
)
"""Types of plain text."""


def is_told(view: TableView) -> bool:
    """Whether the keys and indexes of a table are its own, and the history tells them."""
    table = view.table
    return not (table.is_open or table.is_part or is_version_table(view))


def is_version_table(view: TableView) -> bool:
    return view.table.name.name == view.environment.version_table


def own_columns(view: TableView) -> Iterator[Column]:
    """The columns that the history, or a model, gives to a table by itself."""
    if not is_version_table(view):
        yield from (each for each in view.table.columns if not each.is_inherited and not each.is_given)


def certainty(table: Table, *names: str | None) -> Confidence:
    """How sure it is that a table has what bears those names."""
    return Confidence.HIGH if all(table.is_sure_of(each or "") for each in names) else Confidence.MEDIUM


def labels(column_type: Type, schema: Schema) -> tuple[str, ...] | None:
    """The values of an enumeration; None of any other type, and where they are not known."""
    if column_type.dimensions:
        return None
    if column_type.values is not None:
        return column_type.values if column_type.family == "enum" else None
    declared = schema.enums.get(QualifiedName(column_type.name, column_type.schema))
    return declared.values if declared else None


def is_text(column_type: Type) -> bool:
    """Whether it holds any text: no enumeration, and no id that SQLAlchemy writes as one."""
    return column_type.family == "text" and column_type.name in TEXTS and not column_type.dimensions


def length(column_type: Type) -> int | None:
    """How many characters a text may have; None: any number of them."""
    return int(column_type.args[0]) if column_type.args and column_type.args[0].isdigit() else None


# Names.


def has_word(told: Collection[str], known: Collection[str]) -> bool:
    """Whether one of the words is known, also in the plural."""
    return any(is_word(each, known) for each in told)


def is_word(word: str, known: Collection[str]) -> bool:
    return word in known or (word.endswith("s") and word[:-1] in known)


# Places.


def latest(view: TableView, *spans: Span) -> Span:
    """The place that came last in the history, so that what makes two parts clash is reported; else the first one."""
    ranks = _ranks(Identity(view.history)) if view.history else {}
    return max(spans, key=lambda each: ranks.get(each.path, -1))


@lru_cache(maxsize=4)
def _ranks(history: Identity[History]) -> Mapping[str, int]:
    return {each.path: rank for rank, each in enumerate(history.value.order)}


def is_first_of_script(view: TableView, at: Span, places: Places) -> bool:
    """Whether no table before it has what a rule finds at a place of a script; `places` tells where it finds it.

    A script that does the same to ten tables has one habit, and one thing to be told.
    """
    return _first_of_scripts(_Beside(view), places).get(at.path) == view.table.name


Places: TypeAlias = Callable[[TableView], Iterable[Span]]


class _Beside:
    """A view, as good as that of any other table of its schema."""

    __slots__ = ("view",)

    def __init__(self, view: TableView) -> None:
        self.view = view

    def _parts(self) -> tuple[object, ...]:
        parts = (self.view.schema, self.view.environment, self.view.models, self.view.history)
        return (*map(Identity, parts), self.view.target)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Beside) and other._parts() == self._parts()

    def __hash__(self) -> int:
        return id(self.view.schema)


@lru_cache(maxsize=8)
def _first_of_scripts(beside: _Beside, places: Places) -> Mapping[str, QualifiedName]:
    first: dict[str, tuple[int, int, str]] = {}
    names: dict[str, QualifiedName] = {}
    for table in beside.view.schema.tables.values():
        for at in places(replace(beside.view, table=table)):
            found = (at.line, at.column, str(table.name))
            if at.path not in first or found < first[at.path]:
                first[at.path], names[at.path] = found, table.name
    return names


def is_within(inner: Span, outer: Span) -> bool:
    """Whether one place lies in another."""
    if inner.path != outer.path:
        return False
    first, last = (outer.line, outer.column), (outer.end_line, outer.end_column)
    return first <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= last


# What to write.


def column_instead(view: TableView, *columns: Column, key: ForeignKey | None = None) -> Instead:
    """Columns as a migration declares them; nothing for models, and where one of them cannot be written."""
    from migrate_guard.rendering.constructs import column_code, constraint_of_column
    from migrate_guard.rendering.parts import NotKnown
    from migrate_guard.rendering.python import flat

    if view.models is not None:
        return ()
    keys = view.table.primary_key.columns if view.table.primary_key else ()
    codes = []
    for each in columns:
        try:
            constraints = (constraint_of_column(key, each.name),) if key and len(key.columns) == 1 else ()
            code = flat(column_code(each, view.target, constraints))
            codes.append(Code(_as_key(code) if each.name in keys else code))
        except NotKnown:
            return ()
    return tuple(codes)


def _as_key(code: str) -> str:
    """The code of a column that is part of the primary key, and NOT NULL by that."""
    for end in (", nullable=False)", ")"):
        if code.endswith(end):
            return f"{code[: -len(end)]}, primary_key=True)"
    return code


def retyped(view: TableView, column: Column, column_type: Type, key: ForeignKey | None = None) -> Instead:
    """A column of another type, as a migration declares it."""
    return column_instead(view, replace(column, type=column_type), key=key)


# Databases.


def has_partial_indexes(target: Target) -> bool:
    return target.dialect in ("postgresql", "sqlite")


def merges_equal_keys(target: Target) -> bool:
    """Whether two equal keys of one CREATE TABLE share an index: asked of PostgreSQL 15, SQLite 3.40, MariaDB 10.11."""
    return target.dialect in ("postgresql", "sqlite")


def has_identity_columns(target: Target) -> bool:
    """PostgreSQL 10 release notes."""
    return target.dialect == "postgresql" and target.version >= (10,)


def has_uuid_type(target: Target) -> bool:
    """PostgreSQL manual 8.12; MariaDB 10.7 release notes."""
    return target.dialect == "postgresql" or (target.dialect == "mariadb" and target.version >= (10, 7))


def compares_collations_of_keys(target: Target) -> bool:
    """Whether a foreign key between texts of two collations is refused (MySQL 8.4 manual, 15.1.20.5)."""
    return target.dialect in ("mysql", "mariadb")


def has_jsonb(target: Target) -> bool:
    return target.dialect == "postgresql"


def pads_with_blanks(target: Target) -> bool:
    """Whether CHAR(n) gives back n characters: PostgreSQL manual 8.3; MySQL 8.4 manual, 13.3.2, removes them."""
    return target.dialect == "postgresql"


def counts_scans(target: Target) -> bool:
    return target.dialect == "postgresql"


def validates_apart(target: Target) -> bool:
    """Whether a constraint can be added NOT VALID."""
    return target.dialect == "postgresql"


def copies_to_alter(target: Target) -> bool:
    """Whether a constraint takes a copy of the table: Alembic's batch mode."""
    return target.dialect == "sqlite"
