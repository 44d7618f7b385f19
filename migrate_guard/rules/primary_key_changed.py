from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import uniqueness
from migrate_guard.asking.deploys import OLD_CODE, referring, then_ignore
from migrate_guard.asking.replaced import names, original_column, original_table
from migrate_guard.model.operations import AddConstraint, DropColumn, DropConstraint, Operation
from migrate_guard.model.schema import PrimaryKey, Table
from migrate_guard.rule import Problem, Severity, Step, rule


@rule(
    "MG416",
    on=(DropConstraint, DropColumn, AddConstraint),
    severity=Severity.WARNING,
    yields_to=("MG401", "MG402", "MG417"),
)
def primary_key_changed(step: Step[DropConstraint] | Step[DropColumn] | Step[AddConstraint]) -> Iterator[Problem]:
    """Flag another primary key of a table in use, or none."""
    op, table = step.op, step.before.table(step.op.table)
    if table is None or step.is_new(op.table) or table.primary_key is None or not _takes_it(op, table.primary_key):
        return
    key, left = table.primary_key, step.left.table(op.table)
    if left is None or (left.primary_key is not None and _is_same(step, left.primary_key, key)):
        return
    if any(step.is_new_column(op.table, each) for each in key.columns) or original_table(step, op.table) != op.table:
        return
    if _is_told_elsewhere(op, key, left) or _stays_unique(key, left):
        return
    yield Problem(
        asking.hedged(_message(step, table, key, left.primary_key), op),
        op.span,
        object=f"{op.table}.{key.name}" if key.name else str(op.table),
        help=f"Keep {names(key.columns)} UNIQUE as long as anything looks rows up by it, and change the key when no"
        f" release that does runs any more, under {then_ignore('MG416')}.",
        confidence=asking.confidence(op),
    )


def _takes_it(op: Operation, key: PrimaryKey) -> bool:
    match op:
        case DropConstraint(constraint=name, kind=kind):
            return kind == "primary" or (name is not None and name == key.name)
        case DropColumn(column=column):
            return column in key.columns
        case AddConstraint(constraint=PrimaryKey(columns=columns)):
            return columns != key.columns
    return False


def _is_same(step: Step[Operation], new: PrimaryKey, old: PrimaryKey) -> bool:
    """Whether the last key has the columns of the one that goes, in any order, by the names they had before."""
    table = step.op.table if isinstance(step.op, DropConstraint | DropColumn | AddConstraint) else None
    if table is None:
        return False
    before = {original_column(step, table, each) for each in old.columns}
    return set(new.columns) in (before, set(old.columns))


def _is_told_elsewhere(op: Operation, key: PrimaryKey, left: Table) -> bool:
    """Whether a column of the key goes by another statement: who names it fails, whatever the key is."""
    gone = (left.lost_at(each) is not None and left.column(each) is None for each in key.columns)
    return not isinstance(op, DropColumn) and any(gone)


def _stays_unique(key: PrimaryKey, left: Table) -> bool:
    """Whether a key of just these columns is left, by which they are found and which ON CONFLICT takes."""
    own = uniqueness.parts(key)
    return any(uniqueness.parts(each) == own for each in uniqueness.keys(left))


def _message(step: Step[Operation], table: Table, old: PrimaryKey, new: PrimaryKey | None) -> str:
    columns = names(old.columns)
    becomes = f"becomes {names(new.columns)}" if new is not None else "goes"
    message = (
        f'the primary key {columns} of "{table.name}" {becomes}: {OLD_CODE} finds rows by {columns}, and its'
        f" ON CONFLICT {columns} fails"
    )
    others = referring(table, None, step.before)
    return f"{message}; foreign keys of {asking.quoted(others)} refer to it" if others else message
