from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from migrate_guard import asking
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run
from migrate_guard.model.schema import Column, ForeignKey, Table
from migrate_guard.rule import Confidence, Problem, RevisionView, Severity, rule

_ALIKE: Final = 0.8
_LEAST_COLUMNS: Final = 3
_SHARED: Final = 0.8


class _Pair(NamedTuple):
    """What goes, and what comes in its place."""

    dropped: ops.Operation
    added: ops.Operation
    old: str
    new: str


@rule("MG122", on=Revision, severity=Severity.WARNING)
def probable_rename(view: RevisionView) -> Iterator[Problem]:
    """Flag a column or table that is dropped while another one like it is added: a rename that loses the rows."""
    run = view.upgrade
    if run is None or not any(isinstance(each.operation, ops.DropColumn | ops.DropTable) for each in run.transitions):
        return
    for pair in (*_columns(run), *_tables(run)):
        is_column = isinstance(pair.dropped, ops.DropColumn)
        what = "its values" if is_column else "its rows"
        yield Problem(
            asking.hedged(
                f'"{pair.old}" is dropped and "{pair.new}" added in one revision: a rename done so loses {what}',
                pair.dropped,
            ),
            pair.dropped.span,
            object=pair.old,
            help=_help(pair),
            related=(Related(pair.added.span, f'"{pair.new}" is added here'),),
            confidence=Confidence.LOW,
            direction="upgrade",
        )


def _help(pair: _Pair) -> str:
    match pair.dropped, pair.added:
        case ops.DropColumn(table=table, column=old), ops.AddColumn(column=column):
            schema = f', schema="{table.schema}"' if table.schema else ""
            call = f'op.alter_column("{table.name}", "{old}", new_column_name="{column.name}"{schema})'
            copied = f"UPDATE {table} SET {column.name} = {old}"
        case _:
            call, copied = (
                f'op.rename_table("{pair.old}", "{pair.new}")',
                f"INSERT INTO {pair.new} … SELECT … FROM {pair.old}",
            )
    return f"If it is a rename, write {call} in place of both; else copy before the drop what is to be kept: {copied}."


# -- columns


def _columns(run: Run) -> Iterator[_Pair]:
    for table in {each.operation.table: None for each in run.transitions if isinstance(each.operation, ops.DropColumn)}:
        dropped = [op for op in _of(run, table) if isinstance(op, ops.DropColumn) and _is_lost(op, run)]
        added = [op for op in _of(run, table) if isinstance(op, ops.AddColumn) and _stays(op, run)]
        if not dropped or not added:
            continue
        before = run.before.table(table)
        taken: set[str] = set()
        for drop in dropped:
            old = before.column(drop.column) if before else None
            if before is None or old is None:
                continue
            is_only = len(dropped) == len(added) == 1
            alike = [
                op
                for op in added
                if op.column.name not in taken
                and not _is_moved(op, run)
                and _are_alike(old, op.column)
                and _keys(before, old.name) == {_aim(each) for each in op.constraints if isinstance(each, ForeignKey)}
                and (_are_close(old.name, op.column.name) or (is_only and _is_telling(old)))
            ]
            best = max(alike, key=lambda op: _likeness(drop.column, op.column.name), default=None)
            if best is not None:
                taken.add(best.column.name)
                yield _Pair(drop, best, f"{table}.{drop.column}", f"{table}.{best.column.name}")


def _of(run: Run, table: QualifiedName) -> list[ops.TableOperation]:
    found = (each.operation for each in run.transitions)
    return [each for each in found if isinstance(each, ops.TableOperation) and each.table == table]


def _is_lost(op: ops.DropColumn, run: Run) -> bool:
    after = run.after.table(op.table)
    return after is not None and after.column(op.column) is None


def _stays(op: ops.AddColumn, run: Run) -> bool:
    """Whether a column that the revision adds is there at its end, new and with nothing in it."""
    before, after = run.before.table(op.table), run.after.table(op.table)
    if before is None or after is None or after.column(op.column.name) is None:
        return False
    column = op.column
    return before.column(column.name) is None and not (column.is_serial or column.is_identity or column.computed)


def _are_alike(old: Column, new: Column) -> bool:
    """Whether the types are the same."""
    return old.type.is_known and old.type == new.type and old.computed is None


def _is_telling(old: Column) -> bool:
    """Whether the type alone says that one column is the other: a length, a precision, labels."""
    return bool(old.type.args or old.type.values)


