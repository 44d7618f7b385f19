from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from migrate_guard.asking import scripts
from migrate_guard.model.facts import ApplicationUse, OrmPart, OrmUse
from migrate_guard.model.revision import Direction, Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, Related, RevisionView, Severity, rule

_TELLING: Final[tuple[OrmPart, ...]] = ("objects", "columns", "names")
_ADDING: Final = frozenset({"add", "add_all", "bulk_save_objects"})


@rule("MG117", on=Revision, severity=Severity.WARNING)
def orm_session(view: RevisionView) -> Iterator[Problem]:
    """Flag an ORM session that works on mapped classes; one that only executes Core statements is a connection."""
    live = [use.name for use, _ in scripts.facts(view, ApplicationUse) if use.kind == "model"]
    for uses in _sessions(view):
        telling = sorted(
            ((use, direction, _is_live(use, live)) for use, direction in uses),
            key=lambda each: (not each[2], _TELLING.index(each[0].takes), each[0].call in _ADDING),
        )
        fact, direction, is_live = telling[0]
        if not is_live and fact.takes != "objects":
            continue
        yield Problem(
            scripts.hedged(_live(fact, direction) if is_live else _own(fact), fact),
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


def _sessions(view: RevisionView) -> Iterator[Sequence[tuple[OrmUse, Direction]]]:
    """What each session does; of a query no more than what it comes to, where that is seen."""
    sessions: defaultdict[Span, list[tuple[OrmUse, Direction]]] = defaultdict(list)
    made = {use.at for use, _ in scripts.facts(view, OrmUse) if use.call != "query"}
    for use, direction in scripts.facts(view, OrmUse):
        if use.call != "query" or use.at not in made:
            sessions[use.span].append((use, direction))
    yield from sessions.values()


def _is_live(use: OrmUse, live: Sequence[str]) -> bool:
    """Whether the class belongs to the application."""
    return any(not use.model or each.rpartition(".")[2] == use.model for each in live)


def _live(use: OrmUse, direction: Direction) -> str:
    what = f'"{use.model}"' if use.model else "mapped classes"
    where = "on every new database" if direction == "upgrade" else "on every downgrade from there"
    if use.condition is not None:
        where = "where it gets there"  # a new database has no rows, and a loop over them no round
    fails = f"fails {where}, where its work is left undone" if use.is_tolerated else f"fails {where}"
    if use.takes == "objects":
        return (
            f"the session works on {what} with the columns, defaults and events that the models have today: once a "
            f"later revision adds a column, it names that as well and {fails}"
        )
    return (
        f"the session names the table and columns of {what} as the models have them today: once one of them is "
        f"renamed or dropped, it {fails}"
    )


def _own(use: OrmUse) -> str:
    what = f'"{use.model}"' if use.model else "mapped classes"
    if use.call in _ADDING:
        return f"the session adds objects of {what}: each row is one in memory until all of them are written"
    return (
        f"the session works on {what}: each row that it loads becomes an object, and each changed object an UPDATE of "
        "its own"
    )
