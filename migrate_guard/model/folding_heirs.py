"""Fold what partitions and heirs take over from their parents (PostgreSQL manual, 5.11 and 5.12).

Heirs have the columns and checks of their parents, partitions their keys, foreign keys and indexes too; whatever
becomes of these in the parent becomes of them. Measured on PostgreSQL 15 and 18, which differ in one thing: since 17
the partitions of a table number their rows as its identity column does, which is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.folding_inherited import (
    is_same_index,
    is_same_key,
    named_for,
    named_index_for,
    owned_column,
    taken_over,
    with_links_to,
)
from migrate_guard.model.folding_keys import index_owner
from migrate_guard.model.folding_tables import is_unsure, table_of
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import AnyConstraint, CheckConstraint, ForeignKey, Index, PrimaryKey, Schema, Table

Apply: TypeAlias = Callable[[Schema, ops.Operation], Schema]
"""Folds an operation, with all that follows from it."""


def created(schema: Schema, table: Table, apply: Apply, operation: ops.Operation) -> Schema:
    """The schema with a new table that has the columns, checks and keys of its parents."""
    parents = [schema.table(name) for name in table.parents]
    known = [each for each in parents if each is not None]
    is_open = len(known) < len(parents) or any(each.is_open for each in known)
    are_told = all(each is not None and (not each.is_open or each.are_keys_told) for each in parents)
    keys_told = table.are_keys_told if table.partition_of is None else are_told
    table = taken_over(replace(table, is_open=is_open, are_keys_told=keys_told), known, schema)
    schema = schema.with_table(table)
    return _with_keys(schema, table.name, known, apply, operation) if table.partition_of else schema


def _with_keys(
    schema: Schema, heir: QualifiedName, parents: Iterable[Table], apply: Apply, operation: ops.Operation
) -> Schema:
    """The schema with the keys, indexes and foreign keys of the parents on their partition, in PostgreSQL's order."""
    for parent in parents:
        foreign = parent.foreign_keys
        keys = [each for each in parent.constraints() if not isinstance(each, CheckConstraint | ForeignKey)]
        for key in keys:
            schema = _with_key(schema, heir, key, apply, operation)
        for index in parent.indexes:
            schema = _with_index(schema, heir, index, apply, operation)
        for each in foreign:
            schema = _with_key(schema, heir, each, apply, operation)
    return schema


def _with_key(
    schema: Schema, name: QualifiedName, key: AnyConstraint, apply: Apply, operation: ops.Operation
) -> Schema:
    """The schema with a key of the parent on a partition, which may have the same one already."""
    heir = table_of(schema, name, operation)
    own = next((each for each in heir.constraints() if each.inherited_from is None and is_same_key(each, key)), None)
    if own is not None:
        return schema.with_table(with_links_to(heir, {id(own): key.name or ""}))
    if heir.is_given:
        return schema
    add = ops.AddConstraint(
        span=operation.span, condition=operation.condition, table=name, constraint=named_for(key, heir, schema)
    )
    return apply(schema, add)


def _with_index(schema: Schema, name: QualifiedName, index: Index, apply: Apply, operation: ops.Operation) -> Schema:
    """The schema with an index of the parent on a partition, which may have the same one already."""
    heir = table_of(schema, name, operation)
    own = next((each for each in heir.indexes if each.inherited_from is None and is_same_index(each, index)), None)
    if own is not None:
        return schema.with_table(with_links_to(heir, {id(own): index.name or ""}))
    if heir.is_given:
        return schema
    create = ops.CreateIndex(
        span=operation.span, condition=operation.condition, table=name, index=named_index_for(index, heir, schema)
    )
    return apply(schema, create)


# -- what becomes of a parent


def followed(before: Schema, schema: Schema, operation: ops.Operation, apply: Apply) -> Schema:
    """The schema after its partitions and heirs have followed a table through an operation."""
    if not before.heirs:
        return schema
    match operation:
        case ops.DropIndex():
            owner = index_owner(before, operation)
            name = owner.name if owner else None
        case ops.RenameIndex(index=index):
            return _with_renamed(schema, index.schema, index.name, operation.new_name)
        case ops.TableOperation(table=name):
            pass
        case _:
            return schema
    for heir in _heirs(before, name) if name is not None else ():
        table, parent = schema.table(heir), before.table(name) if name is not None else None
        if table is not None and parent is not None:
            schema = _followed_by(table, parent, before, schema, operation, apply)
    return schema


def _heirs(schema: Schema, name: QualifiedName) -> list[QualifiedName]:
    """The partitions and heirs of a table, without those above it: a script may write a circle."""
    above, waiting = {name}, [name]
    while waiting:
        table = schema.table(waiting.pop())
        found = [each for each in table.parents if each not in above] if table else []
        above.update(found)
        waiting += found
    return [each for each in schema.heirs.get(name, ()) if each not in above]


