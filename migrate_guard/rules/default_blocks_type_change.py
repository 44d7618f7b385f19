from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import type_changes
from migrate_guard.history.type_changes import uncast
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.rule import Confidence, Problem, Severity, Statement, rule


@rule(
    "MG414",
    on=Statement[ops.AlterColumn],
    severity=Severity.ERROR,
    dialects=("postgresql",),
    yields_to=("MG130", "MG412"),
)
def default_blocks_type_change(statement: Statement[ops.AlterColumn]) -> Iterator[Problem]:
    """Flag a change of type that PostgreSQL refuses as the default of the column does not become one of the type."""
    op = statement.op
    if op.modify_type is None or op.using is None or op.is_tolerated or type_changes.drops_default(statement):
        return
    found = uncast(op, statement.before, statement.target)
    if found is None or found.default is None:
        return
    message = (
        f'the default {found.default.text} of "{subject(op)}" does not become {found.new}, '
        f"whatever USING says: {asking.product(statement.target)} refuses the change"
    )
    is_set = any(
        isinstance(each, ops.AlterColumn) and each.modify_default is not ops.UNSET for each in statement.siblings
    )
    if is_set and not op.is_sql:
        message = f"{message}, which comes before that of the default"
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op),
        help="Drop the default, change the type, and set the default again, each in a call of its own.",
        instead=type_changes.told(statement, found, op.using),
        confidence=Confidence.MEDIUM if found.column.is_given else asking.confidence(op),
    )
