"""Statements that are known by their kind alone, and what each does: the rest of PostgreSQL's SQL.

Measured on PostgreSQL 12 to 18; lock levels of ALTER TABLE: `AlterTableGetLockLevel` in `commands/tablecmds.c`; those
of storage parameters: `access/common/reloptions.c`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from migrate_guard.dialects.postgresql.effects import definitions, maintenance, rows, table_actions
from migrate_guard.dialects.postgresql.effects.indexes import outside_transaction
from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    ACCESS_SHARE,
    ROW_EXCLUSIVE,
    SHARE_ROW_EXCLUSIVE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.dialects.postgresql.effects.table_actions import (
    TRIGGERS_OF_PARTITIONS_SINCE,
    Effect,
    every,
    first,
    locking,
    owner,
    parameter_mode,
)
from migrate_guard.dialects.postgresql.effects.tables import reading
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects, together
from migrate_guard.model.locks import LockMode
from migrate_guard.model.names import QualifiedName


def raw(operation: ops.RawSql, scene: Scene) -> Effects:
    """What a statement without an operation of its own does; of one that is not known, it depends."""
    effect = _EFFECTS.get(operation.kind)
    if effect is None:
        verb, _, rest = operation.kind.partition(" ")
        if (verb, rest) in _WITHOUT_LOCKS or _begins(operation.kind):
            return NOTHING
        return unknown(f"it is not known what {operation.kind} does", operation.tables)
    return effect(operation, scene)


def unknown(why: str, tables: Iterable[QualifiedName] = ()) -> Effects:
    """The effects of what nobody could read."""
    depends = Answer.depends(why, *tables)
    return Effects(
        open_locks=(why,),
        blocks_reads=depends,
        blocks_writes=depends,
        rewrites=depends,
        scans=depends,
        rebuilds_index=depends,
        transactional=Answer.depends(why),
    )


def _nothing(_: ops.RawSql, __: Scene) -> Effects:
    return NOTHING


# -- other objects


def _create_rule(operation: ops.RawSql, scene: Scene) -> Effects:
    """A rule changes what a query means; its own commands are looked at as they will run."""
    return scene.lock(ACCESS_EXCLUSIVE, *first(operation)) | scene.lock(ROW_EXCLUSIVE, *operation.tables[1:])


def _create_trigger(operation: ops.RawSql, scene: Scene) -> Effects:
    found = NOTHING
    for name in first(operation):
        is_for_rows = "FOR EACH ROW" in operation.options
        found = found | scene.lock(SHARE_ROW_EXCLUSIVE, *(scene.partitions(name) if is_for_rows else (name,)))
    return found | scene.lock(ACCESS_SHARE, *operation.tables[1:])


def _drop_attached(operation: ops.RawSql, scene: Scene) -> Effects:
    """DROP TRIGGER, RULE, POLICY: the table is locked where there is something to drop."""
    kind = operation.kind.partition(" ")[2]
    found = NOTHING
    for name in first(operation):
        known = [scene.schema.attached.get((kind, name, each.name)) for each in operation.objects]
        is_missing = "IF EXISTS" in operation.options and scene.schema.is_closed and not any(known)
        if is_missing:
            continue
        is_for_rows = any(each.is_for_rows for each in known if each)
        found = found | scene.lock(ACCESS_EXCLUSIVE, *(scene.partitions(name) if is_for_rows else (name,)))
    return found


def _alter_trigger(operation: ops.RawSql, scene: Scene) -> Effects:
    found = NOTHING
    for name in first(operation):
        if operation.options & {"DEPENDS ON EXTENSION", "NO DEPENDS ON EXTENSION"}:
            found = found | scene.lock(ACCESS_SHARE, name)
            continue
        known = [scene.schema.attached.get(("TRIGGER", name, each.name)) for each in operation.objects]
        is_shared = scene.version >= TRIGGERS_OF_PARTITIONS_SINCE and any(each.is_for_rows for each in known if each)
        found = found | scene.lock(ACCESS_EXCLUSIVE, *(scene.partitions(name) if is_shared else (name,)))
    return found


def _drop_statistics(operation: ops.RawSql, scene: Scene) -> Effects:
    wanted = {each.name for each in operation.objects}
    known = [each for each in scene.schema.attached.values() if each.kind == "STATISTICS" and each.name in wanted]
    found = scene.lock(SHARE_UPDATE_EXCLUSIVE, *(each.table for each in known))
    if len(known) < len(wanted) and not ("IF EXISTS" in operation.options and scene.schema.is_closed):
        found = found | Effects(open_locks=(f"{SHARE_UPDATE_EXCLUSIVE} on the table of the statistics",))
    return found


def _alter_view(mode: LockMode) -> Effect:
    """ALTER VIEW and ALTER MATERIALIZED VIEW: their names, columns, options."""

    def effect(operation: ops.RawSql, scene: Scene) -> Effects:
        if "IF EXISTS" in operation.options and all(map(scene.is_absent, operation.objects)):
            return NOTHING
        found = NOTHING
        for name in operation.objects:
            is_plain = operation.kind.startswith("ALTER VIEW")
            taken = SHARE_UPDATE_EXCLUSIVE if "SET STATISTICS" in operation.options else mode
            found = found | (Effects(locks={name: taken}) if is_plain else scene.lock(taken, name))
        return found

    return effect


def _alter_sequence(mode: LockMode) -> Effect:
    def effect(operation: ops.RawSql, scene: Scene) -> Effects:
        if "IF EXISTS" in operation.options and all(map(scene.is_absent, operation.objects[:1])):
            return NOTHING
        return scene.lock_sequence(mode, *operation.objects[:1]) | scene.lock(ACCESS_SHARE, *operation.tables)

    return effect


def _alter_index(mode: LockMode) -> Effect:
    def effect(operation: ops.RawSql, scene: Scene) -> Effects:
        return scene.lock_index(mode, *operation.objects[:1])

    return effect


def _set_index_parameters(operation: ops.RawSql, scene: Scene) -> Effects:
    return scene.lock_index(parameter_mode(operation), *operation.objects[:1])


def _attach_index(operation: ops.RawSql, scene: Scene) -> Effects:
    """The index becomes a part of that of the parent."""
    whole, part = (*operation.objects, None, None)[:2]
    found = NOTHING
    if whole is not None:
        found = found | Effects(index_locks={whole: SHARE_UPDATE_EXCLUSIVE})
    if part is not None:
        found = found | scene.lock_index(ACCESS_EXCLUSIVE, part)
    tables = (scene.index_table(each) for each in operation.objects)
    return found | scene.lock(ACCESS_SHARE, *(each.name for each in tables if each))


def _index_tablespace(operation: ops.RawSql, scene: Scene) -> Effects:
    """The index is copied block by block, as a table is (`ATExecSetTableSpace` in `commands/tablecmds.c`)."""
    index = operation.objects[:1]
    found = scene.lock_index(ACCESS_EXCLUSIVE, *index)
    tables = [table.name if (table := scene.index_table(each)) else each for each in index]
    why = "the index is copied block by block into the other tablespace"
    return found | Effects(rebuilds_index=Answer.yes(why, *tables))


def _comment(mode: LockMode) -> Effect:
    def effect(operation: ops.RawSql, scene: Scene) -> Effects:
        if "DOMAIN" in operation.options:
            return NOTHING
        named = Effects(locks=dict.fromkeys(operation.objects, mode))
        return scene.lock(mode, *operation.tables) | (named if operation.kind not in _ATTACHED_COMMENTS else NOTHING)

    return effect


_ATTACHED_COMMENTS: Final = frozenset(f"COMMENT ON {each}" for each in ("TRIGGER", "RULE", "POLICY", "CONSTRAINT"))


def _comment_on_index(operation: ops.RawSql, _: Scene) -> Effects:
    return Effects(index_locks=dict.fromkeys(operation.objects, SHARE_UPDATE_EXCLUSIVE))


_GRANT_LOCKS_SINCE: Final = 18


def _privileges(operation: ops.RawSql, scene: Scene) -> Effects:
    """From 18 on GRANT and REVOKE lock what they are about against being dropped."""
    if scene.version < _GRANT_LOCKS_SINCE:
        return NOTHING
    return scene.lock(ACCESS_SHARE, *operation.tables) | scene.lock_sequence(ACCESS_SHARE, *operation.objects)


def _alter_publication(operation: ops.RawSql, scene: Scene) -> Effects:
    names = [each for name in operation.tables for each in _heirs(name, operation, scene)]
    return scene.lock(SHARE_UPDATE_EXCLUSIVE, *names)


def _heirs(name: QualifiedName, operation: ops.RawSql, scene: Scene) -> tuple[QualifiedName, ...]:
    is_alone = "ONLY" in operation.options or scene.is_partitioned(name)
    return (name,) if is_alone else scene.family(name)


def _subscription(operation: ops.RawSql, _: Scene) -> Effects:
    if operation.kind == "CREATE SUBSCRIPTION" and operation.options & {"CONNECT = FALSE", "CREATE_SLOT = FALSE"}:
        return NOTHING
    if operation.kind == "ALTER SUBSCRIPTION" and "REFRESH" not in operation.options:
        return NOTHING
    return outside_transaction(f"{operation.kind} with a replication slot is refused in a transaction block")


def _apart(operation: ops.RawSql, _: Scene) -> Effects:
    return outside_transaction(f"{operation.kind} is refused in a transaction block")


def _alter_database(operation: ops.RawSql, scene: Scene) -> Effects:
    return _apart(operation, scene) if "SET TABLESPACE" in operation.options else NOTHING


def _temporary(operation: ops.RawSql, scene: Scene) -> Effects:
    if "WITH DATA" in operation.options:
        return reading(operation.objects, "the query reads every row", scene)
    return scene.lock(ACCESS_SHARE, *operation.objects)


def _merge(operation: ops.RawSql, scene: Scene) -> Effects:
    target, sources = first(operation), operation.tables[1:]
    read = reading(sources, "the source is read", scene)
    return scene.lock(ROW_EXCLUSIVE, *(each for name in target for each in scene.family(name))) | read


def _copy(operation: ops.RawSql, scene: Scene) -> Effects:
    if "FROM" not in operation.options:
        return reading(operation.tables, "every row is copied", scene)
    return together(rows.insert(ops.Insert(span=operation.span, table=each), scene) for each in operation.tables)


def _do(operation: ops.RawSql, _: Scene) -> Effects:
    return NOTHING if "READ" in operation.options else unknown("the body of the DO is not read", operation.tables)


def _prepared(operation: ops.RawSql, scene: Scene) -> Effects:
    """A query that is planned and not run."""
    found = scene.lock(ACCESS_SHARE, *scene.read_by(operation.tables))
    return found if "PLANNED" in operation.options else found | unknown(f"what {operation.kind} runs is not read")


_VIEW_ACTIONS: Final = (
    *("RENAME TO", "RENAME COLUMN", "SET SCHEMA", "OWNER TO", "SET", "RESET", "ALTER COLUMN", "ALTER"),
    *("SET DEFAULT", "DROP DEFAULT", "DEPENDS ON EXTENSION"),
)


_EFFECTS: Final[Mapping[str, Effect]] = {
    **table_actions.EFFECTS,
    "ALTER FOREIGN TABLE": every(ACCESS_EXCLUSIVE),
    "DROP FOREIGN TABLE": every(ACCESS_EXCLUSIVE),
    "CREATE FOREIGN TABLE": _nothing,
    "CREATE TEMPORARY TABLE": _temporary,
    "CREATE TEMPORARY VIEW": _temporary,
    "CREATE TEMPORARY SEQUENCE": _nothing,
    **{f"ALTER VIEW {each}": _alter_view(ACCESS_EXCLUSIVE) for each in _VIEW_ACTIONS},
    **{f"ALTER MATERIALIZED VIEW {each}": _alter_view(ACCESS_EXCLUSIVE) for each in _VIEW_ACTIONS},
    "ALTER MATERIALIZED VIEW SET": _alter_view(SHARE_UPDATE_EXCLUSIVE),
    "ALTER MATERIALIZED VIEW RESET": _alter_view(SHARE_UPDATE_EXCLUSIVE),
    "ALTER MATERIALIZED VIEW CLUSTER ON": _alter_view(SHARE_UPDATE_EXCLUSIVE),
    "ALTER MATERIALIZED VIEW OWNER TO": owner,
    "ALTER SEQUENCE": _alter_sequence(SHARE_ROW_EXCLUSIVE),
    "ALTER SEQUENCE OWNED BY": _alter_sequence(SHARE_ROW_EXCLUSIVE),
    **{
        f"ALTER SEQUENCE {each}": _alter_sequence(ACCESS_EXCLUSIVE)
        for each in ("RENAME TO", "SET SCHEMA", "OWNER TO", "SET")
    },
    "ALTER INDEX SET": _set_index_parameters,
    "ALTER INDEX RESET": _set_index_parameters,
    "ALTER INDEX SET TABLESPACE": _index_tablespace,
    "ALTER INDEX ATTACH PARTITION": _attach_index,
    "ALTER INDEX ALTER COLUMN": _alter_index(SHARE_UPDATE_EXCLUSIVE),
    "ALTER INDEX ALTER": _alter_index(SHARE_UPDATE_EXCLUSIVE),
    "ALTER INDEX DEPENDS ON EXTENSION": _alter_index(ACCESS_EXCLUSIVE),
    "ALTER INDEX NO DEPENDS ON EXTENSION": _alter_index(ACCESS_EXCLUSIVE),
    "CREATE TRIGGER": _create_trigger,
    "CREATE RULE": _create_rule,
    "ALTER RULE": locking(ACCESS_EXCLUSIVE),
    "ALTER TRIGGER": _alter_trigger,
    **{f"{verb} POLICY": locking(ACCESS_EXCLUSIVE) for verb in ("CREATE", "ALTER")},
    **{f"DROP {kind}": _drop_attached for kind in ("TRIGGER", "RULE", "POLICY")},
    "CREATE STATISTICS": every(SHARE_UPDATE_EXCLUSIVE),
    "DROP STATISTICS": _drop_statistics,
    **{
        f"COMMENT ON {kind}": _comment(SHARE_UPDATE_EXCLUSIVE)
        for kind in ("TABLE", "FOREIGN TABLE", "VIEW", "SEQUENCE")
    },
    "COMMENT ON MATERIALIZED VIEW": _comment(SHARE_UPDATE_EXCLUSIVE),
    "COMMENT ON INDEX": _comment_on_index,
    **{kind: _comment(ACCESS_SHARE) for kind in _ATTACHED_COMMENTS},
    "GRANT": _privileges,
    "REVOKE": _privileges,
    "CREATE PUBLICATION": _alter_publication,
    "ALTER PUBLICATION": _alter_publication,
    **{f"{verb} SUBSCRIPTION": _subscription for verb in ("CREATE", "ALTER", "DROP")},
    **{f"{verb} {kind}": _apart for verb in ("CREATE", "DROP") for kind in ("DATABASE", "TABLESPACE")},
    "ALTER DATABASE": _alter_database,
    "ALTER SYSTEM": _apart,
    "DISCARD": _apart,
    "MERGE": _merge,
    "COPY": _copy,
    "SELECT": rows.query,
    "VALUES": rows.query,
    "DO": _do,
    **dict.fromkeys(("PREPARE", "EXPLAIN"), _prepared),
    **definitions.EFFECTS,
    **maintenance.EFFECTS,
}

_DEFINED_OBJECTS: Final = (
    *("ACCESS METHOD", "AGGREGATE", "CAST", "COLLATION", "CONVERSION", "DEFAULT PRIVILEGES", "DOMAIN", "EVENT TRIGGER"),
    *("EXTENSION", "FOREIGN DATA WRAPPER", "FUNCTION", "GROUP", "LANGUAGE", "LARGE OBJECT", "OPERATOR CLASS"),
    *("OPERATOR FAMILY", "OPERATOR", "PROCEDURE", "PUBLICATION", "ROLE", "ROUTINE", "SCHEMA", "SERVER", "STATISTICS"),
    *("TABLESPACE", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER", "DATABASE"),
    *("TEXT SEARCH TEMPLATE", "TRANSFORM", "TYPE", "USER MAPPING", "USER", "SUBSCRIPTION", "OWNED BY"),
)
_WITHOUT_LOCKS: Final = frozenset(
    (verb, kind) for verb in ("CREATE", "ALTER", "DROP") for kind in _DEFINED_OBJECTS
) | frozenset(("COMMENT", f"ON {kind}") for kind in _DEFINED_OBJECTS)
"""Statements about objects that are no relations: they lock no table (pg_locks, measured)."""
_QUIET: Final = (
    *("ALTER TYPE OWNER TO", "ALTER TYPE SET", "ALTER DOMAIN"),
    *(
        "BEGIN",
        "START TRANSACTION",
        "COMMIT",
        "END",
        "ROLLBACK",
        "ABORT",
        "SAVEPOINT",
        "RELEASE",
        "DEALLOCATE",
        "CLOSE",
    ),
    *("LISTEN", "NOTIFY", "UNLISTEN", "LOAD", "CHECKPOINT", "SHOW", "SET "),
)


def _begins(kind: str) -> bool:
    return any(kind == each.strip() or kind.startswith(f"{each.strip()} ") for each in _QUIET)
