"""Which indexes of a table do the same, and which one goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

from migrate_guard.asking import design
from migrate_guard.asking.declarations import declaration, without_argument
from migrate_guard.asking.indexes import is_partitioned
from migrate_guard.dialects.effects import builds_concurrently
from migrate_guard.model.instead import AutocommitBlock, Code, Instead
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import DropIndex
from migrate_guard.model.schema import Index, IndexElement, PrimaryKey, Table, UniqueConstraint
from migrate_guard.rendering.parts import HOLE
from migrate_guard.rule import TableView

Key: TypeAlias = tuple[object, ...]
"""What an index sorts rows by: one of its keys."""


class Access(Struct, frozen=True):
    """An index, or the one that stands behind a key."""

    of: PrimaryKey | UniqueConstraint | Index
    keys: tuple[Key, ...]
    method: str = "btree"
    where: str = ""
    include: frozenset[str] = frozenset()

    @property
    def is_unique(self) -> bool:
        return not isinstance(self.of, Index) or self.of.unique

    @property
    def is_constraint(self) -> bool:
        return not isinstance(self.of, Index)

    def does_all_of(self, other: Access) -> bool:
        """Whether nothing changes for rows and searches without the other."""
        is_same = (self.keys, self.method, self.where, self.include) == (
            other.keys,
            other.method,
            other.where,
            other.include,
        )
        return is_same and (not other.is_unique or (self.is_unique and _strictness(self) == _strictness(other)))

    def begins_with(self, other: Access) -> bool:
        """Whether searches that use the other find the same in this one, which has more keys."""
        is_plain = not (other.is_unique or other.where or self.where) and other.include == self.include
        is_sorted = self.method == other.method == "btree"
        return is_plain and is_sorted and self.keys[: len(other.keys)] == other.keys and self.keys != other.keys

    def __str__(self) -> str:
        name = None if self.is_constraint and getattr(self.of, "is_implicit_name", False) else self.of.name
        if isinstance(self.of, PrimaryKey):
            return "the primary key"
        if name:
            return f'"{name}"'
        kind = "unique constraint" if self.is_constraint else "index"
        told = [str(each[0]) for each in self.keys]
        more = f" and {len(told) - 3} more" if len(told) > 3 else ""
        return f"the {kind} on {', '.join(told[:3])}{more}"


def _strictness(each: Access) -> tuple[bool, bool]:
    """When a unique key refuses a row: with NULLs too, and at once."""
    of = each.of
    if isinstance(of, PrimaryKey):
        return False, False
    return of.nulls_not_distinct, isinstance(of, UniqueConstraint) and of.deferrable


def accesses(table: Table) -> tuple[Access, ...]:
    """The indexes of a table, those first that stay: behind keys, then unique ones, then as they were made."""
    keys: list[PrimaryKey | UniqueConstraint] = [*table.unique_constraints]
    if table.primary_key:
        keys.insert(0, table.primary_key)
    indexes = sorted((each for each in table.indexes if each.inherited_from is None), key=lambda each: not each.unique)
    found = [Access(each, tuple(_key(IndexElement(name)) for name in each.columns)) for each in keys if each.columns]
    found += [
        Access(
            each,
            tuple(map(_key, each.elements)),
            each.method.lower(),
            _plain(each.where.text) if each.where else "",
            frozenset(each.include),
        )
        for each in indexes
        if each.elements
    ]
    return tuple(each for each in found if _is_known(each) and each.of.name not in table.doubtful)


def _is_known(each: Access) -> bool:
    """Whether all of it could be computed: two unknown expressions may be any two."""
    return not isinstance(each.of, Index) or is_computed(each.of)


def is_computed(index: Index) -> bool:
    """Whether no part of an index stayed unknown."""
    parts = (*(each.expression for each in index.elements), index.where)
    return not any(each is not None and HOLE in each.text for each in parts)


def _key(element: IndexElement) -> Key:
    named = element.column or (_plain(element.expression.text) if element.expression else "")
    nulls = element.nulls or ("FIRST" if element.is_descending else "LAST")
    return (
        named,
        element.column is None,
        element.is_descending,
        nulls,
        element.collation,
        element.opclass,
        element.length,
    )


def _plain(text: str) -> str:
    bare = "".join(text.lower().split()).replace('"', "").replace("`", "")
    while bare.startswith("(") and bare.endswith(")") and bare.count("(") == 1:
        bare = bare[1:-1]
    return bare


def repeated(view: TableView) -> tuple[tuple[Access, Access], ...]:
    """The indexes of a table that another one makes needless, each with that one."""
    return tuple(_repeated(view))


def _repeated(view: TableView) -> Iterator[tuple[Access, Access]]:
    known: list[Access] = []
    for each in accesses(view.table):
        stays = next((other for other in known if other.does_all_of(each)), None)
        if stays is None:
            known.append(each)
        elif not _is_merged(view, stays, each):
            yield each, stays


def _is_merged(view: TableView, one: Access, other: Access) -> bool:
    """Whether two keys of one CREATE TABLE are one index."""
    if not (one.is_constraint and other.is_constraint and design.merges_equal_keys(view.target)):
        return False
    table = view.table
    return view.models is not None or all(design.is_within(each.of.span, table.span) for each in (one, other))


def without(view: TableView, indexes: Iterable[Access]) -> Instead:
    """How indexes go: those behind keys stay, as their constraints do."""
    gone = [each.of for each in indexes if isinstance(each.of, Index) and each.of.name]
    if view.models is not None:
        return _undeclared(view.models, gone)
    table = view.table
    # Where the script does not create the table, it is in use.
    is_aside = any(each.span.path != table.span.path for each in gone) and builds_concurrently(view.target)
    is_aside = is_aside and not is_partitioned(table.name, view.schema)
    drops = tuple(
        DropIndex(
            span=each.span,
            index=QualifiedName(str(each.name), table.name.schema),
            table=table.name,
            concurrently=is_aside,
        )
        for each in gone
    )
    return (AutocommitBlock(drops),) if is_aside and drops else drops


def _undeclared(models: Models, gone: list[Index]) -> Instead:
    codes = (without_argument(declaration(models, each.span), "index") for each in gone if len(each.elements) == 1)
    return tuple(Code(code) for code in codes if code)
