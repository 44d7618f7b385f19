from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking.deploys import OLD_CODE
from migrate_guard.asking.replaced import original_table
from migrate_guard.asking.safer import written_table
from migrate_guard.dialects.views import writes_through_views
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import CreateView, RenameTable
from migrate_guard.model.schema import View
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG403", on=RenameTable, severity=Severity.WARNING, yields_to=("MG125",))
def table_renamed(step: Step[RenameTable]) -> Iterator[Problem]:
    """Flag a table in use that gets another name, without a view under the old one."""
    op = step.op
    if step.is_new(op.table) or original_table(step, op.table) != op.table:
        return
    if op.table in step.left.tables or op.table in step.left.views or _takes_a_place(step):
        return
    yield Problem(
        asking.hedged(f'renaming "{op.table}" to "{op.new_name}" makes {OLD_CODE} fail that uses the old name', op),
        op.span,
        object=str(op.table),
        help=f'Keep the name in the database and rename the model alone: __tablename__ = "{op.table.name}"'
        + ("; else leave a view under the old name." if writes_through_views(step.target) else "."),
        instead=_instead(step),
        confidence=asking.confidence(op),
    )


def _takes_a_place(step: Step[RenameTable]) -> bool:
    """Whether the name is that of a table that was there before the revision, whose place this one takes."""
    if step.run is None:
        return False
    return step.op.new_name in step.run.before.tables and step.op.new_name not in step.before.tables


def _instead(step: Step[RenameTable]) -> Instead:
    """The rename, and a view under the old name through which code that still runs reads and writes."""
    op, target = step.op, step.target
    if not writes_through_views(target) or op.table.schema != op.new_name.schema:
        return ()
    view = View(
        op.table, op.span, tables=(op.new_name,), definition=f"AS SELECT * FROM {written_table(op.new_name, target)}"
    )
    return (replace(op), CreateView(span=op.span, is_sql=True, view=view))
