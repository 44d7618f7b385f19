from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.deploys import OLD_CODE, then_ignore
from migrate_guard.asking.replaced import original_column, original_table
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import AlterColumn, RenameColumn
from migrate_guard.model.schema import Column
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG408", on=AlterColumn, severity=Severity.WARNING, yields_to=("MG401", "MG402", "MG417"))
def default_dropped(step: Step[AlterColumn]) -> Iterator[Problem]:
    """Flag a NOT NULL column that loses its default: code that leaves it out cannot INSERT any more."""
    op, table = step.op, step.before.table(step.op.table)
    column = table.column(op.column) if table else None
    if op.modify_default is not None or step.is_new(op.table) or not _had_default(op, column) or _has_value_left(step):
        return
    if not _is_required(step, column) or original_table(step, op.table) != op.table:
        return
    is_new = step.is_new_column(op.table, op.column)
    does = f'does not know the new column "{op.column}"' if is_new else "leaves it out"
    message = f'without the default of "{subject(op)}" each INSERT of {OLD_CODE} fails that {does}: it is NOT NULL'
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op),
        help=f'Keep the default until all code that runs writes "{op.column}" itself; then drop it in a release of its'
        f" own, under {then_ignore('MG408')}.",
        confidence=asking.confidence(op),
    )


def _had_default(op: AlterColumn, column: Column | None) -> bool:
    """Whether there is a default to lose, as far as anybody tells."""
    if column is None or column.is_given:
        return op.existing_default is not None
    return column.default is not None or column.is_serial


def _is_required(step: Step[AlterColumn], column: Column | None) -> bool:
    """Whether an INSERT has to give a value from here on."""
    op = step.op
    if op.modify_nullable is not None:
        return not op.modify_nullable
    nullable = column.nullable if column is not None else None
    return (op.existing_nullable if nullable is None else nullable) is False


def _has_value_left(step: Step[AlterColumn]) -> bool:
    """Whether the database has a value again when the revision is done, takes none, or the column is gone."""
    table = step.left.table(step.op.table)
    if table is None:
        return step.op.table in step.before.tables
    names = {step.op.column, original_column(step, step.op.table, step.op.column), *_names_after(step)}
    column = next((each for each in table.columns if each.name in names), None)
    if column is None:
        return not table.is_open
    return bool(
        column.default is not None or column.is_identity or column.is_serial or column.computed or column.nullable
    )


def _names_after(step: Step[AlterColumn]) -> Iterator[str]:
    for operation, _, _ in step.later:
        if isinstance(operation, RenameColumn) and (operation.table, operation.column) == (
            step.op.table,
            step.op.column,
        ):
            yield operation.new_name
