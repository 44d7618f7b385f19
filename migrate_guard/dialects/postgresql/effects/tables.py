"""Tables: created, dropped, renamed; views and sequences that are no more than their names.

Sources: `DefineRelation`, `RemoveRelations`, `heap_drop_with_catalog` and `RenameRelation` in PostgreSQL's
`commands/tablecmds.c` and `catalog/heap.c`.
"""

from __future__ import annotations

from migrate_guard.dialects.postgresql.effects import functions, partitions
from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    ACCESS_SHARE,
    SHARE_ROW_EXCLUSIVE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Effects
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Table


def create(operation: ops.CreateTable, scene: Scene) -> Effects:
    """CREATE TABLE: what it refers to, is a part of, or is filled from."""
    table = operation.table
    if operation.if_not_exists and not _is_missing(table.name, scene):
        return NOTHING
    found = NOTHING
    for key in table.foreign_keys:
        if key.referred_table != table.name:
            found = found | scene.lock(SHARE_ROW_EXCLUSIVE, *scene.partitions(key.referred_table))
    if table.partition_of is not None:
        found = found | partitions.created(table, table.partition_of, scene)
    found = found | scene.lock(SHARE_UPDATE_EXCLUSIVE, *table.inherits)
    if operation.copies_rows:
        return found | reading(operation.reads, "the query reads every row", scene)
    return found | scene.lock(ACCESS_SHARE, *operation.reads)


def _is_missing(name: QualifiedName, scene: Scene) -> bool:
    return scene.table(name) is None and scene.view(name) is None


def reading(names: tuple[QualifiedName, ...], why: str, scene: Scene) -> Effects:
    """Run a query over relations."""
    read = scene.read_by(names)
    parts = tuple(dict.fromkeys(each for name in read for each in scene.family(name)))
    rows = [each for each in scene.stored(parts) if (view := scene.view(each)) is None or view.is_materialized]
    return scene.lock(ACCESS_SHARE, *parts) | scene.scanning(why, *rows)


def drop(operation: ops.DropTable, scene: Scene) -> Effects:
    name = operation.table
    if operation.if_exists and scene.is_absent(name):
        return NOTHING
    return dropped(name, scene, cascade=operation.cascade)


def dropped(name: QualifiedName, scene: Scene, *, cascade: bool) -> Effects:
    """Drop a table with its partitions; with CASCADE what rests on it is dropped, too."""
    table = scene.table(name)
    names = scene.family(name) if cascade else scene.partitions(name)
    found = scene.lock(ACCESS_EXCLUSIVE, *names)
    if table is None or (table.is_open and table.is_given):
        found = found | Effects(open_locks=(f"the foreign keys of {name} lock the tables they refer to",))
    for each in names:
        member = scene.table(each)
        if member is not None:
            found = found | _dropped_with(member, scene)
        if cascade:
            found = found | _cascaded(each, scene)
    if table is not None and table.partition_of is not None:
        found = found | scene.lock(
            ACCESS_EXCLUSIVE, table.partition_of, *partitions.default_of(table.partition_of, scene)
        )
    return found


def _dropped_with(table: Table, scene: Scene) -> Effects:
    found = scene.lock_index(ACCESS_EXCLUSIVE, *scene.indexes_of(table.name))
    for key in table.foreign_keys:
        if key.referred_table != table.name:
            found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(key.referred_table))
    return found | scene.lock_sequence(ACCESS_EXCLUSIVE, *scene.sequences_of(table))


def _cascaded(name: QualifiedName, scene: Scene) -> Effects:
    found = NOTHING
    for other in scene.schema.referring(name):
        if other.name != name:
            found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(other.name))
    for view in scene.views_of(name):
        found = found | scene.lock(ACCESS_EXCLUSIVE, view) | scene.lock_index(ACCESS_EXCLUSIVE, *scene.indexes_of(view))
    return found


def rename(operation: ops.RenameTable, scene: Scene) -> Effects:
    """RENAME TO and SET SCHEMA; ALTER TABLE takes the name of an index, view or sequence just as well."""
    name = operation.table
    table = scene.table(name)
    if table is None and scene.view(name) is None and scene.index_table(name) is not None:
        return scene.lock_index(ACCESS_EXCLUSIVE, name)
    found = scene.lock(ACCESS_EXCLUSIVE, name)
    if table is not None and operation.new_name.schema != name.schema:
        found = found | scene.lock_sequence(ACCESS_EXCLUSIVE, *scene.sequences_of(table))
    return found


# -- views


def create_view(operation: ops.CreateView, scene: Scene) -> Effects:
    view = operation.view
    found = scene.lock(ACCESS_SHARE, *view.tables)
    if operation.if_not_exists and scene.view(view.name) is not None:
        return found
    if view.is_materialized and operation.with_data:
        found = found | reading(view.tables, "the query of the materialized view is run", scene)
    if operation.replace and scene.view(view.name) is not None:
        found = found | scene.lock(ACCESS_EXCLUSIVE, view.name)
    return found


def drop_view(operation: ops.DropView, scene: Scene) -> Effects:
    name = operation.view
    if operation.if_exists and scene.is_absent(name):
        return NOTHING
    found = _locked_view(name, scene)
    if operation.cascade:
        for each in scene.views_of(name):
            found = found | _locked_view(each, scene)
    return found


def _locked_view(name: QualifiedName, scene: Scene) -> Effects:
    """A view that the history never made is a plain one; a table it is not."""
    if scene.view(name) is None and scene.table(name) is None:
        return Effects(locks={name: ACCESS_EXCLUSIVE})
    return scene.lock(ACCESS_EXCLUSIVE, name) | scene.lock_index(ACCESS_EXCLUSIVE, *scene.indexes_of(name))


# -- sequences


def create_sequence(operation: ops.CreateSequence, scene: Scene) -> Effects:
    owner = operation.sequence.owned_by
    return scene.lock(ACCESS_SHARE, owner[0]) if owner else NOTHING


def drop_sequence(operation: ops.DropSequence, scene: Scene) -> Effects:
    name = operation.sequence
    if operation.if_exists and scene.is_absent(name):
        return NOTHING
    found = scene.lock_sequence(ACCESS_EXCLUSIVE, name)
    if not operation.cascade:
        return found
    for table in scene.schema.tables.values():
        defaults = (each.default for each in table.columns if each.default)
        used = {sequence.name for each in defaults if (sequence := functions.sequence_in(each.text))}
        if name.name in used or name in scene.sequences_of(table):
            found = found | scene.lock(ACCESS_EXCLUSIVE, table.name)
    return found
