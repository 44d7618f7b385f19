"""Rows: inserted, updated, deleted, read.

A foreign key is checked by a query that locks the parent (`RI_FKey_check` in PostgreSQL's `utils/adt/ri_triggers.c`):
at once where it is not deferred, and only where a value has changed.
"""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.dialects.expressions import UNKNOWN
from migrate_guard.dialects.postgresql.effects.functions import is_harmless, sequence_in
from migrate_guard.dialects.postgresql.effects.scene import (
    ACCESS_SHARE,
    ROW_EXCLUSIVE,
    ROW_SHARE,
    Scene,
)
from migrate_guard.dialects.postgresql.effects.tables import reading
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects, Verdict
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Contents, Expression, PrimaryKey, Table, UniqueConstraint


def insert(operation: ops.Insert, scene: Scene) -> Effects:
    name = operation.table
    found = _written(name, scene) | _parents(scene.table(name), operation.into, operation.rows, scene)
    found = found | _bound(name, scene) | _numbered(scene.table(name), operation, scene)
    if operation.reads:
        return found | _read(operation.reads, operation.predicate, scene)
    return found


def update(operation: ops.Update, scene: Scene) -> Effects:
    name = operation.table
    found = _written(name, scene, only=operation.only) | _bound(name, scene)
    found = found | _parents(scene.table(name), operation.columns, None, scene)
    return (
        found
        | _searched(name, operation.where, scene, only=operation.only)
        | _others(operation.reads, operation.where, scene)
    )


def delete(operation: ops.Delete, scene: Scene) -> Effects:
    name = operation.table
    found = _written(name, scene, only=operation.only)
    for other in scene.schema.referring(name):
        keys = [each for each in other.foreign_keys if each.referred_table == name and each.ondelete in _FOLLOWED]
        for key in keys:
            found = found | scene.lock(ROW_EXCLUSIVE, other.name)
            if key.columns[:1] not in [(each,) for each in _firsts(other)]:
                found = found | scene.scanning("no index leads to the rows that refer to those deleted", other.name)
    return (
        found
        | _searched(name, operation.where, scene, only=operation.only)
        | _others(operation.reads, operation.where, scene)
    )


_FOLLOWED: Final = frozenset({"CASCADE", "SET NULL", "SET DEFAULT"})


def _written(name: QualifiedName, scene: Scene, *, only: bool = False) -> Effects:
    """A table whose rows are changed, with its partitions and heirs; of a view, the tables that it reads."""
    return scene.lock(ROW_EXCLUSIVE, *(each for one in scene.read_by([name]) for each in scene.family(one, only=only)))


def _bound(name: QualifiedName, scene: Scene) -> Effects:
    """What is written to a partition is compared with its bound, for which its parent is looked at."""
    table = scene.table(name)
    parent = table.partition_of if table else None
    return scene.lock(ACCESS_SHARE, parent) if parent else NOTHING


def _parents(table: Table | None, columns: tuple[str, ...], rows: Contents, scene: Scene) -> Effects:
    """The parents of the foreign keys whose columns get values; without a list of columns all do."""
    found = NOTHING
    for key in table.foreign_keys if table else ():
        is_touched = not columns or any(each in columns for each in key.columns)
        if is_touched and not key.initially_deferred and not _are_null(rows, key.columns):
            found = found | scene.lock(ROW_SHARE, *scene.partitions(key.referred_table))
    return found


def _numbered(table: Table | None, operation: ops.Insert, scene: Scene) -> Effects:
    """The sequences that number columns without a value, which nextval() locks until the end of the transaction."""
    given = operation.into or tuple({name for row in operation.rows or () for name, _ in row})
    found = NOTHING
    if table is None or not given:
        return found
    for column in table.columns:
        if column.name not in given:
            named = sequence_in(column.default.text) if column.default else None
            names = (*scene.sequences_of(table, column.name), *filter(None, [named]))
            found = found | scene.lock_sequence(ROW_EXCLUSIVE, *names)
    return found


def _are_null(rows: Contents, columns: tuple[str, ...]) -> bool:
    return bool(rows) and all(any(dict(row).get(each) is None for each in columns) for row in rows or ())


def _others(names: tuple[QualifiedName, ...], where: Expression | None, scene: Scene) -> Effects:
    return _read(names, where, scene) if names else NOTHING


def _read(names: tuple[QualifiedName, ...], where: Expression | None, scene: Scene) -> Effects:
    if where is None:
        return reading(names, "the query reads every row", scene)
    locked = scene.lock(ACCESS_SHARE, *(each for one in scene.read_by(names) for each in scene.family(one)))
    return locked | _searched(scene.read_by(names)[-1], where, scene)


