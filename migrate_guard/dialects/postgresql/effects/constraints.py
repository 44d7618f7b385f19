"""Constraints: added, dropped, renamed, validated.

Sources: as for columns; foreign keys: `ATAddForeignKeyConstraint` and `ATExecDropConstraint` in `commands/tablecmds.c`.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    ROW_SHARE,
    SHARE,
    SHARE_ROW_EXCLUSIVE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Effects
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ForeignKey,
    PrimaryKey,
    Table,
    UniqueConstraint,
)

_FAMILY_LOCKED_SINCE = 18
"""From 18 on ADD CONSTRAINT locks partitions and heirs first, whatever the constraint does to them."""
_TAKEN_OVER_SINCE = 18
"""From 18 on a foreign key of a partitioned table takes over NOT VALID ones of its partitions, and validates them."""


def checks_of(table: Table, scene: Scene) -> Iterator[CheckConstraint]:
    """The CHECKs that hold for a table, those of its parents among them, without those that the statement drops."""
    dropped = scene.dropped(table.name)
    yield from (each for each in table.check_constraints if each.name is None or each.name not in dropped)
    for name in (table.partition_of, *table.inherits):
        parent = scene.table(name) if name and name != table.name else None
        if parent is not None:
            yield from (each for each in checks_of(parent, scene) if not each.no_inherit)


def is_proven(name: QualifiedName, column: str, scene: Scene) -> bool:
    """Whether PostgreSQL knows without looking that a column holds no NULL (`NotNullImpliedByRelConstraints`)."""
    table = scene.table(name)
    if table is None:
        return False
    own = table.column(column)
    if own is not None and own.nullable is False and own.unproven_not_null is None:
        return True
    return any(
        column in check.expression.proves_not_null
        for check in checks_of(table, scene)
        if not check.not_valid and not check.not_enforced
    )


def add(operation: ops.AddConstraint, scene: Scene) -> Effects:
    match operation.constraint:
        case ForeignKey() as key:
            return _add_foreign_key(operation, key, scene)
        case CheckConstraint() as check:
            return _add_check(operation, check, scene)
    return _add_key(operation, scene)


def _whole(operation: ops.AddConstraint, scene: Scene) -> tuple[QualifiedName, ...]:
    """The tables that ADD CONSTRAINT locks, where the constraint itself is about one table alone."""
    is_family = scene.version >= _FAMILY_LOCKED_SINCE and not operation.only
    return scene.family(operation.table) if is_family else (operation.table,)


def _add_foreign_key(operation: ops.AddConstraint, key: ForeignKey, scene: Scene) -> Effects:
    name, parent = operation.table, key.referred_table
    names = scene.partitions(name) if scene.is_partitioned(name) else _whole(operation, scene)
    found = scene.lock(SHARE_ROW_EXCLUSIVE, *names)
    if parent != name:
        found = found | scene.lock(SHARE_ROW_EXCLUSIVE, *scene.partitions(parent))
    if key.not_valid or key.not_enforced:
        return found
    why = f"the foreign key compares every row of {name} with {parent}"
    leaves = scene.stored(scene.partitions(name))
    own = {each: _own_key(each, key, scene) for each in leaves if each != name}
    if any(each and (scene.version >= _TAKEN_OVER_SINCE or not each.not_valid) for each in own.values()):
        # the triggers that the key of the partition has there are dropped
        found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(parent))
    proven = {each for each, equal in own.items() if equal and not equal.not_valid}
    return found | scene.scanning(why, *(each for each in leaves if each not in proven))


def _own_key(name: QualifiedName, key: ForeignKey, scene: Scene) -> ForeignKey | None:
    """The foreign key of a partition that becomes a part of the one of its parent, as it says the same.

    `tryAttachPartitionForeignKey` in `commands/tablecmds.c`; before 18 one that is NOT VALID stays by itself.
    """
    partition = scene.table(name)
    keys = partition.foreign_keys if partition else ()
    return next((each for each in keys if _definition(each, scene) == _definition(key, scene)), None)


def _definition(key: ForeignKey, scene: Scene) -> tuple[object, ...]:
    parent = scene.table(key.referred_table)
    primary = parent.primary_key.columns if parent and parent.primary_key else ()
    deferral = (key.deferrable, key.initially_deferred)
    columns = (key.columns, key.referred_columns or primary)
    return (key.referred_table, *columns, key.ondelete, key.onupdate, *deferral, key.not_enforced)


def _add_check(operation: ops.AddConstraint, check: CheckConstraint, scene: Scene) -> Effects:
    inherited = scene.family(operation.table, only=operation.only or check.no_inherit)
    found = scene.lock(ACCESS_EXCLUSIVE, *inherited, *_whole(operation, scene))
    if check.not_valid or check.not_enforced:
        return found
    return found | scene.scanning("the CHECK is checked for every row", *scene.stored(inherited))


def _add_key(operation: ops.AddConstraint, scene: Scene) -> Effects:
    """A primary key, unique or exclusion constraint: an index, built under a lock that nobody gets past."""
    name, constraint = operation.table, operation.constraint
    if operation.using_index is not None:
        return _using_index(operation, operation.using_index, scene)
    found = scene.lock(ACCESS_EXCLUSIVE, *_whole(operation, scene))
    if isinstance(constraint, PrimaryKey):
        found = found | _made_not_null(operation, constraint.columns, scene)
    is_partitioned = scene.is_partitioned(name)
    if operation.only and is_partitioned:
        return found
    parts = scene.partitions(name)
    if is_partitioned:
        found = found | scene.lock(SHARE, *(each for each in parts if each != name))
    return found | scene.building("the constraint needs an index, which is built first", *scene.stored(parts))


def _made_not_null(operation: ops.AddConstraint, columns: tuple[str, ...], scene: Scene) -> Effects:
    """A primary key makes its columns NOT NULL, also in heirs."""
    table = scene.table(operation.table)
    heirs = scene.family(operation.table) if not scene.is_partitioned(operation.table) else (operation.table,)
    found = scene.lock(ACCESS_EXCLUSIVE, *heirs) if not operation.only else NOTHING
    if table is None or table.is_open:
        return found
    unproven = [each for each in scene.stored(heirs) if not all(is_proven(each, column, scene) for column in columns)]
    return found | scene.scanning("every row is checked for NULL", *unproven)


def _using_index(operation: ops.AddConstraint, index: str, scene: Scene) -> Effects:
    name = operation.table
    found = scene.lock(ACCESS_EXCLUSIVE, *_whole(operation, scene))
    found = found | Effects(index_locks={QualifiedName(index, name.schema): SHARE_UPDATE_EXCLUSIVE})
    if not isinstance(operation.constraint, PrimaryKey):
        return found
    table = scene.table(name)
    built = table.index(index) if table else None
    columns = tuple(each for each in built.columns if each) if built else ()
    return found | _made_not_null(operation, columns, scene) if columns else found


def drop(operation: ops.DropConstraint, scene: Scene) -> Effects:
    name = operation.table
    found = scene.lock(ACCESS_EXCLUSIVE, name)
    constraint = scene.constraint(name, operation.constraint)
    match constraint:
        case None:
            return found | _unknown(operation, scene)
        case ForeignKey(referred_table=parent):
            return found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(name), *scene.partitions(parent))
        case CheckConstraint(no_inherit=False):
            return found | scene.lock(ACCESS_EXCLUSIVE, *scene.family(name, only=operation.only))
        case CheckConstraint():
            return found
    return found | _drop_key(operation, constraint, scene)


def _unknown(operation: ops.DropConstraint, scene: Scene) -> Effects:
    table = scene.table(operation.table)
    if operation.kind in (None, "foreignkey") and not (table and table.is_told and operation.if_exists):
        why = f"if {operation.constraint} is a foreign key, the table it refers to is locked too"
        return Effects(open_locks=(why,))
    return NOTHING


def _drop_key(operation: ops.DropConstraint, constraint: AnyConstraint, scene: Scene) -> Effects:
    name = operation.table
    indexes = [QualifiedName(constraint.name, name.schema)] if constraint.name else []
    found = scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(name)) | scene.lock_index(ACCESS_EXCLUSIVE, *indexes)
    if not operation.cascade:
        return found
    for other in scene.schema.referring(name):
        if any(_rests_on(key, name, constraint) for key in other.foreign_keys):
            found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(other.name))
    return found


def _rests_on(key: ForeignKey, table: QualifiedName, constraint: AnyConstraint) -> bool:
    if key.referred_table != table:
        return False
    if not key.referred_columns:
        return isinstance(constraint, PrimaryKey)
    return isinstance(constraint, PrimaryKey | UniqueConstraint) and set(key.referred_columns) == set(
        constraint.columns
    )


def rename(operation: ops.RenameConstraint, scene: Scene) -> Effects:
    name = operation.table
    constraint = scene.constraint(name, operation.constraint)
    is_inherited = isinstance(constraint, CheckConstraint) and not constraint.no_inherit
    found = scene.lock(ACCESS_EXCLUSIVE, *scene.family(name, only=not is_inherited))
    if constraint is None or isinstance(constraint, ForeignKey | CheckConstraint):
        return found
    return found | Effects(index_locks={QualifiedName(operation.constraint, name.schema): SHARE_UPDATE_EXCLUSIVE})


def validate(operation: ops.ValidateConstraint, scene: Scene) -> Effects:
    """VALIDATE CONSTRAINT; one that is valid already costs a lock and nothing else."""
    name = operation.table
    found = scene.lock(SHARE_UPDATE_EXCLUSIVE, name)
    constraint = scene.constraint(name, operation.constraint)
    why = f"{operation.constraint} is checked for every row"
    match constraint:
        case ForeignKey(referred_table=parent, not_valid=True):
            parts, parents = scene.partitions(name), scene.partitions(parent)
            locked = scene.lock(SHARE_UPDATE_EXCLUSIVE, *parts) | scene.lock(ROW_SHARE, *parents)
            return found | locked | scene.scanning(why, *scene.stored(parts), *scene.stored(parents))
        case CheckConstraint(not_valid=True):
            names = scene.family(name, only=operation.only or constraint.no_inherit)
            return found | scene.lock(SHARE_UPDATE_EXCLUSIVE, *names) | scene.scanning(why, *scene.stored(names))
        case None:
            return found | _validate_unknown(operation, why, scene)
    return found


def _validate_unknown(operation: ops.ValidateConstraint, why: str, scene: Scene) -> Effects:
    table = scene.table(operation.table)
    if table and any(each.unproven_not_null == operation.constraint for each in table.columns):
        names = scene.family(operation.table)
        return scene.lock(SHARE_UPDATE_EXCLUSIVE, *names) | scene.scanning(why, *scene.stored(names))
    note = f"if {operation.constraint} is a foreign key, ROW SHARE on the table it refers to"
    stored = scene.stored(scene.family(operation.table))
    return scene.scanning(why, *stored) | Effects(notes=(note,))


def add_not_null(operation: ops.AddNotNull, scene: Scene) -> Effects:
    return scene.lock(ACCESS_EXCLUSIVE, *scene.family(operation.table, only=operation.only))
