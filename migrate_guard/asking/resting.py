"""What rests on a column, so that it goes with the column and has to be made again for another."""

from __future__ import annotations

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    CheckConstraint,
    ForeignKey,
    Index,
    IndexElement,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)


def indexes(table: Table, column: str) -> list[Index]:
    """The indexes of a table that have to do with a column: by a key, an expression, the predicate or INCLUDE."""
    return [each for each in table.indexes if column in _used(each)]


def _used(index: Index) -> set[str]:
    expressions = [each.expression for each in index.elements if each.expression]
    expressions += [index.where] if index.where else []
    return {each for each in index.columns if each}.union(index.include, *(each.columns for each in expressions))


def keys(table: Table, column: str) -> list[PrimaryKey | UniqueConstraint]:
    found: list[PrimaryKey | UniqueConstraint] = [each for each in table.unique_constraints if column in each.columns]
    primary = table.primary_key
    return [primary, *found] if primary and column in primary.columns else found


def checks(table: Table, column: str) -> list[CheckConstraint]:
    return [each for each in table.check_constraints if column in each.columns]


def foreign_keys(table: Table, column: str, schema: Schema) -> list[tuple[QualifiedName, ForeignKey]]:
    """The foreign keys on the column, and those that refer to it, each with its table."""
    found = [(table.name, key) for key in table.foreign_keys if column in key.columns]
    for owner in schema.referring(table.name):
        referring = ((owner.name, key) for key in owner.foreign_keys if refers(key, table, column))
        found += [each for each in referring if each not in found]
    return found


def refers(key: ForeignKey, table: Table, column: str) -> bool:
    """Whether a foreign key refers to a column of a table, by its primary key where it names no columns."""
    primary = table.primary_key.columns if table.primary_key else ()
    return key.referred_table == table.name and column in (key.referred_columns or primary)


def index_of(key: PrimaryKey | UniqueConstraint) -> Index:
    """The index behind a key, which has its name."""
    return Index(
        name=key.name,
        elements=tuple(IndexElement(each) for each in key.columns),
        span=key.span,
        unique=True,
        nulls_not_distinct=isinstance(key, UniqueConstraint) and key.nulls_not_distinct,
    )
