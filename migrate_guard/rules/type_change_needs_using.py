from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import type_changes
from migrate_guard.history.type_changes import uncast
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.rule import Confidence, Problem, Severity, Statement, rule


@rule(
    "MG412",
    on=Statement[ops.AlterColumn],
    severity=Severity.ERROR,
    dialects=("postgresql",),
    yields_to=("MG130",),
)
def type_change_needs_using(statement: Statement[ops.AlterColumn]) -> Iterator[Problem]:
    """Flag a change of type that PostgreSQL refuses without a USING that says how a value becomes one."""
    op = statement.op
    if op.modify_type is None or op.using is not None or op.is_tolerated:
        return
    found = uncast(op, statement.before, statement.target)
    if found is None:
        return
    how = type_changes.using(found, statement.target)
    column, new = found.column, found.new
    message = (
        f'"{subject(op)}" is {column.type}, which {asking.product(statement.target)} does not turn into {new} '
        "by itself: the change fails"
    )
    told = f'Say postgresql_using="{how.text}".' if how else "Say with postgresql_using what becomes of a value."
    if found.default is not None and not type_changes.drops_default(statement):
        told = (
            f"{told} Drop the default {found.default.text} before it, which does not come along, and set it after it."
        )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op),
        help=told,
        instead=type_changes.told(statement, found, how),
        confidence=Confidence.MEDIUM if column.is_given else asking.confidence(op),
    )
