"""VACUUM, ANALYZE, CLUSTER, REINDEX, REFRESH, TRUNCATE and LOCK.

Sources: `commands/vacuum.c`, `commands/cluster.c`, `commands/indexcmds.c`, `commands/matview.c`, `commands/lockcmds.c`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migrate_guard.dialects.postgresql.effects.indexes import OUTSIDE_TRANSACTION, outside_transaction
from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    ACCESS_SHARE,
    EXCLUSIVE,
    SHARE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.dialects.postgresql.effects.tables import reading
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, NOTHING, Answer, Effects
from migrate_guard.model.locks import LockMode
from migrate_guard.model.names import QualifiedName

_OF_PARTITIONS_SINCE: Final = 14
"""From 14 on REINDEX works on partitioned tables, outside of a transaction; before it did nothing to them."""
_ANALYZES_HEIRS_SINCE: Final = 18


def _everything(scene: Scene) -> tuple[QualifiedName, ...]:
    views = (name for name, view in scene.schema.views.items() if view.is_materialized)
    return tuple(dict.fromkeys((*scene.schema.tables, *views)))


def _vacuum(operation: ops.RawSql, scene: Scene) -> Effects:
    apart = outside_transaction(f"{operation.kind} is refused in a transaction block")
    named = operation.tables or _everything(scene)
    names = tuple(each for name in named for each in scene.partitions(name))
    if operation.kind == "VACUUM":
        return scene.lock(SHARE_UPDATE_EXCLUSIVE, *names) | apart
    why = "VACUUM FULL writes the table anew"
    found = scene.lock(ACCESS_EXCLUSIVE, *names) | scene.rewriting(why, *scene.stored(names)) | apart
    if operation.tables:
        return found
    return found | Effects(open_locks=(f"{ACCESS_EXCLUSIVE} on every table of the database",), rewrites=Answer.yes(why))


def _analyze(operation: ops.RawSql, scene: Scene) -> Effects:
    """A sample of the rows is read, not all of them."""
    found = NOTHING
    for name in operation.tables or _everything(scene):
        parts = scene.family(name)[1:]
        is_shared = scene.is_partitioned(name) or scene.version >= _ANALYZES_HEIRS_SINCE
        is_shared = is_shared and "ONLY" not in operation.options
        found = found | scene.lock(SHARE_UPDATE_EXCLUSIVE, name)
        found = found | scene.lock(SHARE_UPDATE_EXCLUSIVE if is_shared else ACCESS_SHARE, *parts)
    return found


def _cluster(operation: ops.RawSql, scene: Scene) -> Effects:
    names = tuple(each for name in operation.tables for each in scene.partitions(name))
    found = scene.lock(ACCESS_EXCLUSIVE, *names)
    found = found | scene.rewriting("CLUSTER writes the table anew", *scene.stored(names))
    if not operation.tables:
        apart = outside_transaction("CLUSTER of all tables is refused in a transaction block")
        return apart | Effects(open_locks=("every table that has been clustered before",))
    if any(map(scene.is_partitioned, operation.tables)):
        return found | outside_transaction("CLUSTER of a partitioned table is refused in a transaction block")
    return found


def _reindex(operation: ops.RawSql, scene: Scene) -> Effects:
    words = operation.kind.split()
    concurrently = words[-1] == "CONCURRENTLY"
    mode = SHARE_UPDATE_EXCLUSIVE if concurrently else SHARE
    apart = outside_transaction(OUTSIDE_TRANSACTION) if concurrently else NOTHING
    thing = words[1] if len(words) > 1 else ""
    if thing == "INDEX":
        return _reindex_index(operation, mode, scene) | apart
    if thing == "TABLE":
        found = NOTHING
        for name in operation.tables:
            found = found | _reindex_table(name, mode, scene)
        return found | apart
    schemas = {None if each.name == "public" else each.name for each in operation.objects}
    names = [each for each in _everything(scene) if not schemas or each.schema in schemas]
    found = NOTHING
    for name in scene.stored(names):
        if scene.indexes_of(name):
            found = found | _rebuilt(name, scene.indexes_of(name), mode, scene)
    return found | outside_transaction(f"{operation.kind} is refused in a transaction block")


def _reindex_index(operation: ops.RawSql, mode: LockMode, scene: Scene) -> Effects:
    found = NOTHING
    for index in operation.objects:
        table = scene.index_table(index)
        if table is None:
            why = f"the index {index} is built anew"
            found = found | scene.lock_index(ACCESS_EXCLUSIVE if mode is SHARE else mode, index)
            found = found | Effects(
                open_locks=(f"{mode} on the table of {index}",),
                rebuilds_index=Answer.yes(why),
                scans=Answer.yes(why),
            )
        elif scene.is_partitioned(table.name):
            found = found | _reindex_table(table.name, mode, scene)
        else:
            found = found | _rebuilt(table.name, (index,), mode, scene)
    return found


def _reindex_table(name: QualifiedName, mode: LockMode, scene: Scene) -> Effects:
    if not scene.is_partitioned(name):
        return _rebuilt(name, scene.indexes_of(name), mode, scene)
    if scene.version < _OF_PARTITIONS_SINCE:
        return scene.lock(mode, name) if mode is SHARE else NOTHING
    found = scene.lock(mode, name)
    for part in scene.stored(scene.partitions(name)):
        # each partition is locked against writers first, CONCURRENTLY or not
        locked = scene.lock(SHARE, part)
        found = found | locked | _rebuilt(part, scene.indexes_of(part), mode, scene)
    return found | outside_transaction("REINDEX of a partitioned table is refused in a transaction block")


def _rebuilt(name: QualifiedName, indexes: tuple[QualifiedName, ...], mode: LockMode, scene: Scene) -> Effects:
    """REINDEX blocks readers, too: planning a query has to look at the index that is being built."""
    table = scene.table(name)
    if not indexes and (table is None or table.is_open):
        indexes = (QualifiedName("its indexes"),)
    why = f"the indexes of {name} are built anew" if len(indexes) != 1 else f"the index {indexes[0]} is built anew"
    found = scene.lock(mode, name)
    if mode is SHARE and indexes:
        waits = f"{ACCESS_EXCLUSIVE} on the indexes of {name}, at which planning a query looks"
        is_view = scene.view(name) is not None
        found = found | Effects(
            index_locks=dict.fromkeys(scene.indexes_of(name) if len(indexes) != 1 else indexes, ACCESS_EXCLUSIVE),
            blocks_reads=Answer.yes(waits, name),
            blocks_writes=NO if is_view else Answer.yes(waits, name),
        )
    if not indexes:
        return found
    return found | Effects(rebuilds_index=Answer.yes(why, name), scans=Answer.yes(why, name))


def _refresh(operation: ops.RawSql, scene: Scene) -> Effects:
    view = operation.tables[0]
    known = scene.view(view)
    sources = known.tables if known else ()
    if operation.kind.endswith("CONCURRENTLY"):
        found = Effects(locks={view: EXCLUSIVE})
        return (
            found
            | reading((*sources, view), "the view is computed anew and compared with what it holds", scene)
            | found
        )
    why = "the view is computed anew"
    found = Effects(
        locks={view: ACCESS_EXCLUSIVE},
        blocks_reads=Answer.yes(f"{ACCESS_EXCLUSIVE} on {view}", view),
        rewrites=Answer.yes(why, view),
        rebuilds_index=Answer.yes(why, view) if scene.indexes_of(view) else NO,
    )
    if "WITH NO DATA" in operation.options:
        return found
    found = found | reading(sources, why, scene)
    if known is None:
        depends = Effects(open_locks=(f"{ACCESS_SHARE} on what {view} reads",), scans=Answer.yes(why, view))
        return found | depends
    return found


def _truncate(operation: ops.RawSql, scene: Scene) -> Effects:
    """The table gets an empty file; nothing is read or written."""
    is_only = "ONLY" in operation.options
    names = [each for name in operation.tables for each in scene.family(name, only=is_only)]
    waiting = list(names) if "CASCADE" in operation.options else []
    while waiting:
        for other in scene.schema.referring(waiting.pop()):
            for each in scene.family(other.name):
                if each not in names:
                    names.append(each)
                    waiting.append(each)
    found = scene.lock(ACCESS_EXCLUSIVE, *names)
    if "RESTART IDENTITY" in operation.options:
        tables = (scene.table(each) for each in names)
        found = found | scene.lock_sequence(
            ACCESS_EXCLUSIVE, *(sequence for table in tables if table for sequence in scene.sequences_of(table))
        )
    if scene.version < _OF_PARTITIONS_SINCE:
        parents = (table.partition_of for each in operation.tables if (table := scene.table(each)))
        found = scene.lock(ACCESS_SHARE, *(each for each in parents if each)) | found
    return found


def _lock(operation: ops.RawSql, scene: Scene) -> Effects:
    """LOCK TABLE; of a view, what it reads is locked as well."""
    modes = [mode for each in operation.options if (mode := LockMode.named(each))]
    mode = modes[0] if modes else ACCESS_EXCLUSIVE
    is_only = "ONLY" in operation.options
    read = scene.read_by(operation.tables)
    return scene.lock(mode, *(each for name in read for each in scene.family(name, only=is_only)))


EFFECTS: Final[Mapping[str, Callable[[ops.RawSql, Scene], Effects]]] = {
    "VACUUM": _vacuum,
    "VACUUM FULL": _vacuum,
    "ANALYZE": _analyze,
    "CLUSTER": _cluster,
    "REINDEX": _reindex,
    **{f"REINDEX {thing}": _reindex for thing in ("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")},
    **{f"REINDEX {thing} CONCURRENTLY": _reindex for thing in ("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")},
    "REINDEX CONCURRENTLY": _reindex,
    "REFRESH MATERIALIZED VIEW": _refresh,
    "REFRESH MATERIALIZED VIEW CONCURRENTLY": _refresh,
    "TRUNCATE": _truncate,
    "LOCK TABLE": _lock,
}
