from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.replaced import original_table
from migrate_guard.asking.running import mapped_by
from migrate_guard.asking.safer import written_name, written_table
from migrate_guard.model.deeds import subject
from migrate_guard.model.filling import leaves_no_null
from migrate_guard.model.operations import UNSET, AlterColumn, Delete, Opaque, Operation, Update
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG407", on=AlterColumn, severity=Severity.WARNING, yields_to=("MG406",))
def column_made_required(step: Step[AlterColumn]) -> Iterator[Problem]:
    """Flag SET NOT NULL of a column that nothing has filled before, in a table that may have rows."""
    op, table = step.op, step.before.table(step.op.table)
    column = table.column(op.column) if table else None
    if op.modify_nullable is not False or not step.has_rows(op.table) or _is_required(op, table, column):
        return
    if (op.table, op.column) in step.filled or (column and _came_filled(step, column)):
        return
    if _is_proven(step, table) or _is_filled_here(step, table):
        return
    is_empty = column is not None and _is_empty(step, column)
    table_name, name = written_table(op.table, step.target), written_name(op.column, step.target)
    yield Problem(
        asking.hedged(f"{_message(op, is_empty=is_empty)}{_written_by(step)}", op),
        op.span,
        object=subject(op),
        help=f"Let the code write it always, then fill the rows before this: UPDATE {table_name} SET {name} = …"
        f" WHERE {name} IS NULL.",
        confidence=asking.confidence(op),
    )


def _written_by(step: Step[AlterColumn]) -> str:
    """Who of the running code may still write NULL, for the end of a sentence."""
    attributes = mapped_by(step, step.op.table, step.op.column)
    known = step.running.schema.table(step.op.table) if step.running else None
    column = known.column(step.op.column) if known else None
    if not attributes or column is None or not column.nullable or column.has_client_default:
        return ""
    return f"; {attributes} of the running code may still write NULL"


def _message(op: AlterColumn, *, is_empty: bool) -> str:
    if is_empty:
        return (
            f'setting "{subject(op)}" NOT NULL fails as soon as "{op.table}" has a row: the column is new, and nothing'
            " fills it"
        )
    fills_none = "" if op.modify_default in (None, UNSET) else "; its new default is for new rows only"
    return (
        f'setting "{subject(op)}" NOT NULL fails on the first row in which it is NULL: no revision fills it'
        f" beforehand{fills_none}"
    )


def _is_required(op: AlterColumn, table: Table | None, column: Column | None) -> bool:
    """Whether there is no NULL in it already: it is NOT NULL, of the primary key, or numbers itself."""
    if table is not None and table.primary_key is not None and op.column in table.primary_key.columns:
        return True
    if column is None or column.nullable is None:
        return op.existing_nullable is False
    return column.nullable is False or column.is_identity or column.is_serial


def _is_empty(step: Step[AlterColumn], column: Column) -> bool:
    """Whether no row has a value, as the column has just come without one."""
    return step.is_new_column(step.op.table, step.op.column) and column.default is None


def _came_filled(step: Step[AlterColumn], column: Column) -> bool:
    """Whether every row has a value: it came with a default in the same revision, or is computed."""
    is_new = step.is_new_column(step.op.table, step.op.column)
    return column.computed is not None or (is_new and column.default is not None)


def _is_proven(step: Step[AlterColumn], table: Table | None) -> bool:
    """Whether a CHECK that holds for every row leaves no NULL, or has until the revision."""
    before = step.run.before.table(original_table(step, step.op.table)) if step.run else None
    return any(
        step.op.column in each.expression.proves_not_null and not each.not_valid and not each.not_enforced
        for known in (table, before)
        if known
        for each in known.check_constraints
    )


def _is_filled_here(step: Step[AlterColumn], table: Table | None) -> bool:
    """Whether the revision fills it: for every row, case by case, or by what could not be resolved."""
    parts = 0
    for operation, _, _ in step.earlier:
        match operation:
            case Opaque(tables=tables):
                if not tables or step.op.table in tables:
                    return True
            case Update() | Delete() if operation.table == step.op.table:
                touches = isinstance(operation, Delete) or step.op.column in operation.columns
                if leaves_no_null(operation, step.op.column, table) or (touches and _is_loop(operation)):
                    return True
                parts += isinstance(operation, Update) and touches
    return parts > 1


def _is_loop(operation: Operation) -> bool:
    return operation.condition is not None and operation.condition.startswith(("for each", "while"))