def _followed_by(
    heir: Table, parent: Table, before: Schema, schema: Schema, operation: ops.Operation, apply: Apply
) -> Schema:
    match operation:
        case ops.AddConstraint(only=False, constraint=constraint):
            return _constraint_added(schema, heir, constraint, apply, operation)
        case ops.CreateIndex(only=False, index=index) if heir.partition_of:
            return _with_index(schema, heir.name, index, apply, operation)
        case ops.AddColumn(only=False, column=column, constraints=constraints, indexes=indexes):
            taken = replace(owned_column(column, parent, before), is_inherited=True)
            schema = apply(schema, replace(operation, table=heir.name, column=taken, constraints=(), indexes=()))
            for constraint in constraints:
                schema = _constraint_added(schema, schema.tables[heir.name], constraint, apply, operation)
            for index in indexes if heir.partition_of else ():
                schema = _with_index(schema, heir.name, index, apply, operation)
            return schema
        case ops.RenameConstraint(constraint=old, new_name=new) if not is_unsure(operation):
            for each in _passed_on(heir, parent, before, operation):
                schema = apply(schema, each)
            table = schema.tables[heir.name]
            return schema.with_table(with_links_to(table, _links(table, old, new)))
        case ops.DropColumn(only=True, column=name):
            columns = tuple(replace(each, is_inherited=False) if each.name == name else each for each in heir.columns)
            return schema.with_table(replace(heir, columns=columns))
    for each in _passed_on(heir, parent, before, operation):
        schema = apply(schema, each)
    return schema


def _passed_on(heir: Table, parent: Table, before: Schema, operation: ops.Operation) -> Iterator[ops.Operation]:
    """What an operation that takes away or changes does to a heir."""
    match operation:
        case ops.DropColumn(column=name):
            column = heir.column(name)
            if column and column.is_inherited and not any(each.column(name) for each in _others(heir, parent, before)):
                yield replace(operation, table=heir.name)
        case ops.AlterColumn(only=False, column=name):
            told = replace(operation, modify_comment=ops.UNSET, modify_identity=ops.UNSET)
            if heir.column(name) and _changes(told):
                yield replace(told, table=heir.name)
        case ops.RenameColumn(column=name):
            if heir.column(name):
                yield replace(operation, table=heir.name)
        case ops.DropConstraint(only=False):
            dropped = parent.constraint(operation.constraint) if operation.constraint else None
            mine = _counterpart(heir, dropped) if dropped else None
            others = _others(heir, parent, before)
            if mine is not None and not any(each.constraint(operation.constraint or "") for each in others):
                yield replace(operation, table=heir.name, constraint=mine.name)
        case ops.RenameConstraint(constraint=name) | ops.ValidateConstraint(constraint=name):
            constraint = parent.constraint(name)
            found = _counterpart(heir, constraint) if constraint else None
            is_named_alike = isinstance(constraint, CheckConstraint) or isinstance(operation, ops.ValidateConstraint)
            if found is not None and found.name is not None and is_named_alike:
                yield replace(operation, table=heir.name, constraint=found.name)
        case ops.DropIndex(index=index):
            for each in heir.indexes:
                if each.inherited_from == index.name and each.name:
                    yield replace(operation, table=heir.name, index=QualifiedName(each.name, heir.name.schema))


def _others(heir: Table, parent: Table, schema: Schema) -> list[Table]:
    """The other parents of a table."""
    return [found for name in heir.parents if name != parent.name and (found := schema.table(name))]


def _changes(operation: ops.AlterColumn) -> bool:
    unset = (operation.modify_default, operation.modify_computed)
    told = (operation.modify_type, operation.modify_nullable)
    return any(each is not ops.UNSET for each in unset) or any(each is not None for each in told)


def _counterpart(heir: Table, constraint: AnyConstraint) -> AnyConstraint | None:
    """The constraint of a heir that comes from one of the parent."""
    for each in heir.constraints():
        if type(each) is type(constraint) and each.inherited_from == (constraint.name or ""):
            return each
    return None


def _constraint_added(
    schema: Schema, heir: Table, constraint: AnyConstraint, apply: Apply, operation: ops.Operation
) -> Schema:
    match constraint:
        case CheckConstraint(no_inherit=True):
            return schema
        case CheckConstraint():
            if constraint.name and heir.constraint(constraint.name):
                return schema
            taken = replace(constraint, inherited_from=constraint.name or "")
            add = ops.AddConstraint(
                span=operation.span, condition=operation.condition, table=heir.name, constraint=taken
            )
            return apply(schema, add)
        case _ if heir.partition_of:
            return _with_key(schema, heir.name, constraint, apply, operation)
        case PrimaryKey(columns=columns):
            for name in columns:
                schema = apply(schema, _not_null(heir.name, name, operation))
    return schema


