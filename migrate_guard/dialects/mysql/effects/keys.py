"""Indexes and constraints.

MySQL: tables 17.16 "Online DDL Support for Index Operations", 17.17 "… Primary Key Operations" and 17.20 "… Foreign Key
Operations" of the manual of 8.4, 17.12.1. That a CHECK takes a copy: bug 117450.
"""

from __future__ import annotations

from migrate_guard.dialects.mysql.effects.scene import AT_ONCE, INPLACE, SHARED, Scene, Way, has_index
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import AnyConstraint, CheckConstraint, ForeignKey, PrimaryKey

_SPECIAL = ("fulltext", "spatial")


def create_index(operation: ops.CreateIndex, scene: Scene) -> Effects:
    table, method = scene.table(operation.table), operation.index.method
    built = f'the index "{operation.index.name or ""}" is built'.replace(' ""', "")
    added = {each.column.name for each in scene.statement if isinstance(each, ops.AddColumn)}
    if method not in _SPECIAL and added.intersection(operation.index.columns):
        way = scene.rebuild("the statement adds a column of the index, so that both are built with the table", table)
        return scene.altered(operation.table, way)
    if method not in _SPECIAL:
        return scene.altered(operation.table, Way(scene.index_work, builds=built))
    if method == "fulltext" and (table is None or not has_index(table, "fulltext")):
        why = "the first FULLTEXT index of a table gives every row a number"
        is_certain = table is not None and not table.is_open
        return scene.altered(operation.table, Way(INPLACE, SHARED, why)) | scene.altered(
            operation.table, Way(INPLACE, SHARED, builds=built, is_certain=is_certain)
        )
    return scene.altered(operation.table, Way(scene.index_work, SHARED, builds=built))


def drop_index(operation: ops.DropIndex, scene: Scene) -> Effects:
    found = scene.schema.table_of_index(operation.index.name, operation.index.schema)
    name = operation.table or (found.name if found else None)
    return Effects(commits=True) if name is None else scene.altered(name, Way(scene.index_work))


def rename_index(operation: ops.RenameIndex, scene: Scene) -> Effects:
    found = scene.schema.table_of_index(operation.index.name, operation.index.schema)
    way = AT_ONCE if scene.is_mariadb else Way(INPLACE)
    return Effects(commits=True) if found is None else scene.altered(found.name, way)


def add(operation: ops.AddConstraint, scene: Scene) -> Effects:
    return scene.altered(operation.table, added(operation.constraint, operation.table, scene))


def added(constraint: AnyConstraint, name: QualifiedName, scene: Scene) -> Way:
    """How a table gets a constraint."""
    table = scene.table(name)
    match constraint:
        case PrimaryKey():
            return scene.rebuild("the primary key says in which order the rows are kept", table)
        case ForeignKey():
            if scene.checks_foreign_keys:
                return scene.copy("the foreign key is checked for every row", table)
            return Way(scene.index_work, builds="the foreign key gets an index, if none begins with its columns")
        case CheckConstraint():
            if constraint.not_enforced:
                return Way(INPLACE)
            return scene.copy("the CHECK is checked for every row", table)
    return Way(scene.index_work, builds="the index of the unique constraint is built")


def drop(operation: ops.DropConstraint, scene: Scene) -> Effects:
    table = scene.table(operation.table)
    known = table.constraint(operation.constraint) if table and operation.constraint else None
    is_key = operation.kind == "primary" or isinstance(known, PrimaryKey)
    if is_key:
        if any(_is_new_key(each, operation.table) for each in scene.statement):
            way = scene.rebuild("the primary key says in which order the rows are kept", table)
        else:
            way = scene.copy("without a primary key the rows are kept in another way", table)
    elif operation.kind == "unique":
        way = Way(scene.index_work)
    else:
        way = AT_ONCE if scene.is_mariadb else Way(INPLACE)
    return scene.altered(operation.table, way)


def _is_new_key(operation: ops.Operation, table: QualifiedName) -> bool:
    is_added = isinstance(operation, ops.AddConstraint) and operation.table == table
    return is_added and isinstance(operation, ops.AddConstraint) and isinstance(operation.constraint, PrimaryKey)
