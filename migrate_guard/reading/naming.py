"""Give the constraints and indexes of raw SQL that nobody named the names that the database gives them."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from migrate_guard.dialects.names import implicit_name
from migrate_guard.model import operations as ops
from migrate_guard.model.generated_names import index_columns, kind_of
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.target import DialectName

C = TypeVar("C", PrimaryKey, UniqueConstraint, ForeignKey, CheckConstraint, ExclusionConstraint)


def with_names(operation: ops.Operation, schema: Schema, dialect: DialectName) -> ops.Operation:
    """Return the operation with every unnamed constraint and index named as `dialect` names it."""
    match operation:
        case ops.CreateTable(table=table):
            return replace(operation, table=_named_table(table, dialect))
        case ops.AddConstraint(table=name, constraint=constraint, using_index=using) if constraint.name is None:
            taken = _taken(schema.table(name))
            if using is not None:
                return replace(operation, constraint=replace(constraint, name=using))
            return replace(operation, constraint=_named_any(constraint, name.name, taken, dialect))
        case ops.AddColumn(table=name, constraints=constraints) if constraints:
            taken = _taken(schema.table(name))
            named = tuple(_named_any(each, name.name, taken, dialect) for each in constraints)
            return replace(operation, constraints=named)
        case ops.CreateIndex(table=name, index=index) if index.name is None:
            return replace(operation, index=_named_index(index, name.name, _taken(schema.table(name)), dialect))
    return operation


def _taken(table: Table | None) -> set[str]:
    if table is None:
        return set()
    return {each.name for each in (*table.constraints(), *table.indexes) if each.name}


def _named_table(table: Table, dialect: DialectName) -> Table:
    taken = _taken(table)

    def name(constraint: C) -> C:
        return _named(constraint, table.name.name, taken, dialect)

    return replace(
        table,
        primary_key=name(table.primary_key) if table.primary_key else None,
        check_constraints=tuple(map(name, table.check_constraints)),
        unique_constraints=tuple(map(name, table.unique_constraints)),
        exclusion_constraints=tuple(map(name, table.exclusion_constraints)),
        foreign_keys=tuple(map(name, table.foreign_keys)),
    )


def _named_any(constraint: AnyConstraint, table: str, taken: set[str], dialect: DialectName) -> AnyConstraint:
    match constraint:
        case PrimaryKey():
            return _named(constraint, table, taken, dialect)
        case UniqueConstraint():
            return _named(constraint, table, taken, dialect)
        case ForeignKey():
            return _named(constraint, table, taken, dialect)
        case CheckConstraint():
            return _named(constraint, table, taken, dialect)
    return _named(constraint, table, taken, dialect)


def _named(constraint: C, table: str, taken: set[str], dialect: DialectName) -> C:
    if constraint.name is not None:
        return constraint
    name = implicit_name(kind_of(constraint), table, constraint.columns, taken, dialect)
    if name is not None:
        taken.add(name)
    return replace(constraint, name=name, is_implicit_name=True)


def _named_index(index: Index, table: str, taken: set[str], dialect: DialectName) -> Index:
    return replace(index, name=implicit_name("index", table, index_columns(index), taken, dialect))
