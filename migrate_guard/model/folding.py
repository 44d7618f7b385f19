"""Fold an operation into a schema: `apply(schema, operation) -> schema`.

Folding never fails: an operation on something the history does not know teaches that it is there (an open world), and
what contradicts the history changes nothing; saying so is the business of rules, which see the state before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from migrate_guard.model import attachments, folding_keys, folding_rows, folding_sequences
from migrate_guard.model import folding_heirs as heirs
from migrate_guard.model import folding_objects as objects
from migrate_guard.model import operations as ops
from migrate_guard.model.folding_inherited import with_copies
from migrate_guard.model.folding_keys import with_constraint
from migrate_guard.model.folding_tables import (
    C,
    is_unsure,
    made,
    table_of,
    told_by_text,
    undoes,
    unsure,
    with_constraints_changed,
    with_lost,
)
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.persistent import PersistentMap
from migrate_guard.model.schema import (
    UNKNOWN_TYPE,
    Column,
    Expression,
    ForeignKey,
    Index,
    IndexElement,
    Lost,
    Schema,
    Sequence,
    Table,
)


def apply(schema: Schema, operation: ops.Operation) -> Schema:
    """Return the schema after `operation`; operations that change no schema return it as it is."""
    folder = _FOLDERS.get(type(operation))
    if folder is None:
        return schema
    return heirs.followed(schema, folder(schema, operation), operation, apply)


def doubt(schema: Schema, names: Iterable[QualifiedName]) -> Schema:
    """Mark tables as uncertain; what was dropped under these names may be there again."""
    for name in names:
        table = schema.table(name)
        if table and table.is_certain:
            schema = doubt(schema.with_table(replace(table, is_certain=False)), schema.heirs.get(name, ()))
        if name in schema.gone or name in schema.gone_types:
            gone, gone_types = schema.gone.remove(name), schema.gone_types.remove(name)
            schema = replace(schema, gone=gone, gone_types=gone_types)
    return schema


def trusted(schema: Schema) -> Schema:
    """The schema without the doubts about whole tables; what a condition leaves open by name stays open."""
    tables = schema.tables.plain()
    doubted = [each for each in tables.values() if not each.is_certain or each.may_have_more]
    if not doubted:
        return schema
    tables.update({each.name: replace(each, is_certain=True, may_have_more=False) for each in doubted})
    return replace(schema, tables=PersistentMap(tables))


def _create_table(schema: Schema, operation: ops.CreateTable) -> Schema:
    name = operation.table.name
    existing = schema.table(name)
    if existing:
        return schema
    gone = schema.gone.remove(name)
    table = made(replace(operation.table, is_certain=False), operation, "") if is_unsure(operation) else operation.table
    if operation.likes:
        table = with_copies(table, operation.likes, schema)
    if table.is_part:
        return heirs.created(replace(schema, gone=gone), table, apply, operation)
    return replace(schema, gone=gone).with_table(table)


def _attach_partition(schema: Schema, operation: ops.AttachPartition) -> Schema:
    return heirs.attach_partition(schema, operation, apply)


def _raw_sql(schema: Schema, operation: ops.RawSql) -> Schema:
    if operation.kind == "CREATE TEMPORARY TABLE":
        # It hides what has the name, and goes with the session: what follows finds it.
        for name in operation.tables:
            schema = replace(schema, gone=schema.gone.remove(name)) if name in schema.gone else schema
        return schema
    if operation.kind in ("ALTER TABLE INHERIT", "ALTER TABLE NO INHERIT") and operation.tables:
        return heirs.change_parents(schema, operation)
    if operation.kind == "ALTER INDEX ATTACH PARTITION":
        return heirs.attach_index(schema, operation)
    if (told := told_by_text(schema, operation)) is not None:
        return told
    if operation.kind.startswith("ALTER SEQUENCE"):
        return folding_sequences.raw_sql(schema, operation)
    if "ROW LEVEL SECURITY" in operation.kind or operation.kind == "DO":
        schema = attachments.row_security(schema, operation)
    if operation.kind == "GRANT" and operation.tables:
        granted = schema.granted
        for name in operation.tables:
            granted = granted.set(name, operation.span)
        return replace(schema, granted=granted)
    return objects.raw_sql(schema, operation)


def _drop_table(schema: Schema, operation: ops.DropTable) -> Schema:
    name = operation.table
    if is_unsure(operation) and not undoes(operation, schema.table(name), ""):
        return doubt(schema, [name])
    table = schema.table(name)
    is_given = table is None or table.is_given
    dropped_heirs = schema.heirs.get(name, ())
    referring = [each for each in schema.referring(name) if each.name != name]
    schema = folding_rows.with_rows(schema.without_table(name), name, ())
    left = attachments.without_table(schema.attached, name)
    schema = replace(schema, attached=left, row_security=schema.row_security.remove(name))
    for other in () if operation.keeps_references else referring:
        kept = tuple(key for key in other.foreign_keys if key.referred_table != name)
        schema = schema.with_table(replace(other, foreign_keys=kept))
    sequences = schema.sequences
    for sequence in sequences.values():
        if sequence.owned_by and sequence.owned_by[0] == name:
            sequences = sequences.remove(sequence.name)
    given = schema.gone_given | {name} if is_given else schema.gone_given - {name}
    schema = replace(schema, sequences=sequences, gone=schema.gone.set(name, operation.span), gone_given=given)
    for heir in dropped_heirs:
        part = schema.table(heir)
        if part and (part.partition_of or operation.cascade):
            schema = _drop_table(schema, replace(operation, table=heir))
    return schema


def _rename_table(schema: Schema, operation: ops.RenameTable) -> Schema:
    old, new = operation.table, operation.new_name
    table = table_of(schema, old, operation)
    columns = tuple(_with_sequence(each, table) for each in table.columns)
    table = replace(table, name=new, columns=columns, renamed_at=operation.span)
    if is_unsure(operation):
        return doubt(schema, [old, new])
    referring = [each for each in schema.referring(old) if each.name != old]
    schema = folding_rows.moved(schema.without_table(old).with_table(_referring_to(table, old, new)), old, new)
    for other in referring:
        schema = schema.with_table(_referring_to(other, old, new))
    sequences = schema.sequences
    for sequence in sequences.values():
        if sequence.owned_by and sequence.owned_by[0] == old:
            sequences = sequences.set(sequence.name, replace(sequence, owned_by=(new, sequence.owned_by[1])))
    gone = schema.gone.remove(new).set(old, operation.span)
    return objects.with_table_renamed(replace(schema, sequences=sequences, gone=gone), old, new)


def _recreate_table(schema: Schema, operation: ops.RecreateTable) -> Schema:
    """The copy in place of the table; what hangs on a table goes with it when it is dropped."""
    if is_unsure(operation):
        return doubt(schema, [operation.table])
    schema = replace(schema, attached=attachments.without_table(schema.attached, operation.table))
    return schema if operation.copy is None else schema.with_table(operation.copy)


def _with_sequence(column: Column, table: Table) -> Column:
    """The column with the name of its sequence written down, which a rename of the table or column does not change."""
    if column.sequence is not None or not (column.is_serial or column.is_identity):
        return column
    return replace(column, sequence=column.sequence_in(table.name))


def _referring_to(table: Table, old: QualifiedName, new: QualifiedName) -> Table:
    """The table with its foreign keys to `old` following a rename."""
    if not any(key.referred_table == old for key in table.foreign_keys):
        return table
    keys = (replace(key, referred_table=new) if key.referred_table == old else key for key in table.foreign_keys)
    return replace(table, foreign_keys=tuple(keys))


def _add_column(schema: Schema, operation: ops.AddColumn) -> Schema:
    table = table_of(schema, operation.table, operation)
    if table.column(operation.column.name):
        return schema
    table = replace(table, columns=(*table.columns, operation.column))
    for constraint in operation.constraints:
        table = with_constraint(table, constraint)
    table = replace(table, indexes=table.indexes + operation.indexes) if operation.indexes else table
    parts = (operation.column, *operation.constraints, *operation.indexes)
    schema = objects.with_views_before(schema, table.name, operation.column.name)
    return schema.with_table(made(table, operation, *(part.name for part in parts)))


def _drop_column(schema: Schema, operation: ops.DropColumn) -> Schema:
    table = table_of(schema, operation.table, operation)
    name = operation.column
    if is_unsure(operation) and not undoes(operation, table, name):
        kept = _without_dependents(table, name)
        lost = {id(each) for each in (*table.constraints(), *table.indexes)} - {
            id(each) for each in (*kept.constraints(), *kept.indexes)
        }
        parts = [each.name for each in (*table.constraints(), *table.indexes) if id(each) in lost]
        return schema.with_table(unsure(table, operation, name, *parts))
    kept = replace(
        _without_dependents(table, name), columns=tuple(column for column in table.columns if column.name != name)
    )
    schema = objects.without_sequences_of(schema.with_table(with_lost(kept, table, operation.span, name)), table, name)
    for other in schema.referring(operation.table):
        keys = tuple(key for key in other.foreign_keys if not _refers(key, operation.table, name))
        if len(keys) != len(other.foreign_keys):
            schema = schema.with_table(replace(other, foreign_keys=keys))
    return schema


def _refers(key: ForeignKey, table: QualifiedName, column: str) -> bool:
    return key.referred_table == table and column in key.referred_columns


def _without_dependents(table: Table, column: str) -> Table:
    def kept(constraint: C) -> C | None:
        return None if column in constraint.columns else constraint

    indexes = tuple(each for each in table.indexes if not _index_uses(each, column))
    return replace(with_constraints_changed(table, kept), indexes=indexes)


def _index_uses(index: Index, column: str) -> bool:
    if column in index.columns or column in index.include:
        return True
    expressions = [element.expression for element in index.elements if element.expression]
    if index.where:
        expressions.append(index.where)
    return any(column in expression.columns for expression in expressions)


def _alter_column(schema: Schema, operation: ops.AlterColumn) -> Schema:
    table = table_of(schema, operation.table, operation)
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
        # without COLLATE the collation is that of the new type again
        changes.update(type=operation.modify_type, span=operation.span, collation=operation.collation)
    if operation.modify_nullable is not None:
        changes.update(nullable=operation.modify_nullable, unproven_not_null=None)
    if operation.modify_default is not ops.UNSET:
        # what numbers a SERIAL column is its default
        changes.update(default=operation.modify_default, is_serial=False)
    if operation.modify_comment is not ops.UNSET:
        changes["comment"] = operation.modify_comment
    if operation.modify_identity is not ops.UNSET:
        changes.update(is_identity=operation.modify_identity, is_always_identity=operation.is_always_identity)
    if operation.modify_computed is not ops.UNSET:
        changes["computed"] = operation.modify_computed
    if operation.redefines:
        changes |= _told_anew(operation, table)
    altered = replace(column, **changes)
    if replace(altered, span=column.span) == column:
        return schema.with_table(table)
    if column.is_serial and operation.modify_default is not ops.UNSET and not operation.redefines:
        schema = _with_own_sequence(schema, table, column)
    columns = tuple(altered if each.name == column.name else each for each in table.columns)
    return schema.with_table(unsure(replace(table, columns=columns), operation, column.name))


def _told_anew(operation: ops.AlterColumn, table: Table) -> dict[str, Any]:
    """What a column is made to be that MySQL is told anew; that of a primary key is NOT NULL, whatever is said."""
    is_key = table.primary_key is not None and operation.column in table.primary_key.columns
    return {
        **({"type": operation.existing_type} if operation.existing_type and not operation.modify_type else {}),
        "nullable": operation.told_nullable and not is_key,
        "default": operation.told_default,
        "comment": operation.told_comment,
        "is_serial": operation.is_serial,
        "computed": None if operation.modify_computed is ops.UNSET else operation.modify_computed,
        "collation": operation.collation,
    }


def _with_own_sequence(schema: Schema, table: Table, column: Column) -> Schema:
    """The schema with the sequence of a SERIAL column by itself: it stays when the column gets another default."""
    name = QualifiedName(column.sequence_in(table.name), table.name.schema)
    sequence = Sequence(name, column.span, owned_by=(table.name, column.name))
    return replace(schema, sequences=schema.sequences.set(name, sequence))


def _rename_column(schema: Schema, operation: ops.RenameColumn) -> Schema:
    if operation.redefines:
        schema = _alter_column(schema, operation.redefinition)
    table = table_of(schema, operation.table, operation)
    old, new = operation.column, operation.new_name
    if is_unsure(operation):
        return schema.with_table(unsure(table, operation, old, new))
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
    schema = objects.with_views_retold(schema.with_table(_renamed_dependents(table, old, new)), table.name)
    schema = objects.with_sequences_of(schema, table, old, new)
    schema = folding_rows.with_column_renamed(schema, operation.table, old, new)
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


def _renamed_dependents(table: Table, old: str, new: str) -> Table:
    def rename(constraint: C) -> C:
        return replace(constraint, columns=_renamed(constraint.columns, old, new))

    def index(each: Index) -> Index:
        where = each.where.with_column_renamed(old, new) if each.where else None
        include = _renamed(each.include, old, new)
        return replace(each, elements=tuple(map(element, each.elements)), where=where, include=include)

    def element(each: IndexElement) -> IndexElement:
        if each.expression:
            return replace(each, expression=each.expression.with_column_renamed(old, new))
        return replace(each, column=new) if each.column == old else each

    columns = tuple(
        replace(each, computed=each.computed.with_column_renamed(old, new)) if each.computed else each
        for each in table.columns
    )
    checks = tuple(
        replace(each, expression=each.expression.with_column_renamed(old, new)) for each in table.check_constraints
    )
    exclusions = tuple(
        replace(each, definition=None) if old in each.columns else each for each in table.exclusion_constraints
    )
    indexes = tuple(map(index, table.indexes))
    told = replace(table, columns=columns, check_constraints=checks, exclusion_constraints=exclusions, indexes=indexes)
    if told.partition_by is not None:
        told = replace(told, partition_by=Expression(told.partition_by, (old,)).with_column_renamed(old, new).text)
    return with_constraints_changed(told, rename)


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
        # What it makes may well have a name that was dropped.
        return replace(schema, gone=PersistentMap(), gone_types=PersistentMap())
    return schema


_FOLDERS: dict[type[ops.Operation], Callable[[Schema, Any], Schema]] = {
    ops.CreateTable: _create_table,
    ops.DropTable: _drop_table,
    ops.RecreateTable: _recreate_table,
    ops.RenameTable: _rename_table,
    ops.AddColumn: _add_column,
    ops.DropColumn: _drop_column,
    ops.AlterColumn: _alter_column,
    ops.RenameColumn: _rename_column,
    ops.CreateIndex: folding_keys.create_index,
    ops.DropIndex: folding_keys.drop_index,
    ops.RenameIndex: folding_keys.rename_index,
    ops.AddConstraint: folding_keys.add_constraint,
    ops.DropConstraint: folding_keys.drop_constraint,
    ops.RenameConstraint: folding_keys.rename_constraint,
    ops.ValidateConstraint: folding_keys.validate_constraint,
    ops.AddNotNull: folding_keys.add_not_null,
    ops.AttachPartition: _attach_partition,
    ops.DetachPartition: heirs.detach_partition,
    ops.CreateEnum: objects.create_enum,
    ops.AddEnumValue: objects.add_enum_value,
    ops.RenameEnumValue: objects.rename_enum_value,
    ops.RenameType: objects.rename_type,
    ops.DropType: objects.drop_type,
    ops.CreateView: objects.create_view,
    ops.DropView: objects.drop_view,
    ops.CreateSequence: objects.create_sequence,
    ops.DropSequence: objects.drop_sequence,
    ops.Insert: folding_rows.insert,
    ops.Update: folding_rows.update,
    ops.Delete: folding_rows.delete,
    ops.RawSql: _raw_sql,
    ops.Opaque: _opaque,
}
