"""Fold what makes a table a part of another one, or lets it go: partitions and heirs."""

from __future__ import annotations

from dataclasses import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.folding_tables import is_unsure
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema


def attach(schema: Schema, operation: ops.AttachPartition) -> Schema:
    """A partition keeps what the history told of it; it gets the indexes of its parent besides."""
    table = schema.table(operation.partition)
    if table is None or is_unsure(operation):
        return schema
    bound = operation.bound
    return schema.with_table(replace(table, partition_of=operation.table, partition_bound=bound, may_have_more=True))


def detach(schema: Schema, operation: ops.DetachPartition) -> Schema:
    table = schema.table(operation.partition)
    if table is None or is_unsure(operation) or operation.finalize:
        return schema
    return schema.with_table(replace(table, partition_of=None, partition_bound=None, may_have_more=True))


def raw_table_action(schema: Schema, operation: ops.RawSql) -> Schema:
    """What ALTER TABLE does that has no operation of its own and yet decides what later statements do."""
    if not operation.tables or is_unsure(operation):
        return schema
    table = schema.table(operation.tables[0])
    if table is None:
        return schema
    parents = frozenset(operation.tables[1:])
    match operation.kind:
        case "ALTER TABLE INHERIT":
            return schema.with_table(replace(table, inherits=_united(table.inherits, operation.tables[1:])))
        case "ALTER TABLE NO INHERIT":
            left = tuple(each for each in table.inherits if each not in parents)
            return schema.with_table(replace(table, inherits=left))
        case "ALTER TABLE SET LOGGED" | "ALTER TABLE SET UNLOGGED":
            return schema.with_table(replace(table, is_unlogged=operation.kind.endswith("UNLOGGED")))
    return schema


def _united(one: tuple[QualifiedName, ...], other: tuple[QualifiedName, ...]) -> tuple[QualifiedName, ...]:
    return tuple(dict.fromkeys((*one, *other)))
