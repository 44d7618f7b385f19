"""The part of a history that is under review: what lies behind a revision, or what a branch adds to its base."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.history.graph import reached
from migrate_guard.model.revision import History


class Range(Struct, frozen=True):
    """The revisions under review, and the scripts of the environment in two parts, spelled as findings spell them."""

    revisions: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()
    """The scripts under review, also those that define no readable revision."""
    settled: frozenset[str] = frozenset()
    """The scripts that are not."""
    moved: frozenset[str] = frozenset()
    """Of these, those whose place in the graph the branch under review has changed."""
    deleted: frozenset[str] = frozenset()
    """The scripts of its base that it has no longer."""
    rewritten: frozenset[str] = frozenset()
    """The settled scripts whose downgrade the branch writes otherwise; it may, and its faults are the branch's."""
    is_one_run: bool = True
    """The revisions run in one go, as those of a branch do when it is deployed."""


def behind(history: History, revisions: Iterable[str]) -> Range:
    """Return what a database that stands at `revisions` has not run: all but these and their ancestors.

    Scripts that define no revision, or the same one once more, are no part of what that database has run.
    """
    run = reached(history, revisions)
    return _range(history, run, {history.revisions[name].path for name in run})


def added(
    history: History,
    settled: Collection[str],
    moved: Collection[str] = frozenset(),
    deleted: Collection[str] = frozenset(),
) -> Range:
    """Return what a branch adds: all but the `settled` scripts, which its base has too, under that name or another."""
    old = {each.id for each in history.revisions.values() if each.path in settled}
    return replace(_range(history, old, settled), moved=frozenset(moved), deleted=frozenset(deleted))


def _range(history: History, run: Collection[str], settled: Collection[str]) -> Range:
    paths = frozenset(_scripts(history))
    return Range(frozenset(history.revisions) - frozenset(run), paths.difference(settled), paths.intersection(settled))


def _scripts(history: History) -> Iterator[str]:
    """The path of every script."""
    yield from (each.path for each in history.revisions.values())
    yield from (each.path for group in history.duplicates for each in group)
    yield from (each.span.path for each in history.unreadable)
    yield from (each.span.path for each in history.strays)