def _keys(table: Table, column: str) -> set[tuple[QualifiedName, tuple[str, ...]]]:
    """What the foreign keys of a column refer to."""
    return {_aim(each) for each in table.foreign_keys if each.columns == (column,)}


def _aim(key: ForeignKey) -> tuple[QualifiedName, tuple[str, ...]]:
    return key.referred_table, key.referred_columns


def _are_close(old: str, new: str) -> bool:
    """Whether one name is spelled like the other, says more of the same, or has only its first word exchanged."""
    first, second = asking.words(old), asking.words(new)
    if not first or not second:
        return False
    if _likeness("".join(first), "".join(second)) >= _ALIKE:
        return True
    shared = {one for one in first for other in second if _is_same_word(one, other)}
    if not shared - _COMMON:
        return False
    is_more = len(shared) == min(len(first), len(second))
    return is_more or (
        len(first) == len(second) and _is_same_word(first[-1], second[-1]) and first[-1] in shared - _COMMON
    )


def _is_same_word(one: str, other: str) -> bool:
    """Whether they are one word, perhaps cut short or in the plural."""
    short = min(one, other, key=len)
    return one == other or (len(short) >= _STEM and one.startswith(short) and other.startswith(short))


_STEM: Final = 4
_COMMON: Final = frozenset(
    (
        *("id", "is", "has", "at", "on", "by", "of", "date", "time", "type", "name", "count", "number", "key", "value"),
        *("code", "text", "data", "enabled", "status", "flag", "url", "uuid"),
    )
)
"""Words that say little of what a column holds."""


def _likeness(old: str, new: str) -> float:
    return SequenceMatcher(None, old.lower(), new.lower()).ratio()


def _is_moved(op: ops.AddColumn, run: Run) -> bool:
    """Whether the revision writes the new column, or does what nobody knows, or there are no rows: nothing is lost."""
    table = op.table
    for each in run.transitions:
        match each.operation:
            case ops.Update(table=name, columns=columns) if name == table:
                if not columns or op.column.name in columns:
                    return True
            case ops.Insert(table=name) | ops.Delete(table=name, where=None) if name == table:
                return True
            case ops.Opaque(tables=tables) if not tables or table in tables:
                return True
            case ops.RawSql(kind=kind, sql=sql, tables=tables) if kind.startswith(_DOING):
                if not sql or op.column.name in sql or (kind == "TRUNCATE" and table in tables):
                    return True
    return False


_DOING: Final = ("DO", "SELECT", "WITH", "CALL", "MERGE", "TRUNCATE", "COPY")


# -- tables


def _tables(run: Run) -> Iterator[_Pair]:
    dropped = [each.operation for each in run.transitions if isinstance(each.operation, ops.DropTable)]
    created = [each.operation for each in run.transitions if isinstance(each.operation, ops.CreateTable)]
    lost = [op for op in dropped if op.table in run.before.tables and op.table not in run.after.tables]
    made = [op for op in created if op.table.name in run.after.tables and op.table.name not in run.before.tables]
    if not lost or not made:
        return
    taken: set[QualifiedName] = set()
    for drop in lost:
        old = run.before.tables[drop.table]
        alike = [
            op for op in made if op.table.name not in taken and _is_copy(old, op.table) and not _is_filled(op, run)
        ]
        best = max(alike, key=lambda op: _likeness(old.name.name, op.table.name.name), default=None)
        if best is not None and not old.is_open:
            taken.add(best.table.name)
            yield _Pair(drop, best, str(drop.table), str(best.table.name))


def _is_copy(old: Table, new: Table) -> bool:
    """Whether most columns are the same, and the names close, or all of them are."""
    first, second = ({(each.name, str(each.type)) for each in table.columns} for table in (old, new))
    shared = len(first & second)
    most = max(len(first), len(second))
    if shared < _LEAST_COLUMNS:
        return False
    if _are_close(old.name.name, new.name.name):
        return shared >= _SHARED * most
    return shared == most


def _is_filled(op: ops.CreateTable, run: Run) -> bool:
    """Whether the new table gets rows from somewhere, or nobody knows what is done."""
    if op.copies_rows:
        return True
    names: Sequence[QualifiedName] = (op.table.name,)
    for each in run.transitions:
        match each.operation:
            case ops.Insert(table=name) if name in names:
                return True
            case ops.Opaque():
                return True
    return False