def query(operation: ops.RawSql, scene: Scene) -> Effects:
    """A SELECT, with what its functions do."""
    mode = ROW_SHARE if operation.options & _ROW_LOCKS else ACCESS_SHARE
    names = scene.read_by(operation.tables)
    found = scene.lock(mode, *(each for one in names for each in scene.family(one)))
    if names and not _is_short(operation, scene.table(names[-1])):
        found = found | _searched(names[-1], operation.predicate, scene)
    if operation.objects:
        found = found | scene.lock_sequence(ROW_EXCLUSIVE, *operation.objects)
    unknown = [each for each in operation.functions if not is_harmless(each)]
    if not unknown:
        return found
    why = f"it is not known what {unknown[0]}() does" if unknown[0] else "the query is not known"
    depends = Answer.depends(why)
    doubt = Effects(open_locks=(why,), blocks_reads=depends, blocks_writes=depends, rewrites=depends, scans=depends)
    return found | doubt


_EXTREME: Final = lazily(r"\b(?:max|min)\s*\(\s*\"?(\w+)\"?\s*\)", re.IGNORECASE)
_AGGREGATES: Final = frozenset({"count", "sum", "avg", "array_agg", "string_agg", "json_agg", "jsonb_agg"})


def _is_short(operation: ops.RawSql, table: Table | None) -> bool:
    """Whether a query ends before it has read all rows: LIMIT, or the end of an index, as max(id) is."""
    if "LIMIT" in operation.options and not _AGGREGATES.intersection(operation.functions):
        return True
    extremes = _EXTREME.findall(operation.sql)
    is_alone = bool(extremes) and operation.predicate is None and not _AGGREGATES.intersection(operation.functions)
    return is_alone and table is not None and set(extremes) <= set(_firsts(table))


_ROW_LOCKS: Final = frozenset({"UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"})


# -- which rows

_OR: Final = lazily(r"\bOR\b", re.IGNORECASE)
_STRINGS: Final = lazily(r"'(?:[^']|'')*'")


def _searched(name: QualifiedName, where: Expression | None, scene: Scene, *, only: bool = False) -> Effects:
    """Find rows: an index that begins with a column compared to a value leads to them, all others have to be read."""
    stored = tuple(
        each
        for each in scene.stored(scene.family(name, only=only))
        if scene.view(each) is None or _is_filled(each, scene)
    )
    if where is None:
        return scene.scanning("no WHERE: every row is read", *stored)
    table = scene.table(name)
    verdict = _by_index(where, table) if table else Verdict.DEPENDS
    if verdict is Verdict.YES or not stored:
        return NOTHING
    if verdict is Verdict.NO:
        return scene.scanning("no index leads to the rows: every row is read", *stored)
    why = "whether an index is used is decided by the planner"
    return Effects(scans=Answer(Verdict.DEPENDS, (why,), stored))


def _is_filled(name: QualifiedName, scene: Scene) -> bool:
    view = scene.view(name)
    return view is not None and view.is_materialized


_VALUE: Final = lazily(r"''|\b\d|%s|%\(|:\w|\$\d|\bNULL\b|\bTRUE\b|\bFALSE\b|\bIN\b|\bEXISTS\b", re.IGNORECASE)


_COMPUTED: Final = lazily(rf"((?:[=<>]|\bLIKE\b|\bIN\s*\()\s*){UNKNOWN}(?![\w.])", re.IGNORECASE)
"""A value that the script computes."""


def _firsts(table: Table) -> list[str]:
    """The columns with which the indexes of a table begin."""
    keys = (each for each in table.constraints() if isinstance(each, PrimaryKey | UniqueConstraint))
    of_indexes = [each.columns[0] for each in table.indexes if each.columns and each.where is None]
    return [each for each in (*of_indexes, *(key.columns[0] for key in keys if key.columns)) if each]


def _by_index(where: Expression, table: Table) -> Verdict:
    """Whether an index leads to the rows that a condition picks."""
    text = _STRINGS.sub("''", where.text)
    firsts = _firsts(table)
    text = _COMPUTED.sub(r"\1:value", text)
    named = [each for each in firsts if each and re.search(rf"\b{re.escape(each)}\b", text)]
    if not named:
        return Verdict.DEPENDS if table.is_open or UNKNOWN in text else Verdict.NO
    if _OR.search(text):
        return Verdict.DEPENDS
    if _VALUE.search(text) is None:
        # a join reads one of its tables as a whole
        return Verdict.NO
    compared = "|".join(map(re.escape, named))
    if re.search(
        rf"\b({compared})\b\"?\s*(=\s*(''|:\w|\w*\d|%s|%\(|\$)|IN\s*\(|BETWEEN\b|IS\s+NULL)", text, re.IGNORECASE
    ):
        return Verdict.YES
    return Verdict.DEPENDS
