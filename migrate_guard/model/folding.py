"""Fold an operation into a schema: `apply(schema, operation) -> schema`.

Folding never fails: an operation on something the history does not know teaches that it is there (an open world), and
what contradicts the history changes nothing; saying so is the business of rules, which see the state before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, TypeVar

from migrate_guard.model import folding_objects as objects
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    UNKNOWN_TYPE,
    AnyConstraint,
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Index,
    IndexElement,
    Lost,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span


def apply(schema: Schema, operation: ops.Operation) -> Schema:
    """Return the schema after `operation`; operations that change no schema return it as it is."""
    folder = _FOLDERS.get(type(operation))
    if folder is None:
        return schema
    return folder(schema, operation)


def given_table(name: QualifiedName, span: Span) -> Table:
    """A table that the history never creates: it exists, with columns nobody told."""
    return Table(name, span, is_open=True, is_given=True, are_keys_told=False)


def is_unsure(operation: ops.Operation) -> bool:
    """Whether it is not certain that the operation runs."""
    return operation.condition is not None


def doubt(schema: Schema, names: Iterable[QualifiedName]) -> Schema:
    """Mark tables as uncertain; what was dropped under these names may be there again."""
    for name in names:
        table = schema.table(name)
        if table and table.is_certain:
            schema = schema.with_table(replace(table, is_certain=False))
        if name in schema.gone or name in schema.gone_types:
            gone, gone_types = schema.gone.remove(name), schema.gone_types.remove(name)
            schema = replace(schema, gone=gone, gone_types=gone_types)
    return schema


def _table(schema: Schema, name: QualifiedName, operation: ops.Operation) -> Table:
    return schema.table(name) or given_table(name, operation.span)


def _unsure(table: Table, operation: ops.Operation, *names: str | None) -> Table:
    """The table after an operation on some of its parts, which are doubtful if it may not run."""
    if not is_unsure(operation):
        return table
    return replace(table, doubtful=table.doubtful | {name for name in names if name})


def _create_table(schema: Schema, operation: ops.CreateTable) -> Schema:
    name = operation.table.name
    existing = schema.table(name)
    if existing:
        return schema
    gone = schema.gone.remove(name)
    table = replace(operation.table, is_certain=False) if is_unsure(operation) else operation.table
    return replace(schema, gone=gone).with_table(table)


def _drop_table(schema: Schema, operation: ops.DropTable) -> Schema:
    name = operation.table
    if is_unsure(operation):
        return doubt(schema, [name])
    referring = [each for each in schema.referring(name) if each.name != name]
    schema = schema.without_table(name)
    for other in () if operation.keeps_references else referring:
        kept = tuple(key for key in other.foreign_keys if key.referred_table != name)
        schema = schema.with_table(replace(other, foreign_keys=kept))
    sequences = schema.sequences
    for sequence in sequences.values():
        if sequence.owned_by and sequence.owned_by[0] == name:
            sequences = sequences.remove(sequence.name)
    return replace(schema, sequences=sequences, gone=schema.gone.set(name, operation.span))


def _rename_table(schema: Schema, operation: ops.RenameTable) -> Schema:
    old, new = operation.table, operation.new_name
    table = _table(schema, old, operation)
    columns = tuple(_with_sequence(each, table) for each in table.columns)
    table = replace(table, name=new, columns=columns, renamed_at=operation.span)
    if is_unsure(operation):
        return doubt(schema, [old, new])
    referring = [each for each in schema.referring(old) if each.name != old]
    schema = schema.without_table(old).with_table(_referring_to(table, old, new))
    for other in referring:
        schema = schema.with_table(_referring_to(other, old, new))
    sequences = schema.sequences
    for sequence in sequences.values():
        if sequence.owned_by and sequence.owned_by[0] == old:
            sequences = sequences.set(sequence.name, replace(sequence, owned_by=(new, sequence.owned_by[1])))
    gone = schema.gone.remove(new).set(old, operation.span)
    return replace(schema, sequences=sequences, gone=gone)


def _with_sequence(column: Column, table: Table) -> Column:
    """The column with the name of its sequence written down, which a rename of the table or column does not change."""
    if column.sequence is not None or not (column.is_serial or column.is_identity):
        return column
    return replace(column, sequence=f"{table.name.name}_{column.name}_seq")


def _referring_to(table: Table, old: QualifiedName, new: QualifiedName) -> Table:
    """The table with its foreign keys to `old` following a rename."""
    if not any(key.referred_table == old for key in table.foreign_keys):
        return table
    keys = (replace(key, referred_table=new) if key.referred_table == old else key for key in table.foreign_keys)
    return replace(table, foreign_keys=tuple(keys))


def _add_column(schema: Schema, operation: ops.AddColumn) -> Schema:
    table = _table(schema, operation.table, operation)
    if table.column(operation.column.name):
        return schema
    table = replace(table, columns=(*table.columns, operation.column))
    for constraint in operation.constraints:
        table = with_constraint(table, constraint)
    table = replace(table, indexes=table.indexes + operation.indexes) if operation.indexes else table
    parts = (operation.column, *operation.constraints, *operation.indexes)
    return schema.with_table(_unsure(table, operation, *(part.name for part in parts)))


def _drop_column(schema: Schema, operation: ops.DropColumn) -> Schema:
    table = _table(schema, operation.table, operation)
    name = operation.column
    if is_unsure(operation):
        kept = _without_dependents(table, name)
        lost = {id(each) for each in (*table.constraints(), *table.indexes)} - {
            id(each) for each in (*kept.constraints(), *kept.indexes)
        }
        parts = [each.name for each in (*table.constraints(), *table.indexes) if id(each) in lost]
        return schema.with_table(_unsure(table, operation, name, *parts))
    kept = replace(
        _without_dependents(table, name), columns=tuple(column for column in table.columns if column.name != name)
    )
    schema = schema.with_table(_with_lost(kept, table, operation.span, name))
    for other in schema.referring(operation.table):
        keys = tuple(key for key in other.foreign_keys if not _refers(key, operation.table, name))
        if len(keys) != len(other.foreign_keys):
            schema = schema.with_table(replace(other, foreign_keys=keys))
    return schema


def _with_lost(table: Table, before: Table, span: Span, name: str | None = None) -> Table:
    """Note what the table had before and has no longer; `name` is noted even if the history never told of it."""
    objects = (*before.columns, *before.constraints(), *before.indexes)
    kept = {id(each) for each in (*table.columns, *table.constraints(), *table.indexes)}
    lost = [Lost(each.name or "", span, each) for each in objects if id(each) not in kept]
    if name is not None and all(each.name != name for each in lost):
        told = lost[0].object if lost else Column(name, UNKNOWN_TYPE, span, nullable=None)
        lost.append(Lost(name, span, told))
    return replace(table, lost=(*table.lost, *lost))


def _refers(key: ForeignKey, table: QualifiedName, column: str) -> bool:
    return key.referred_table == table and column in key.referred_columns


def _without_dependents(table: Table, column: str) -> Table:
    primary_key = table.primary_key
    return replace(
        table,
        primary_key=None if primary_key and column in primary_key.columns else primary_key,
        unique_constraints=tuple(each for each in table.unique_constraints if column not in each.columns),
        foreign_keys=tuple(each for each in table.foreign_keys if column not in each.columns),
        check_constraints=tuple(each for each in table.check_constraints if column not in each.columns),
        exclusion_constraints=tuple(each for each in table.exclusion_constraints if column not in each.columns),
        indexes=tuple(each for each in table.indexes if not _index_uses(each, column)),
    )


def _index_uses(index: Index, column: str) -> bool:
    if column in index.columns or column in index.include:
        return True
    expressions = [element.expression for element in index.elements if element.expression]
    if index.where:
        expressions.append(index.where)
    return any(column in expression.columns for expression in expressions)


def _alter_column(schema: Schema, operation: ops.AlterColumn) -> Schema:
    table = _table(schema, operation.table, operation)
    column = table.column(operation.column)
    if column is None:
        if not table.is_open:
            return schema
        column = Column(
            operation.column, operation.existing_type or UNKNOWN_TYPE, operation.span, nullable=None, is_given=True
        )
        table = replace(table, columns=(*table.columns, column))
    changes: dict[str, Any] = {}
    if operation.existing_type is not None and not column.type.is_known:
        changes["type"] = operation.existing_type
    if operation.existing_nullable is not None and column.nullable is None:
        changes["nullable"] = operation.existing_nullable
    if operation.modify_type is not None:
        changes.update(type=operation.modify_type, span=operation.span)
    if operation.modify_nullable is not None:
        changes["nullable"] = operation.modify_nullable
    if operation.modify_default is not ops.UNSET:
        # what numbers a SERIAL column is its default
        changes.update(default=operation.modify_default, is_serial=False)
    if operation.modify_comment is not ops.UNSET:
        changes["comment"] = operation.modify_comment
    if operation.modify_identity is not ops.UNSET:
        changes["is_identity"] = operation.modify_identity
    if operation.modify_computed is not ops.UNSET:
        changes["computed"] = operation.modify_computed
    altered = replace(column, **changes)
    columns = tuple(altered if each.name == column.name else each for each in table.columns)
    return schema.with_table(_unsure(replace(table, columns=columns), operation, column.name))


def _rename_column(schema: Schema, operation: ops.RenameColumn) -> Schema:
    table = _table(schema, operation.table, operation)
    old, new = operation.column, operation.new_name
    if is_unsure(operation):
        return schema.with_table(_unsure(table, operation, old, new))
    if table.column(old) is None:
        if not table.is_open:
            return schema
        table = replace(table, columns=(*table.columns, Column(old, UNKNOWN_TYPE, operation.span, nullable=None)))
    columns = tuple(
        replace(_with_sequence(each, table), name=new, span=operation.span, is_given=False)
        if each.name == old
        else each
        for each in table.columns
    )
    lost = [Lost(old, operation.span, each) for each in table.columns if each.name == old]
    table = replace(table, columns=columns, lost=(*table.lost, *lost))
    schema = schema.with_table(_renamed_dependents(table, old, new))
    for other in schema.referring(operation.table):
        if any(_refers(key, operation.table, old) for key in other.foreign_keys):
            keys = tuple(
                replace(key, referred_columns=_renamed(key.referred_columns, old, new))
                if key.referred_table == operation.table
                else key
                for key in other.foreign_keys
            )
            schema = schema.with_table(replace(other, foreign_keys=keys))
    return schema


def _renamed(columns: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if each == old else each for each in columns)


C = TypeVar("C", PrimaryKey, UniqueConstraint, ForeignKey, CheckConstraint, ExclusionConstraint)


def _renamed_dependents(table: Table, old: str, new: str) -> Table:
    def rename(constraint: C) -> C:
        return replace(constraint, columns=_renamed(constraint.columns, old, new))

    return replace(
        table,
        primary_key=rename(table.primary_key) if table.primary_key else None,
        unique_constraints=tuple(map(rename, table.unique_constraints)),
        foreign_keys=tuple(map(rename, table.foreign_keys)),
        check_constraints=tuple(map(rename, table.check_constraints)),
        exclusion_constraints=tuple(map(rename, table.exclusion_constraints)),
        indexes=tuple(
            replace(
                index,
                elements=tuple(
                    IndexElement(new, each.expression, each.is_descending) if each.column == old else each
                    for each in index.elements
                ),
            )
            for index in table.indexes
        ),
    )


def _create_index(schema: Schema, operation: ops.CreateIndex) -> Schema:
    table = _table(schema, operation.table, operation)
    if operation.index.name and table.index(operation.index.name):
        return schema
    table = replace(table, indexes=(*table.indexes, operation.index))
    return schema.with_table(_unsure(table, operation, operation.index.name))


def _drop_index(schema: Schema, operation: ops.DropIndex) -> Schema:
    table = index_owner(schema, operation)
    if table is None:
        return schema
    if is_unsure(operation):
        return schema.with_table(_unsure(table, operation, operation.index.name))
    kept = tuple(each for each in table.indexes if each.name != operation.index.name)
    return schema.with_table(_with_lost(replace(table, indexes=kept), table, operation.span))


def index_owner(schema: Schema, operation: ops.DropIndex) -> Table | None:
    """The table whose index is dropped: the one named, else the one that has an index of that name."""
    if operation.table:
        return schema.table(operation.table)
    return schema.table_of_index(operation.index.name, operation.index.schema)


def _rename_index(schema: Schema, operation: ops.RenameIndex) -> Schema:
    table = schema.table_of_index(operation.index.name, operation.index.schema)
    if table is None:
        return _rename_key(schema, operation)
    indexes = tuple(
        replace(each, name=operation.new_name, span=operation.span) if each.name == operation.index.name else each
        for each in table.indexes
    )
    lost = [Lost(each.name or "", operation.span, each) for each in table.indexes if each.name == operation.index.name]
    renamed = replace(table, indexes=indexes, lost=(*table.lost, *lost))
    return schema.with_table(_unsure(renamed, operation, operation.index.name, operation.new_name))


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
            return _rename_constraint(schema, rename)
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


def _add_constraint(schema: Schema, operation: ops.AddConstraint) -> Schema:
    table = _table(schema, operation.table, operation)
    constraint = operation.constraint
    if constraint.name and table.constraint(constraint.name):
        return schema
    if operation.using_index:
        index = table.index(operation.using_index)
        if index:
            columns = tuple(name for name in index.columns if name)
            constraint = replace(constraint, columns=columns)
        table = replace(table, indexes=tuple(each for each in table.indexes if each.name != operation.using_index))
    return schema.with_table(_unsure(with_constraint(table, constraint), operation, constraint.name))


def _drop_constraint(schema: Schema, operation: ops.DropConstraint) -> Schema:
    table = schema.table(operation.table)
    if table is None or operation.constraint is None:
        return schema
    if is_unsure(operation):
        return schema.with_table(_unsure(table, operation, operation.constraint))
    dropped = table.constraint(operation.constraint) or _believed(table, operation.kind)
    if dropped is None:
        return schema
    if operation.cascade:
        schema = _without_references(schema, table, dropped)
    kept = replace(
        table,
        primary_key=None if table.primary_key is dropped else table.primary_key,
        unique_constraints=tuple(each for each in table.unique_constraints if each is not dropped),
        foreign_keys=tuple(each for each in table.foreign_keys if each is not dropped),
        check_constraints=tuple(each for each in table.check_constraints if each is not dropped),
        exclusion_constraints=tuple(each for each in table.exclusion_constraints if each is not dropped),
    )
    return schema.with_table(_with_lost(kept, table, operation.span, operation.constraint))


def _believed(table: Table, kind: ops.ConstraintKind | None) -> AnyConstraint | None:
    """The only constraint of a kind whose name nobody wrote down: a drop by another name means that one."""
    of_kind: dict[ops.ConstraintKind | None, tuple[AnyConstraint, ...]] = {
        "primary": (table.primary_key,) if table.primary_key else (),
        "unique": table.unique_constraints,
        "foreignkey": table.foreign_keys,
        "check": table.check_constraints,
    }
    candidates = [each for each in of_kind.get(kind, ()) if each.is_implicit_name or each.name is None]
    return candidates[0] if len(candidates) == 1 else None


def _without_references(schema: Schema, table: Table, dropped: AnyConstraint) -> Schema:
    """What CASCADE takes along: the foreign keys that rest on a primary key or unique constraint."""
    if not isinstance(dropped, PrimaryKey | UniqueConstraint):
        return schema
    for other in schema.referring(table.name):
        kept = tuple(key for key in other.foreign_keys if not _rests_on(key, table, dropped))
        if len(kept) != len(other.foreign_keys):
            schema = schema.with_table(replace(other, foreign_keys=kept))
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

    table = replace(
        table,
        primary_key=change(table.primary_key) if table.primary_key else None,
        unique_constraints=tuple(map(change, table.unique_constraints)),
        foreign_keys=tuple(map(change, table.foreign_keys)),
        check_constraints=tuple(map(change, table.check_constraints)),
        exclusion_constraints=tuple(map(change, table.exclusion_constraints)),
    )
    return schema.with_table(_unsure(table, operation, constraint_name, changes.get("name")))


def _rename_constraint(schema: Schema, operation: ops.RenameConstraint) -> Schema:
    before = schema.table(operation.table)
    renamed = before.constraint(operation.constraint) if before else None
    schema = _change_constraint(
        schema, operation, operation.constraint, name=operation.new_name, is_implicit_name=False, span=operation.span
    )
    table = schema.table(operation.table)
    if table is None or renamed is None or is_unsure(operation):
        return schema
    return schema.with_table(replace(table, lost=(*table.lost, Lost(operation.constraint, operation.span, renamed))))


def _validate_constraint(schema: Schema, operation: ops.ValidateConstraint) -> Schema:
    return _change_constraint(schema, operation, operation.constraint, not_valid=False)


def _opaque(schema: Schema, operation: ops.Opaque) -> Schema:
    if not operation.changes_schema:
        return schema
    if operation.is_unbounded:
        return doubt(schema, [*schema.tables, *schema.gone, *schema.gone_types])
    if operation.tables:
        return doubt(schema, operation.tables)
    if operation.may_create:
        for table in schema.tables.values():
            if not table.may_have_more:
                schema = schema.with_table(replace(table, may_have_more=True))
    return schema


_FOLDERS: dict[type[ops.Operation], Callable[[Schema, Any], Schema]] = {
    ops.CreateTable: _create_table,
    ops.DropTable: _drop_table,
    ops.RenameTable: _rename_table,
    ops.AddColumn: _add_column,
    ops.DropColumn: _drop_column,
    ops.AlterColumn: _alter_column,
    ops.RenameColumn: _rename_column,
    ops.CreateIndex: _create_index,
    ops.DropIndex: _drop_index,
    ops.RenameIndex: _rename_index,
    ops.AddConstraint: _add_constraint,
    ops.DropConstraint: _drop_constraint,
    ops.RenameConstraint: _rename_constraint,
    ops.ValidateConstraint: _validate_constraint,
    ops.CreateEnum: objects.create_enum,
    ops.AddEnumValue: objects.add_enum_value,
    ops.RenameEnumValue: objects.rename_enum_value,
    ops.RenameType: objects.rename_type,
    ops.DropType: objects.drop_type,
    ops.CreateView: objects.create_view,
    ops.DropView: objects.drop_view,
    ops.CreateSequence: objects.create_sequence,
    ops.DropSequence: objects.drop_sequence,
    ops.Opaque: _opaque,
}
