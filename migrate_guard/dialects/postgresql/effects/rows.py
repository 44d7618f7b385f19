"""Rows: inserted, updated, deleted, read.

A foreign key is checked by a query that locks the parent (`RI_FKey_check` in PostgreSQL's `utils/adt/ri_triggers.c`):
at once where it is not deferred, and only where a value has changed.
"""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.dialects.postgresql.effects.functions import is_harmless
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
from migrate_guard.model.schema import Contents, Expression, PrimaryKey, Table, UniqueConstraint


def insert(operation: ops.Insert, scene: Scene) -> Effects:
    name = operation.table
    found = _written(name, scene) | _parents(scene.table(name), operation.into, operation.rows, scene)
    if operation.reads:
        return found | _read(operation.reads, operation.predicate, scene)
    return found


def update(operation: ops.Update, scene: Scene) -> Effects:
    name = operation.table
    found = _written(name, scene) | _parents(scene.table(name), operation.columns, None, scene)
    return found | _searched(name, operation.where, scene) | _others(operation.reads, operation.where, scene)


def delete(operation: ops.Delete, scene: Scene) -> Effects:
    name = operation.table
    found = _written(name, scene)
    for other in scene.schema.referring(name):
        actions = {each.ondelete for each in other.foreign_keys if each.referred_table == name}
        if actions & {"CASCADE", "SET NULL", "SET DEFAULT"}:
            found = found | scene.lock(ROW_EXCLUSIVE, other.name)
    return found | _searched(name, operation.where, scene) | _others(operation.reads, operation.where, scene)


def _written(name: QualifiedName, scene: Scene) -> Effects:
    """A table whose rows are changed, with its partitions and heirs; of a view, the tables that it reads."""
    return scene.lock(ROW_EXCLUSIVE, *(each for one in scene.read_by([name]) for each in scene.family(one)))


def _parents(table: Table | None, columns: tuple[str, ...], rows: Contents, scene: Scene) -> Effects:
    """The parents of the foreign keys whose columns get values; without a list of columns all do."""
    found = NOTHING
    for key in table.foreign_keys if table else ():
        is_touched = not columns or any(each in columns for each in key.columns)
        if is_touched and not key.initially_deferred and not _are_null(rows, key.columns):
            found = found | scene.lock(ROW_SHARE, *scene.partitions(key.referred_table))
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
    if names:
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


_ROW_LOCKS: Final = frozenset({"UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"})


# -- which rows

_OR: Final = re.compile(r"\bOR\b", re.IGNORECASE)
_STRINGS: Final = re.compile(r"'(?:[^']|'')*'")


def _searched(name: QualifiedName, where: Expression | None, scene: Scene) -> Effects:
    """Find rows: an index that begins with a column compared to a value leads to them, all others have to be read."""
    stored = tuple(
        each for each in scene.stored(scene.family(name)) if scene.view(each) is None or _is_filled(each, scene)
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


def _by_index(where: Expression, table: Table) -> Verdict:
    """Whether an index leads to the rows that a condition picks."""
    text = _STRINGS.sub("''", where.text)
    firsts = [each.columns[0] for each in table.indexes if each.columns and each.where is None]
    firsts += [
        each.columns[0]
        for each in table.constraints()
        if isinstance(each, PrimaryKey | UniqueConstraint) and each.columns
    ]
    named = [each for each in firsts if each and re.search(rf"\b{re.escape(each)}\b", text)]
    if not named:
        return Verdict.DEPENDS if table.is_open and not table.columns else Verdict.NO
    if _OR.search(text):
        return Verdict.DEPENDS
    compared = "|".join(map(re.escape, named))
    if re.search(
        rf"\b({compared})\b\"?\s*(=\s*(''|:?\w*\d|%s|%\(|\$)|IN\s*\(|BETWEEN\b|IS\s+NULL)", text, re.IGNORECASE
    ):
        return Verdict.YES
    return Verdict.DEPENDS
