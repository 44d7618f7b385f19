"""Fold operations on indexes and constraints."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.folding_tables import (
    C,
    is_unsure,
    made,
    table_of,
    undoes,
    unsure,
    with_constraints_changed,
    with_lost,
)
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    Lost,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)


def create_index(schema: Schema, operation: ops.CreateIndex) -> Schema:
    table = table_of(schema, operation.table, operation)
    if operation.index.name and table.index(operation.index.name):
        return schema
    table = replace(table, indexes=(*table.indexes, operation.index))
    return schema.with_table(made(table, operation, operation.index.name))


def drop_index(schema: Schema, operation: ops.DropIndex) -> Schema:
    table = index_owner(schema, operation)
    if table is None:
        return schema
    if is_unsure(operation) and not undoes(operation, table, operation.index.name):
        return schema.with_table(unsure(table, operation, operation.index.name))
    kept = tuple(each for each in table.indexes if each.name != operation.index.name)
    return schema.with_table(with_lost(replace(table, indexes=kept), table, operation.span))


def index_owner(schema: Schema, operation: ops.DropIndex) -> Table | None:
    """The table whose index is dropped: the one named, else the one that has an index of that name."""
    if operation.table:
        return schema.table(operation.table)
    return schema.table_of_index(operation.index.name, operation.index.schema)


def rename_index(schema: Schema, operation: ops.RenameIndex) -> Schema:
    table = schema.table_of_index(operation.index.name, operation.index.schema)
    if table is None:
        return _rename_key(schema, operation)
    indexes = tuple(
        replace(each, name=operation.new_name, span=operation.span) if each.name == operation.index.name else each
        for each in table.indexes
    )
    lost = [Lost(each.name or "", operation.span, each) for each in table.indexes if each.name == operation.index.name]
    renamed = replace(table, indexes=indexes, lost=(*table.lost, *lost))
    return schema.with_table(unsure(renamed, operation, operation.index.name, operation.new_name))


def _rename_key(schema: Schema, operation: ops.RenameIndex) -> Schema:
    """Rename the key whose index is renamed: the two share their name."""
    index = operation.index
    for table in schema.tables.values():
        if table.name.schema == index.schema and isinstance(
            table.constraint(index.name), PrimaryKey | UniqueConstraint | ExclusionConstraint
        ):
            rename = ops.RenameConstraint(
                span=operation.span,
                condition=operation.condition,
                table=table.name,
                constraint=index.name,
                new_name=operation.new_name,
            )
            return rename_constraint(schema, rename)
    return schema


def with_constraint(table: Table, constraint: AnyConstraint) -> Table:
    """Return the table with the constraint; a primary key makes its columns NOT NULL."""
    match constraint:
        case PrimaryKey():
            columns = tuple(
                replace(each, nullable=False) if each.name in constraint.columns else each for each in table.columns
            )
            return replace(table, primary_key=constraint, columns=columns)
        case UniqueConstraint():
            return replace(table, unique_constraints=(*table.unique_constraints, constraint))
        case ForeignKey():
            return replace(table, foreign_keys=(*table.foreign_keys, constraint))
        case CheckConstraint():
            return replace(table, check_constraints=(*table.check_constraints, constraint))
        case ExclusionConstraint():
            return replace(table, exclusion_constraints=(*table.exclusion_constraints, constraint))


def add_constraint(schema: Schema, operation: ops.AddConstraint) -> Schema:
    table = table_of(schema, operation.table, operation)
    constraint = operation.constraint
    if constraint.name and table.constraint(constraint.name):
        return schema
    if operation.using_index:
        index = table.index(operation.using_index)
        if index:
            columns = tuple(name for name in index.columns if name)
            constraint = replace(constraint, columns=columns)
        table = replace(table, indexes=tuple(each for each in table.indexes if each.name != operation.using_index))
    return schema.with_table(made(with_constraint(table, constraint), operation, constraint.name))


def drop_constraint(schema: Schema, operation: ops.DropConstraint) -> Schema:
    table = schema.table(operation.table)
    if table is None or operation.constraint is None:
        return schema
    if is_unsure(operation) and not undoes(operation, table, operation.constraint):
        return _with_doubtful_references(schema.with_table(unsure(table, operation, operation.constraint)), operation)
    dropped = table.constraint(operation.constraint) or _believed(schema, table, operation)
    if operation.kind == "primary" and dropped is None and not operation.if_exists:
        # MySQL calls every one PRIMARY; elsewhere a drop by another name fails, and what follows is no fault of its own
        dropped = table.primary_key
    if dropped is None:
        schema = schema.with_table(_without_not_null(table, operation.constraint))
        return schema if operation.if_exists else _with_doubtful_references(schema, operation)
    if operation.cascade:
        schema = _without_references(schema, table, dropped)

    def kept(constraint: C) -> C | None:
        return None if constraint is dropped else constraint

    left = with_constraints_changed(table, kept)
    return schema.with_table(with_lost(left, table, operation.span, operation.constraint))


def _without_not_null(table: Table, constraint: str) -> Table:
    """The table after its NOT NULL constraint of that name was dropped, if it has one."""
    if all(each.unproven_not_null != constraint for each in table.columns):
        return table
    columns = tuple(
        replace(each, nullable=True, unproven_not_null=None) if each.unproven_not_null == constraint else each
        for each in table.columns
    )
    return replace(table, columns=columns)


def _believed(schema: Schema, table: Table, operation: ops.DropConstraint) -> AnyConstraint | None:
    """The only constraint of a kind whose name nobody wrote down: a drop by another name means that one.

    SQL tells no kind, but with CASCADE that foreign keys rest on what is dropped.
    """
    of_kind: dict[ops.ConstraintKind | None, tuple[AnyConstraint, ...]] = {
        "primary": (table.primary_key,) if table.primary_key else (),
        "unique": table.unique_constraints,
        "foreignkey": table.foreign_keys,
        "check": table.check_constraints,
    }
    if operation.kind is None and operation.cascade and not operation.if_exists:
        of_kind[None] = tuple(each for each in table.constraints() if _is_referred_to(schema, table, each))
    candidates = [each for each in of_kind.get(operation.kind, ()) if each.is_implicit_name or each.name is None]
    return candidates[0] if len(candidates) == 1 and not (table.is_open and table.is_given) else None


def _is_referred_to(schema: Schema, table: Table, constraint: AnyConstraint) -> bool:
    """Whether foreign keys rest on a primary key or unique constraint."""
    if not isinstance(constraint, PrimaryKey | UniqueConstraint):
        return False
    keys = (key for other in schema.referring(table.name) for key in other.foreign_keys)
    return any(_rests_on(key, table, constraint) for key in keys)


def _without_references(schema: Schema, table: Table, dropped: AnyConstraint) -> Schema:
    """What CASCADE takes along: the foreign keys that rest on a primary key or unique constraint."""
    if not isinstance(dropped, PrimaryKey | UniqueConstraint):
        return schema
    for other in schema.referring(table.name):
        kept = tuple(key for key in other.foreign_keys if not _rests_on(key, table, dropped))
        if len(kept) != len(other.foreign_keys):
            schema = schema.with_table(replace(other, foreign_keys=kept))
    return schema


def _with_doubtful_references(schema: Schema, operation: ops.DropConstraint) -> Schema:
    """What CASCADE may take along, where it is not known what is dropped, or whether."""
    for other in schema.referring(operation.table) if operation.cascade else ():
        names = {key.name for key in other.foreign_keys if key.referred_table == operation.table and key.name}
        schema = schema.with_table(replace(other, doubtful=other.doubtful | names))
    return schema


def _rests_on(key: ForeignKey, table: Table, constraint: PrimaryKey | UniqueConstraint) -> bool:
    if key.referred_table != table.name:
        return False
    if not key.referred_columns:
        return isinstance(constraint, PrimaryKey)
    return set(key.referred_columns) == set(constraint.columns)


def _change_constraint(schema: Schema, operation: ops.TableOperation, constraint_name: str, **changes: Any) -> Schema:
    table = schema.table(operation.table)
    if table is None:
        return schema

    def change(constraint: C) -> C:
        return replace(constraint, **changes) if constraint.name == constraint_name else constraint

    table = with_constraints_changed(table, change)
    return schema.with_table(unsure(table, operation, constraint_name, changes.get("name")))


def rename_constraint(schema: Schema, operation: ops.RenameConstraint) -> Schema:
    before = schema.table(operation.table)
    renamed = before.constraint(operation.constraint) if before else None
    schema = _change_constraint(
        schema, operation, operation.constraint, name=operation.new_name, is_implicit_name=False, span=operation.span
    )
    table = schema.table(operation.table)
    if table is None or renamed is None or is_unsure(operation):
        return schema
    return schema.with_table(replace(table, lost=(*table.lost, Lost(operation.constraint, operation.span, renamed))))


def validate_constraint(schema: Schema, operation: ops.ValidateConstraint) -> Schema:
    table = schema.table(operation.table)
    if table and any(each.unproven_not_null == operation.constraint for each in table.columns):
        if is_unsure(operation):
            return schema
        columns = tuple(
            replace(each, unproven_not_null=None) if each.unproven_not_null == operation.constraint else each
            for each in table.columns
        )
        return schema.with_table(replace(table, columns=columns))
    return _change_constraint(schema, operation, operation.constraint, not_valid=False)


def add_not_null(schema: Schema, operation: ops.AddNotNull) -> Schema:
    """From PostgreSQL 18 on a column is NOT NULL with a constraint that is not valid yet, too."""
    table = table_of(schema, operation.table, operation)
    name = operation.name or implicit_name(operation.table, operation.column)
    columns = tuple(
        replace(each, nullable=False, unproven_not_null=name, unproven_at=operation.span)
        if each.name == operation.column and each.nullable is not False
        else each
        for each in table.columns
    )
    return schema.with_table(unsure(replace(table, columns=columns), operation, operation.column))


def implicit_name(table: QualifiedName, column: str) -> str:
    """The name of a NOT NULL constraint that nobody wrote (PostgreSQL 18, `ChooseConstraintName`)."""
    return f"{table.name}_{column}_not_null"
