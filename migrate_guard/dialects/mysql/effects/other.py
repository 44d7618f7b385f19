"""Tables, rows and what has no operation of its own.

MySQL: table 17.21 "Online DDL Support for Table Operations" of the manual of 8.4, 17.12.1, and 17.12.1 "Partitioning
Operations"; which statements commit: 15.3.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Final

from migrate_guard.dialects.mysql.effects.scene import AT_ONCE, COPY, EXCLUSIVE, INSTANT, SHARED, Scene, Way
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily

COMMITS: Final = Effects(commits=True)


def nothing(_: ops.Operation, __: Scene) -> Effects:
    return NOTHING


def commit(_: ops.Operation, __: Scene) -> Effects:
    return COMMITS


def copied(why: str, names: Sequence[QualifiedName]) -> Effects:
    """Tables that are copied row by row."""
    answer = Answer.yes(why, *names)
    return Effects(
        locks=dict.fromkeys(names, SHARED),
        algorithms=dict.fromkeys(names, COPY),
        blocks_writes=answer,
        rewrites=answer,
        scans=answer,
        commits=True,
    )


def perhaps(operation: ops.Opaque) -> Effects:
    """Something about tables that could not be read."""
    answer = Answer.depends(operation.reason, *operation.tables)
    return Effects(blocks_reads=answer, blocks_writes=answer, rewrites=answer, scans=answer)


# -- tables


def create_table(operation: ops.CreateTable, _: Scene) -> Effects:
    if not (operation.copies_rows and operation.reads):
        return COMMITS
    return Effects(scans=Answer.yes("the rows of the query are copied", *operation.reads), commits=True)


def drop_table(operation: ops.DropTable, _: Scene) -> Effects:
    return _exclusive(operation.table)


def rename_table(operation: ops.RenameTable, scene: Scene) -> Effects:
    return scene.altered(operation.table, Way(INSTANT, EXCLUSIVE))


def _exclusive(*names: QualifiedName) -> Effects:
    why = "nobody else can use the table meanwhile"
    return Effects(
        locks=dict.fromkeys(names, EXCLUSIVE),
        blocks_reads=Answer.yes(why, *names),
        blocks_writes=Answer.yes(why, *names),
        commits=True,
    )


# -- rows


def rows(operation: ops.Update | ops.Delete, _: Scene) -> Effects:
    """Rows that are changed are locked one by one, and those that are read on the way, until the transaction ends.

    MySQL reference manual 8.4, 17.7.3 "Locks Set by Different SQL Statements in InnoDB".
    """
    note = "every row that it reads stays locked until its transaction ends"
    if operation.where is None:
        return Effects(scans=Answer.yes("no WHERE: every row is read", operation.table), notes=(note,))
    return Effects(scans=Answer.depends("an index has to lead to the rows", operation.table), notes=(note,))


# -- the rest


def raw(operation: ops.RawSql, scene: Scene) -> Effects:
    kind = operation.kind.upper()
    if kind.startswith("ALTER TABLE ") and operation.tables:
        return _action(kind.removeprefix("ALTER TABLE "), operation, scene)
    if kind == "COMMENT ON TABLE" and operation.tables:
        return scene.altered(operation.tables[0], AT_ONCE)
    if kind == "OPTIMIZE TABLE":
        why = "the table is written anew"
        found = (scene.altered(each, scene.rebuild(why, scene.table(each))) for each in operation.tables)
        return reduce(lambda one, other: one | other, found, COMMITS)
    if kind in ("TRUNCATE", "TRUNCATE TABLE"):
        return _exclusive(*operation.tables)
    if kind == "LOCK TABLE":
        return _locked(operation)
    return COMMITS if _commits(kind) else NOTHING


_COMMITTING: Final = lazily(
    r"(ALTER|CREATE|DROP|RENAME|GRANT|REVOKE|ANALYZE|CHECK TABLE|REPAIR|FLUSH|RESET|INSTALL|UNINSTALL|BEGIN|START"
    r"|CACHE INDEX|LOAD INDEX|UNLOCK)\b"
)


def _commits(kind: str) -> bool:
    return bool(_COMMITTING.match(kind)) and "TEMPORARY" not in kind


_HELD: Final = lazily(r"\bWRITE\b", re.IGNORECASE)


def _locked(operation: ops.RawSql) -> Effects:
    """LOCK TABLES … WRITE keeps all others out, … READ those that write, until UNLOCK TABLES."""
    why = "LOCK TABLES keeps others out until UNLOCK TABLES"
    is_write = bool(_HELD.search(operation.sql))
    answer = Answer.yes(why, *operation.tables)
    return Effects(
        locks=dict.fromkeys(operation.tables, EXCLUSIVE if is_write else SHARED),
        blocks_reads=answer if is_write else Answer(),
        blocks_writes=answer,
        commits=True,
    )


Find = Callable[[QualifiedName, Scene], Way]


def _rebuilt(why: str) -> Find:
    return lambda name, scene: scene.rebuild(why, scene.table(name))


def _copied(why: str) -> Find:
    return lambda name, scene: scene.copy(why, scene.table(name))


_OPTION: Final = "the option is one of every row: the table is written anew"
_ACTIONS: Final[Mapping[str, Find]] = {
    "CONVERT TO CHARACTER SET": _copied("every text is written anew in the other character set"),
    "ORDER BY": _copied("the rows are written anew in another order"),
    "PARTITION BY": _copied("every row goes to its partition"),
    "REMOVE PARTITIONING": _copied("every row leaves its partition"),
    "FORCE": _rebuilt("the table is written anew"),
    "ROW_FORMAT": _rebuilt(_OPTION),
    "KEY_BLOCK_SIZE": _rebuilt(_OPTION),
}


def _action(kind: str, operation: ops.RawSql, scene: Scene) -> Effects:
    name = operation.tables[0]
    if kind == "ENGINE":
        is_innodb = re.search(r"\bENGINE\s*=?\s*InnoDB\b", operation.sql, re.IGNORECASE)
        find = _rebuilt("the table is written anew") if is_innodb else _copied("the rows move to another engine")
        return scene.altered(name, find(name, scene))
    if kind in _ACTIONS:
        return scene.altered(name, _ACTIONS[kind](name, scene))
    if "PARTITION" in kind or kind.endswith("TABLESPACE"):
        why = "how long it takes depends on the rows of the partitions"
        return scene.altered(name, Way(COPY, SHARED, why, is_certain=False))
    return scene.altered(name, AT_ONCE)
