from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.deploys import OLD_CODE
from migrate_guard.asking.replaced import original_column, original_table
from migrate_guard.dialects.namespaces import folds_column_names
from migrate_guard.model.deeds import subject
from migrate_guard.model.instead import Instead, Note
from migrate_guard.model.operations import AddColumn, RenameColumn
from migrate_guard.model.schema import Column
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG404", on=RenameColumn, severity=Severity.WARNING, yields_to=("MG401", "MG122"))
def column_renamed(step: Step[RenameColumn]) -> Iterator[Problem]:
    """Flag a column in use that gets another name."""
    op = step.op
    if step.is_new_column(op.table, op.column) or original_column(step, op.table, op.column) != op.column:
        return
    if original_table(step, op.table) != op.table:
        # Code that uses the table by its old name fails at that, and no code uses the new one yet.
        return
    if _is_one_name(step) or _keeps_old_name(step) or _takes_a_place(step):
        return
    yield Problem(
        asking.hedged(f'renaming "{subject(op)}" to "{op.new_name}" makes {OLD_CODE} fail that uses the old name', op),
        op.span,
        object=subject(op),
        help="Keep the name in the database and rename the attribute alone:"
        f' {op.new_name} = mapped_column("{op.column}"). Else add "{op.new_name}", write both, fill it, and drop'
        f' "{op.column}" when nobody uses it.',
        instead=_instead(step),
        confidence=asking.confidence(op),
    )


def _is_one_name(step: Step[RenameColumn]) -> bool:
    return folds_column_names(step.target) and step.op.column.lower() == step.op.new_name.lower()


def _keeps_old_name(step: Step[RenameColumn]) -> bool:
    """Whether a column, or a view in the place of the table, has the old name when the revision is done."""
    table = step.left.table(step.op.table)
    if table is not None and table.column(step.op.column) is not None:
        return True
    return original_table(step, step.op.table) in step.left.views or step.op.table in step.left.views


def _takes_a_place(step: Step[RenameColumn]) -> bool:
    """Whether the name is that of a column that was there before the revision, whose place this one takes."""
    before = step.run.before.table(original_table(step, step.op.table)) if step.run else None
    if before is None:
        return False
    return before.column(step.op.new_name) is not None or _is_dropped(step)


def _is_dropped(step: Step[RenameColumn]) -> bool:
    """Whether the revision has dropped a column of the new name, of which the history may not tell more."""
    table = step.before.table(step.op.table)
    lost = table.lost_at(step.op.new_name) if table else None
    return lost is not None and lost.path == step.op.span.path


def _instead(step: Step[RenameColumn]) -> Instead:
    """The first of the steps by which another column takes its place."""
    op, table = step.op, step.before.table(step.op.table)
    column = table.column(op.column) if table else None
    if column is None or not column.type.is_known or column.is_serial or column.computed is not None:
        return ()
    added = Column(op.new_name, column.type, op.span, nullable=True)
    add = AddColumn(span=op.span, table=op.table, column=added, in_batch=op.in_batch)
    return (add, Note(f'write both from now on, fill "{op.new_name}", and drop "{op.column}" in a later release'))
