"""Statements that are known by their kind alone, and what each does: the rest of PostgreSQL's SQL.

Measured on PostgreSQL 12 to 18; lock levels of ALTER TABLE: `AlterTableGetLockLevel` in `commands/tablecmds.c`; those
of storage parameters: `access/common/reloptions.c`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from migrate_guard.dialects.postgresql.effects import definitions, maintenance, rows
from migrate_guard.dialects.postgresql.effects.indexes import outside_transaction
from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_EXCLUSIVE,
    ACCESS_SHARE,
    ROW_EXCLUSIVE,
    SHARE,
    SHARE_ROW_EXCLUSIVE,
    SHARE_UPDATE_EXCLUSIVE,
    Scene,
)
from migrate_guard.dialects.postgresql.effects.tables import reading
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects, together
from migrate_guard.model.locks import LockMode
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import ForeignKey

Effect = Callable[[ops.RawSql, Scene], Effects]


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


def _first(operation: ops.RawSql) -> tuple[QualifiedName, ...]:
    return operation.tables[:1]


def _table(mode: LockMode, *, family: bool = False) -> Effect:
    """ALTER TABLE with an action that does nothing but lock, possibly the partitions and heirs as well."""

    def effect(operation: ops.RawSql, scene: Scene) -> Effects:
        return together(
            scene.lock(mode, *scene.family(each, only=not family or "ONLY" in operation.options))
            for each in _first(operation)
        )

    return effect


def _every(mode: LockMode) -> Effect:
    return lambda operation, scene: scene.lock(mode, *operation.tables)


def _nothing(_: ops.RawSql, __: Scene) -> Effects:
    return NOTHING


# -- ALTER TABLE

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
    return scene.lock(parameter_mode(operation), *_first(operation))


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


def _owner(operation: ops.RawSql, scene: Scene) -> Effects:
    """The owner of a table is that of its indexes and sequences, too."""
    found = NOTHING
    for name in (*_first(operation), *operation.objects):
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


_TRIGGERS_OF_PARTITIONS_SINCE: Final = 15


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
    has_keys = has_keys and scene.version >= _TRIGGERS_OF_PARTITIONS_SINCE
    if has_keys or any(each.is_for_rows for each in triggers):
        return found | scene.lock(SHARE_ROW_EXCLUSIVE, *scene.family(name))
    return found


def _inherit(operation: ops.RawSql, scene: Scene) -> Effects:
    return scene.lock(ACCESS_EXCLUSIVE, *_first(operation)) | scene.lock(SHARE_UPDATE_EXCLUSIVE, *operation.tables[1:])


def _no_inherit(operation: ops.RawSql, scene: Scene) -> Effects:
    return scene.lock(ACCESS_EXCLUSIVE, *_first(operation)) | scene.lock(ACCESS_SHARE, *operation.tables[1:])


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
        return scene.lock(SHARE_UPDATE_EXCLUSIVE, *_first(operation))
    return _set_generated(operation, scene)


def _has_parameters(operation: ops.RawSql) -> bool:
    return bool(operation.options & {"n_distinct", "n_distinct_inherited"})


# -- other objects


def _create_rule(operation: ops.RawSql, scene: Scene) -> Effects:
    """A rule changes what a query means; its own commands are looked at as they will run."""
    return scene.lock(ACCESS_EXCLUSIVE, *_first(operation)) | scene.lock(ROW_EXCLUSIVE, *operation.tables[1:])


def _create_trigger(operation: ops.RawSql, scene: Scene) -> Effects:
    found = NOTHING
    for name in _first(operation):
        is_for_rows = "FOR EACH ROW" in operation.options
        found = found | scene.lock(SHARE_ROW_EXCLUSIVE, *(scene.partitions(name) if is_for_rows else (name,)))
    return found | scene.lock(ACCESS_SHARE, *operation.tables[1:])


def _drop_attached(operation: ops.RawSql, scene: Scene) -> Effects:
    """DROP TRIGGER, RULE, POLICY: the table is locked where there is something to drop."""
    kind = operation.kind.partition(" ")[2]
    found = NOTHING
    for name in _first(operation):
        known = [scene.schema.attached.get((kind, name, each.name)) for each in operation.objects]
        is_missing = "IF EXISTS" in operation.options and scene.schema.is_closed and not any(known)
        if is_missing:
            continue
        is_for_rows = any(each.is_for_rows for each in known if each)
        found = found | scene.lock(ACCESS_EXCLUSIVE, *(scene.partitions(name) if is_for_rows else (name,)))
    return found


def _alter_trigger(operation: ops.RawSql, scene: Scene) -> Effects:
    found = NOTHING
    for name in _first(operation):
        if operation.options & {"DEPENDS ON EXTENSION", "NO DEPENDS ON EXTENSION"}:
            found = found | scene.lock(ACCESS_SHARE, name)
            continue
        known = [scene.schema.attached.get(("TRIGGER", name, each.name)) for each in operation.objects]
        is_shared = scene.version >= _TRIGGERS_OF_PARTITIONS_SINCE and any(each.is_for_rows for each in known if each)
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
        if "IF EXISTS" in operation.options and all(map(scene.is_absent, operation.objects)):
            return NOTHING
        return scene.lock_sequence(mode, *operation.objects) | scene.lock(ACCESS_SHARE, *operation.tables)

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
    found = scene.lock_index(ACCESS_EXCLUSIVE, *operation.objects[:1])
    return found | Effects(notes=("the index is copied block by block into the other tablespace",))


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
    target, sources = _first(operation), operation.tables[1:]
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


_TABLE_ACTIONS: Final[Mapping[str, Effect]] = {
    "ALTER COLUMN SET STATISTICS": _table(SHARE_UPDATE_EXCLUSIVE, family=True),
    "ALTER COLUMN SET STORAGE": _table(ACCESS_EXCLUSIVE, family=True),
    "ALTER COLUMN SET COMPRESSION": _table(ACCESS_EXCLUSIVE),
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
    "SET WITHOUT OIDS": _table(ACCESS_EXCLUSIVE),
    "SET WITHOUT CLUSTER": _table(SHARE_UPDATE_EXCLUSIVE),
    "CLUSTER ON": _cluster_on,
    "OWNER TO": _owner,
    "REPLICA IDENTITY": _replica_identity,
    "ALTER CONSTRAINT": _alter_constraint,
    "INHERIT": _inherit,
    "NO INHERIT": _no_inherit,
    **dict.fromkeys(("OF", "NOT OF"), _table(ACCESS_EXCLUSIVE)),
    **{f"{verb} ROW LEVEL SECURITY": _table(ACCESS_EXCLUSIVE) for verb in ("ENABLE", "DISABLE", "FORCE", "NO FORCE")},
    **{f"{verb} RULE": _table(ACCESS_EXCLUSIVE) for verb in ("ENABLE", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")},
    **{f"{verb} TRIGGER": _switch_trigger for verb in ("ENABLE", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")},
}
_VIEW_ACTIONS: Final = (
    *("RENAME TO", "RENAME COLUMN", "SET SCHEMA", "OWNER TO", "SET", "RESET", "ALTER COLUMN", "ALTER"),
    *("SET DEFAULT", "DROP DEFAULT", "DEPENDS ON EXTENSION"),
)


def _unless_missing(effect: Effect) -> Effect:
    """ALTER TABLE IF EXISTS of a table that is known not to be there does nothing."""

    def checked(operation: ops.RawSql, scene: Scene) -> Effects:
        is_missing = "IF EXISTS" in operation.options and all(map(scene.is_absent, operation.tables[:1]))
        if is_missing or not operation.tables:
            return NOTHING
        name = operation.tables[0]
        if scene.table(name) is None and scene.view(name) is None and scene.index_table(name) is not None:
            return scene.lock_index(effect(operation, scene).locks.get(name, ACCESS_EXCLUSIVE), name)
        return effect(operation, scene)

    return checked


_EFFECTS: Final[Mapping[str, Effect]] = {
    **{f"ALTER TABLE {kind}": _unless_missing(effect) for kind, effect in _TABLE_ACTIONS.items()},
    "ALTER FOREIGN TABLE": _every(ACCESS_EXCLUSIVE),
    "DROP FOREIGN TABLE": _every(ACCESS_EXCLUSIVE),
    "CREATE FOREIGN TABLE": _nothing,
    "CREATE TEMPORARY TABLE": _temporary,
    "CREATE TEMPORARY VIEW": _temporary,
    "CREATE TEMPORARY SEQUENCE": _nothing,
    **{f"ALTER VIEW {each}": _alter_view(ACCESS_EXCLUSIVE) for each in _VIEW_ACTIONS},
    **{f"ALTER MATERIALIZED VIEW {each}": _alter_view(ACCESS_EXCLUSIVE) for each in _VIEW_ACTIONS},
    "ALTER MATERIALIZED VIEW SET": _alter_view(SHARE_UPDATE_EXCLUSIVE),
    "ALTER MATERIALIZED VIEW RESET": _alter_view(SHARE_UPDATE_EXCLUSIVE),
    "ALTER MATERIALIZED VIEW CLUSTER ON": _alter_view(SHARE_UPDATE_EXCLUSIVE),
    "ALTER MATERIALIZED VIEW OWNER TO": _owner,
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
    "ALTER RULE": _table(ACCESS_EXCLUSIVE),
    "ALTER TRIGGER": _alter_trigger,
    **{f"{verb} POLICY": _table(ACCESS_EXCLUSIVE) for verb in ("CREATE", "ALTER")},
    **{f"DROP {kind}": _drop_attached for kind in ("TRIGGER", "RULE", "POLICY")},
    "CREATE STATISTICS": _every(SHARE_UPDATE_EXCLUSIVE),
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
