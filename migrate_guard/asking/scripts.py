"""Questions about what scripts do besides their operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from migrate_guard.model.facts import Fact
from migrate_guard.model.finding import Confidence
from migrate_guard.model.revision import Direction, Run
from migrate_guard.model.source import Span
from migrate_guard.rule import RevisionView

F = TypeVar("F", bound=Fact)


def runs(view: RevisionView) -> Iterator[Run]:
    """The directions of a script, as far as it has them."""
    yield from (each for each in (view.upgrade, view.downgrade) if each is not None)


def facts(view: RevisionView, kind: type[F]) -> Iterator[tuple[F, Direction]]:
    """The facts of a kind with the direction they belong to; what both directions share belongs to the first."""
    seen: set[Fact] = set()
    for run in runs(view):
        for fact in run.facts:
            if isinstance(fact, kind) and fact not in seen:
                seen.add(fact)
                yield fact, run.direction


def facts_by_place(view: RevisionView, kind: type[F]) -> Iterator[tuple[F, Direction]]:
    """The facts of a kind with their direction, the first of those at one place: there is one thing to say of it."""
    seen: set[Span] = set()
    for fact, direction in facts(view, kind):
        if fact.span not in seen:
            seen.add(fact.span)
            yield fact, direction


def hedged(message: str, fact: Fact) -> str:
    """The message with the condition under which it holds."""
    return f"{message} {fact.condition}" if fact.condition else message


def confidence(fact: Fact) -> Confidence:
    return Confidence.MEDIUM if fact.condition else Confidence.HIGH
