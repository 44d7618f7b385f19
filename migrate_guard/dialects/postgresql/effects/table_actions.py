"""Actions of ALTER TABLE that are known by their kind alone.

Lock levels: `AlterTableGetLockLevel` in PostgreSQL's `commands/tablecmds.c`; those of storage parameters:
`access/common/reloptions.c`; whether partitions are locked as well: measured on PostgreSQL 12 to 18.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    ACCESS_SHARE,
    SHARE,
    SHARE_ROW_EXCLUSIVE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects, together
from migrate_guard.model.locks import LockMode
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import ForeignKey

Effect = Callable[[ops.RawSql, Scene], Effects]


def first(operation: ops.RawSql) -> tuple[QualifiedName, ...]:
    return operation.tables[:1]


def locking(mode: LockMode, *, family: bool = False) -> Effect:
    """ALTER TABLE with an action that does nothing but lock, possibly the partitions and heirs as well."""

    def effect(operation: ops.RawSql, scene: Scene) -> Effects:
        return together(
            scene.lock(mode, *scene.family(each, only=not family or "ONLY" in operation.options))
            for each in first(operation)
        )

    return effect


def every(mode: LockMode) -> Effect:
    return lambda operation, scene: scene.lock(mode, *operation.tables)


_STRONG_PARAMETERS: Final = frozenset(
    {
        "user_catalog_table",
        "security_barrier",
        "security_invoker",
        "check_option",
        "fastupdate",
        "gin_pending_list_limit",
    }
    | {"buffering", "autosummarize", "pages_per_range"}
)
"""Storage parameters that are changed under ACCESS EXCLUSIVE; all others take SHARE UPDATE EXCLUSIVE."""


def parameter_mode(operation: ops.RawSql) -> LockMode:
    is_strong = any(each.rpartition(".")[2] in _STRONG_PARAMETERS for each in operation.options)
    return ACCESS_EXCLUSIVE if is_strong else SHARE_UPDATE_EXCLUSIVE


def _set_parameters(operation: ops.RawSql, scene: Scene) -> Effects:
    return scene.lock(parameter_mode(operation), *first(operation))


def _set_logged(operation: ops.RawSql, scene: Scene) -> Effects:
    """A table that is already as wanted is left alone; a partitioned one has nothing to write."""
    name = operation.tables[0]
    table = scene.table(name)
    found = scene.lock(ACCESS_EXCLUSIVE, name)
    is_unlogged = bool(table and table.is_unlogged)
    if table is not None and is_unlogged == operation.kind.endswith("UNLOGGED") and not table.is_given:
        return found
    return found | scene.rewriting("the table is written anew with or without the log", *scene.stored([name]))


def _set_tablespace(operation: ops.RawSql, scene: Scene) -> Effects:
    name = operation.tables[0]
    found = scene.lock(ACCESS_EXCLUSIVE, name)
    if not scene.stored([name]) or any(each.name == "pg_default" for each in operation.objects):
        return found
    why = "the table is copied block by block into the other tablespace"
    return found | Effects(rewrites=Answer.yes(why, name), scans=Answer.yes(why, name))


def _set_access_method(operation: ops.RawSql, scene: Scene) -> Effects:
    name = operation.tables[0]
    found = scene.lock(ACCESS_EXCLUSIVE, name)
    is_default = "DEFAULT" in operation.options or any(each.name == "heap" for each in operation.objects)
    if is_default or not scene.stored([name]):
        return found
    return found | scene.rewriting("the table is written anew by the other access method", name)


def owner(operation: ops.RawSql, scene: Scene) -> Effects:
    """The owner of a table is that of its indexes and sequences, too."""
    found = NOTHING
    for name in (*first(operation), *operation.objects):
        table = scene.table(name)
        found = found | scene.lock(ACCESS_EXCLUSIVE, name) | scene.lock_index(ACCESS_EXCLUSIVE, *scene.indexes_of(name))
        found = found | scene.lock_sequence(ACCESS_EXCLUSIVE, *(scene.sequences_of(table) if table else ()))
    return found


def _replica_identity(operation: ops.RawSql, scene: Scene) -> Effects:
    name = operation.tables[0]
    indexes = {QualifiedName(each.name, name.schema): SHARE for each in operation.objects}
    return scene.lock(ACCESS_EXCLUSIVE, name) | Effects(index_locks=indexes)


def _cluster_on(operation: ops.RawSql, scene: Scene) -> Effects:
    name = operation.tables[0]
    indexes = {QualifiedName(each.name, name.schema): SHARE_UPDATE_EXCLUSIVE for each in operation.objects}
    return scene.lock(SHARE_UPDATE_EXCLUSIVE, name) | Effects(index_locks=indexes)


def _alter_constraint(operation: ops.RawSql, scene: Scene) -> Effects:
    """A foreign key that nobody enforces any longer loses its triggers, one that is enforced again is checked."""
    name = operation.tables[0]
    found = scene.lock(ACCESS_EXCLUSIVE, name)
    key = scene.constraint(name, operation.objects[0].name) if operation.objects else None
    if not isinstance(key, ForeignKey):
        return found
    found = found | scene.lock(ACCESS_EXCLUSIVE, *scene.partitions(name))
    parents = scene.partitions(key.referred_table)
    if "NOT ENFORCED" in operation.options:
        return found | scene.lock(ACCESS_EXCLUSIVE, *parents)
    if "ENFORCED" in operation.options and key.not_enforced:
        why = "the foreign key is checked for every row"
        return found | scene.lock(SHARE_ROW_EXCLUSIVE, *parents) | scene.scanning(why, *scene.stored([name]), *parents)
    return found


TRIGGERS_OF_PARTITIONS_SINCE: Final = 15


def _switch_trigger(operation: ops.RawSql, scene: Scene) -> Effects:
    """ENABLE and DISABLE TRIGGER: partitions have the triggers for rows as well, those of foreign keys among them."""
    name = operation.tables[0]
    found = scene.lock(SHARE_ROW_EXCLUSIVE, name)
    if "ONLY" in operation.options or not scene.is_partitioned(name):
        return found
    triggers = [each for (kind, table, _), each in scene.schema.attached.items() if (kind, table) == ("TRIGGER", name)]
    if operation.objects:
        triggers = [each for each in triggers if each.name == operation.objects[0].name]
    table = scene.table(name)
    has_keys = "ALL" in operation.options and bool(table and table.foreign_keys)
    has_keys = has_keys and scene.version >= TRIGGERS_OF_PARTITIONS_SINCE
    if has_keys or any(each.is_for_rows for each in triggers):
        return found | scene.lock(SHARE_ROW_EXCLUSIVE, *scene.family(name))
    return found


def _inherit(operation: ops.RawSql, scene: Scene) -> Effects:
    return scene.lock(ACCESS_EXCLUSIVE, *first(operation)) | scene.lock(SHARE_UPDATE_EXCLUSIVE, *operation.tables[1:])


def _no_inherit(operation: ops.RawSql, scene: Scene) -> Effects:
    return scene.lock(ACCESS_EXCLUSIVE, *first(operation)) | scene.lock(ACCESS_SHARE, *operation.tables[1:])


def _set_generated(operation: ops.RawSql, scene: Scene) -> Effects:
    """An identity is altered, and its sequence with it; from 17 on in partitions as well."""
    name = operation.tables[0]
    is_shared = scene.version >= 17 and scene.is_partitioned(name)
    found = scene.lock(ACCESS_EXCLUSIVE, *(scene.family(name) if is_shared else (name,)))
    table = scene.table(name)
    for column in operation.altered if table else ():
        assert table is not None
        found = found | scene.lock_sequence(SHARE_ROW_EXCLUSIVE, *scene.sequences_of(table, column))
    return found


def _set_of_column(operation: ops.RawSql, scene: Scene) -> Effects:
    """SET (n_distinct = …) of a column; SET INCREMENT and the like of its identity."""
    if operation.kind.endswith("RESET") or _has_parameters(operation):
        return scene.lock(SHARE_UPDATE_EXCLUSIVE, *first(operation))
    return _set_generated(operation, scene)


def _has_parameters(operation: ops.RawSql) -> bool:
    return bool(operation.options & {"n_distinct", "n_distinct_inherited"})


_TABLE_ACTIONS: Final[Mapping[str, Effect]] = {
    "ALTER COLUMN SET STATISTICS": locking(SHARE_UPDATE_EXCLUSIVE, family=True),
    "ALTER COLUMN SET STORAGE": locking(ACCESS_EXCLUSIVE, family=True),
    "ALTER COLUMN SET COMPRESSION": locking(ACCESS_EXCLUSIVE),
    "ALTER COLUMN SET GENERATED": _set_generated,
    "ALTER COLUMN RESTART": _set_generated,
    "ALTER COLUMN SET": _set_of_column,
    "ALTER COLUMN RESET": _set_of_column,
    "SET": _set_parameters,
    "RESET": _set_parameters,
    "SET LOGGED": _set_logged,
    "SET UNLOGGED": _set_logged,
    "SET TABLESPACE": _set_tablespace,
    "SET ACCESS METHOD": _set_access_method,
    "SET WITHOUT OIDS": locking(ACCESS_EXCLUSIVE),
    "SET WITHOUT CLUSTER": locking(SHARE_UPDATE_EXCLUSIVE),
    "CLUSTER ON": _cluster_on,
    "OWNER TO": owner,
    "REPLICA IDENTITY": _replica_identity,
    "ALTER CONSTRAINT": _alter_constraint,
    "INHERIT": _inherit,
    "NO INHERIT": _no_inherit,
    **dict.fromkeys(("OF", "NOT OF"), locking(ACCESS_EXCLUSIVE)),
    **{f"{verb} ROW LEVEL SECURITY": locking(ACCESS_EXCLUSIVE) for verb in ("ENABLE", "DISABLE", "FORCE", "NO FORCE")},
    **{f"{verb} RULE": locking(ACCESS_EXCLUSIVE) for verb in ("ENABLE", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")},
    **{f"{verb} TRIGGER": _switch_trigger for verb in ("ENABLE", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")},
}


def _unless_missing(effect: Effect) -> Effect:
    """ALTER TABLE IF EXISTS of a table that is known not to be there does nothing."""

    def checked(operation: ops.RawSql, scene: Scene) -> Effects:
        is_missing = "IF EXISTS" in operation.options and all(map(scene.is_absent, operation.tables[:1]))
        if is_missing or not operation.tables:
            return NOTHING
        name = operation.tables[0]
        if scene.table(name) is None and scene.view(name) is None and scene.index_table(name) is not None:
            return scene.lock_index(LockMode(effect(operation, scene).locks.get(name, ACCESS_EXCLUSIVE)), name)
        return effect(operation, scene)

    return checked


EFFECTS: Final[Mapping[str, Effect]] = {
    f"ALTER TABLE {kind}": _unless_missing(effect) for kind, effect in _TABLE_ACTIONS.items()
}
