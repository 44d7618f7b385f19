from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import safer
from migrate_guard.history.dependents import Dependent, keeps_column, readers, users_of_column
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead, Note, Part
from migrate_guard.model.schema import View
from migrate_guard.rule import Problem, Severity, Statement, rule

_MOST_NAMED: Final = 3


@rule(
    "MG415",
    on=(Statement[ops.DropColumn], Statement[ops.AlterColumn]),
    severity=Severity.ERROR,
    dialects=("postgresql",),
    yields_to=("MG412", "MG414"),
)
def column_used_by_view(statement: Statement[ops.DropColumn | ops.AlterColumn]) -> Iterator[Problem]:
    """Flag a drop or change of type that PostgreSQL refuses because a view, policy or the like uses the column."""
    op = statement.op
    if op.is_tolerated or (isinstance(op, ops.AlterColumn) and op.modify_type is None):
        return
    users = _users(statement)
    if not users:
        return
    does = "changes the type of" if isinstance(op, ops.AlterColumn) else "drops"
    named = [each.what for each in users[:_MOST_NAMED]]
    more = f" and {len(users) - _MOST_NAMED} more" if len(users) > _MOST_NAMED else ""
    verb = "use" if len(users) > 1 else "uses"
    message = (
        f'{asking.product(statement.target)} refuses what {does} "{subject(op)}", as {", ".join(named)}{more} {verb} it'
    )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=subject(op),
        help="Drop what uses the column before it, and create it again after it.",
        instead=_instead(statement, users),
        related=tuple(Related(each.span, f"{each.what} is made here") for each in users),
        confidence=asking.confidence(op),
    )


def _users(statement: Statement[ops.DropColumn | ops.AlterColumn]) -> list[Dependent]:
    op, schema = statement.op, statement.before
    table = schema.table(op.table)
    if table is None or not table.is_certain or not table.is_sure_of(op.column):
        return []
    if isinstance(op, ops.AlterColumn):
        return list(users_of_column(op.table, op.column, schema))
    if op.cascade:
        return []
    dropped = {each.column for each in statement.siblings if isinstance(each, ops.DropColumn)}
    users = keeps_column(op.table, op.column, schema, statement.target)
    return [each for each in users if each.object not in dropped]


def _instead(statement: Statement[ops.DropColumn | ops.AlterColumn], users: list[Dependent]) -> Instead:
    """The views dropped before and, where only a type changes, created again as they were."""
    op, schema = statement.op, statement.before
    views = [each.object for each in users if isinstance(each.object, View)]
    if len(views) < len(users):
        return ()
    names = dict.fromkeys(view.name for view in views)
    for view in views:
        names |= dict.fromkeys(each.object.name for each in readers(view.name, schema) if isinstance(each.object, View))
    found = [schema.views[name] for name in names]
    if any(each.definition is None for each in found):
        return ()
    ordered = _after_those_they_read(found)
    dropped = [
        ops.DropView(span=op.span, is_sql=True, view=each.name, is_materialized=each.is_materialized)
        for each in reversed(ordered)
    ]
    if isinstance(op, ops.DropColumn):
        again: list[Part] = [Note(f'create "{each.name}" again without "{op.column}"') for each in ordered]
    else:
        again = [ops.CreateView(span=op.span, is_sql=True, view=each) for each in ordered]
    return safer.in_place(statement, (*dropped, op, *again))


def _after_those_they_read(views: list[View]) -> list[View]:
    """The views in an order in which they can be created."""
    found: list[View] = []
    waiting = list(views)
    while waiting:
        names = {each.name for each in waiting}
        ready = [each for each in waiting if not names.intersection(each.tables) - {each.name}] or waiting
        found += ready
        waiting = [each for each in waiting if each not in ready]
    return found
