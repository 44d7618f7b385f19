from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.deploys import OLD_CODE, goes_along, is_required, made_nullable, referring, then_ignore
from migrate_guard.asking.replaced import column_replacement, may_be_moved
from migrate_guard.asking.running import is_unmapped, mapped_by
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import DropColumn
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG402", on=DropColumn, severity=Severity.WARNING, yields_to=("MG401", "MG122", "MG417"))
def column_dropped(step: Step[DropColumn]) -> Iterator[Problem]:
    """Flag a column in use that is dropped: its values are lost, and code that still uses it fails."""
    op, table = step.op, step.before.table(step.op.table)
    column = table.column(op.column) if table else None
    if step.is_new_column(op.table, op.column) or (table and column is None and _is_gone(table, op)):
        return
    if is_unmapped(step, op.table, op.column):
        return
    replacement = column_replacement(step, op.table, op.column)
    if replacement is not None and (replacement.is_filled or op.table in step.emptied):
        return
    if replacement is not None:
        message = f'dropping "{subject(op)}" and putting a new column in its place loses its values'
        help_ = "Change the column with alter_column(), or fill the new one from it before it goes."
    else:
        message, help_ = _message(step, table, column), _help(op, column)
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op),
        help=help_,
        severity=Severity.ERROR if step.running else None,
        instead=() if replacement else made_nullable(op, table),
        confidence=asking.confidence(op),
    )


def _is_gone(table: Table, op: DropColumn) -> bool:
    """Whether the history says that there is no such column."""
    return table.is_told or (table.is_sure_of(op.column) and table.lost_at(op.column) is not None)


def _message(step: Step[DropColumn], table: Table | None, column: Column | None) -> str:
    op = step.op
    along = goes_along(table, op.column, step.before) if table else ""
    values = "what the script has not moved of its values" if may_be_moved(step, op.table, op.column) else "its values"
    lost = [] if (column and column.computed) or op.table in step.emptied else [values]
    lost += [along] if along else []
    loses = f"loses {', with '.join(lost)}, and" if lost else "loses no values, but"
    attributes = mapped_by(step, op.table, op.column)
    user = f"{OLD_CODE}, where it is {attributes}," if attributes else f"{OLD_CODE} that names it"
    message = f'dropping "{subject(op)}" {loses} {user} fails'
    others = referring(table, op.column, step.before) if table else []
    if others:
        message = f"{message}; foreign keys of {asking.quoted(others)} refer to it"
    if is_required(column):
        message = f"{message}; code without it cannot INSERT before: it is NOT NULL and has no default"
    return message


def _help(op: DropColumn, column: Column | None) -> str:
    ready = (
        "make it nullable and take it out of the models" if is_required(column) else "take it out of the models only"
    )
    return (
        f'In this release {ready}; drop "{op.column}" when no release that maps it runs any more, under'
        f" {then_ignore('MG402')}."
    )
