from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import scripts
from migrate_guard.model.facts import LiveMetadata
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import CreateEnum, CreateTable, DropTable, Operation
from migrate_guard.model.revision import Direction, Revision, Run
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG116", on=Revision, severity=Severity.ERROR)
def metadata_create_all(view: RevisionView) -> Iterator[Problem]:
    """Flag create_all() or drop_all() of the application's MetaData: it makes the tables of today."""
    for fact, direction in scripts.facts(view, LiveMetadata):
        done = _done(view, direction, fact.span)
        names = asking.quoted(_names(done)) if len(done) <= _MOST_NAMED else f"{len(done)} tables"
        today = f" (today {names})" if done else ""
        if fact.action == "create_all":
            message = (
                f'"{fact.receiver}.create_all()" creates the tables of the models as they are when it runs{today}: '
                "a later revision that adds the same fails on every new database"
            )
        else:
            message = (
                f'"{fact.receiver}.drop_all()" drops every table that the models have when it runs{today}, whatever '
                "revision has created it"
            )
        yield Problem(
            scripts.hedged(message, fact),
            fact.span,
            object=fact.origin or None,
            help="Write down the tables of this revision as op.create_table() and op.drop_table().",
            instead=_instead(done),
            confidence=scripts.confidence(fact),
            direction=direction,
        )


_MOST_NAMED = 3


def _done(view: RevisionView, direction: Direction, span: Span) -> tuple[Operation, ...]:
    """What the call does today, as far as the models can be read."""
    run: Run | None = view.upgrade if direction == "upgrade" else view.downgrade
    found = (each.operation for each in run.transitions) if run else ()
    return tuple(each for each in found if each.span == span and isinstance(each, CreateTable | DropTable))


def _names(operations: tuple[Operation, ...]) -> Iterator[str]:
    for each in operations:
        if isinstance(each, CreateTable):
            yield str(each.table.name)
        elif isinstance(each, DropTable):
            yield str(each.table)


def _instead(operations: tuple[Operation, ...]) -> Instead:
    return tuple(each for each in operations if not isinstance(each, CreateEnum))
