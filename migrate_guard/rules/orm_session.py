from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import scripts
from migrate_guard.model.facts import ApplicationUse, OrmUse
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, Related, RevisionView, Severity, rule


@rule("MG117", on=Revision, severity=Severity.WARNING)
def orm_session(view: RevisionView) -> Iterator[Problem]:
    """Flag an ORM session that works on mapped classes; one that only executes Core statements is a connection."""
    live = [use.name for use, _ in scripts.facts(view, ApplicationUse) if use.kind == "model"]
    seen: set[Span] = set()
    for fact, direction in scripts.facts(view, OrmUse):
        if fact.span in seen:
            continue
        seen.add(fact.span)
        is_live = any(not fact.model or each.rpartition(".")[2] == fact.model for each in live)
        yield Problem(
            scripts.hedged(_message(fact, is_live=is_live), fact),
            fact.span,
            object=fact.model or None,
            help=(
                "Write sa.update(), sa.insert() or sa.select() of a sa.table() that has the columns in question, and "
                "execute that on op.get_bind()."
            ),
            related=(Related(fact.at, "here it works on mapped classes"),) if fact.at.line != fact.span.line else (),
            severity=None if is_live else Severity.INFO,
            confidence=scripts.confidence(fact),
            direction=direction,
        )


def _message(fact: OrmUse, *, is_live: bool) -> str:
    what = f'"{fact.model}"' if fact.model else "mapped classes"
    if is_live:
        return (
            f"the session works on {what} with the columns, defaults and events that the models have today: once a "
            "later revision adds a column, it names that as well and fails on every new database"
        )
    return (
        f"the session works on {what}: each row that it loads becomes an object, and each changed object an UPDATE of "
        "its own"
    )
