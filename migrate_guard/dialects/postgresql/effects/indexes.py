"""Indexes: built, dropped, renamed.

Sources: `DefineIndex` and `RangeVarCallbackForDropRelation` in PostgreSQL's `commands/indexcmds.c` and
`commands/tablecmds.c`.
"""

from __future__ import annotations

from msgspec.structs import replace

from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    SHARE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects, Verdict
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Index, Table

OUTSIDE_TRANSACTION = "CONCURRENTLY is refused in a transaction block"


def outside_transaction(why: str) -> Effects:
    """A statement that a transaction block refuses."""
    return Effects(transactional=Answer(Verdict.NO, (why,)))


def create(operation: ops.CreateIndex, scene: Scene) -> Effects:
    name, index = operation.table, operation.index
    mode = SHARE_UPDATE_EXCLUSIVE if operation.concurrently else SHARE
    apart = outside_transaction(OUTSIDE_TRANSACTION) if operation.concurrently else NOTHING
    if operation.if_not_exists and _exists(index.name, name, scene):
        return scene.lock(mode, name) | apart
    parts = scene.partitions(name)
    if operation.only and scene.is_partitioned(name):
        return scene.lock(mode, name) | apart
    unindexed = [each for each in scene.stored(parts) if not has_equal(scene.table(each), index) or each == name]
    why = f"the index {index.name or ''} is built from every row".replace("  ", " ")
    return scene.lock(mode, *parts) | scene.building(why, *unindexed) | apart


def _exists(index: str | None, table: QualifiedName, scene: Scene) -> bool:
    return index is not None and scene.index_table(QualifiedName(index, table.schema)) is not None


def has_equal(table: Table | None, index: Index) -> bool:
    """Whether a partition has an index of its own that can become a part of that of its parent (`CompareIndexInfo`)."""
    own = [each for each in table.indexes if each.inherited_from is None] if table else []
    return any(_likeness(each) == _likeness(index) for each in own)


def _likeness(index: Index) -> object:
    elements = tuple(
        replace(each, expression=None) if each.expression is None else (each.expression.text, each.opclass)
        for each in index.elements
    )
    return elements, index.unique, index.method, index.include, index.where.text if index.where else None


def drop(operation: ops.DropIndex, scene: Scene) -> Effects:
    index = operation.index
    table = scene.index_table(index)
    name = table.name if table else operation.table
    apart = outside_transaction(OUTSIDE_TRANSACTION) if operation.concurrently else NOTHING
    if table is None and operation.if_exists and scene.schema.is_closed:
        return apart
    if operation.concurrently:
        # the index itself is locked when all who used it are gone
        return (scene.lock(SHARE_UPDATE_EXCLUSIVE, name) if name else NOTHING) | apart
    found = scene.lock_index(ACCESS_EXCLUSIVE, index)
    if name is None:
        return found | Effects(open_locks=(f"{ACCESS_EXCLUSIVE} on the table of {index}",))
    return found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(name))


def rename(operation: ops.RenameIndex, scene: Scene) -> Effects:
    if operation.if_exists and scene.is_absent(operation.index):
        return NOTHING
    return Effects(index_locks={operation.index: SHARE_UPDATE_EXCLUSIVE})