def _not_null(table: QualifiedName, column: str, operation: ops.Operation) -> ops.AlterColumn:
    return ops.AlterColumn(
        span=operation.span, condition=operation.condition, table=table, column=column, modify_nullable=False
    )


def _with_renamed(schema: Schema, namespace: str | None, old: str, new: str) -> Schema:
    """The schema with heirs that know an index of their parent, or a key, by its new name."""
    for name, heirs in schema.heirs.items():
        parent = schema.table(name)
        if parent is None or name.schema != namespace or not (parent.index(new) or parent.constraint(new)):
            continue
        for heir in heirs:
            table = schema.table(heir)
            if table is not None:
                schema = schema.with_table(with_links_to(table, _links(table, old, new)))
    return schema


def _links(table: Table, old: str, new: str) -> dict[int, str]:
    parts = (*table.constraints(), *table.indexes)
    return {id(each): new for each in parts if each.inherited_from == old}


# -- new parents, and parents no longer


def attach_partition(schema: Schema, operation: ops.AttachPartition, apply: Apply) -> Schema:
    """The schema after a table has become a partition of another."""
    heir = table_of(schema, operation.partition, operation)
    if is_unsure(operation):
        return schema.with_table(replace(heir, is_certain=False))
    return _attached(schema, heir, operation, apply)


def detach_partition(schema: Schema, operation: ops.DetachPartition) -> Schema:
    """The schema after a partition has become a table of its own."""
    heir = table_of(schema, operation.partition, operation)
    if is_unsure(operation):
        return schema.with_table(replace(heir, is_certain=False))
    left = _detached(heir)
    # a CHECK then stands for what the partition held (PostgreSQL manual, ALTER TABLE, DETACH PARTITION)
    return schema.with_table(replace(left, may_have_more=left.may_have_more or operation.concurrently))


def change_parents(schema: Schema, operation: ops.RawSql) -> Schema:
    """The schema after ALTER TABLE … INHERIT or NO INHERIT, whose tables are the heir and its parents."""
    heir, parents = table_of(schema, operation.tables[0], operation), operation.tables[1:]
    if is_unsure(operation):
        return schema.with_table(replace(heir, is_certain=False))
    if operation.kind == "ALTER TABLE INHERIT":
        return schema.with_table(replace(heir, inherits=tuple(dict.fromkeys((*heir.inherits, *parents)))))
    left = tuple(each for each in heir.inherits if each not in parents)
    return schema.with_table(_released(replace(heir, inherits=left), schema))


def attach_index(schema: Schema, operation: ops.RawSql) -> Schema:
    """The schema after an index of a partition has become a part of one of the partitioned table: its two objects."""
    whole, part = operation.objects
    parent = schema.table_of_index(whole.name, whole.schema)
    for name in schema.heirs.get(parent.name, ()) if parent and not is_unsure(operation) else ():
        heir = schema.tables[name]
        index = heir.index(part.name)
        if index is not None:
            schema = schema.with_table(with_links_to(heir, {id(index): whole.name}))
    return schema


def _attached(schema: Schema, heir: Table, operation: ops.AttachPartition, apply: Apply) -> Schema:
    heir = replace(heir, partition_of=operation.table, partition_bound=operation.bound)
    parent = schema.table(operation.table)
    if parent is None:
        return schema.with_table(heir)
    columns = tuple(replace(each, is_inherited=parent.column(each.name) is not None) for each in heir.columns)
    checks = tuple(
        replace(each, inherited_from=each.name) if each.name and parent.constraint(each.name) else each
        for each in heir.check_constraints
    )
    schema = schema.with_table(replace(heir, columns=columns, check_constraints=checks))
    return _with_keys(schema, heir.name, [parent], apply, operation)


def _detached(heir: Table) -> Table:
    """The table with all that it has as its own."""
    columns = tuple(replace(each, is_inherited=False) for each in heir.columns)
    parts: Iterable[Any] = (*heir.constraints(), *heir.indexes)
    heir = with_links_to(heir, {id(each): None for each in parts})
    return replace(heir, columns=columns, partition_of=None, partition_bound=None)


def _released(heir: Table, schema: Schema) -> Table:
    """The heir with what no parent has any more as its own."""
    parents = [found for name in heir.parents if (found := schema.table(name))]
    columns = tuple(
        replace(each, is_inherited=each.is_inherited and any(parent.column(each.name) for parent in parents))
        for each in heir.columns
    )
    left = {
        id(each): None
        for each in heir.check_constraints
        if each.inherited_from is not None and not any(parent.constraint(each.inherited_from) for parent in parents)
    }
    return replace(with_links_to(heir, left), columns=columns)
