"""The part of a history that is under review: what lies behind a revision, or what a branch adds to its base."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from migrate_guard.history.graph import reached
from migrate_guard.model.revision import History


@dataclass(frozen=True, slots=True)
class Range:
    """The revisions under review, and the scripts of the environment in two parts, spelled as findings spell them."""

    revisions: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()
    """The scripts under review, also those that define no readable revision."""
    settled: frozenset[str] = frozenset()
    """The scripts that are not."""
    is_one_run: bool = True
    """The revisions run in one go, as those of a branch do when it is deployed."""


def behind(history: History, revisions: Iterable[str]) -> Range:
    """Return what a database that stands at `revisions` has not run: all but these and their ancestors.

    Scripts that define no revision, or the same one once more, are no part of what that database has run.
    """
    run = reached(history, revisions)
    return _range(history, run, {history.revisions[name].path for name in run})


def added(history: History, on_base: Collection[str], gone: Collection[str]) -> Range:
    """Return what a branch adds: the scripts whose path is not among `on_base`, the paths that its base has.

    `gone` are the revision ids of scripts that the base has and the branch no longer: a script with such an id is one
    that got another name or another folder, and nothing new.
    """
    settled = {path for path, name in _scripts(history) if path in on_base or name in gone}
    return _range(history, {each.id for each in history.revisions.values() if each.path in settled}, settled)


def _range(history: History, run: Collection[str], settled: Collection[str]) -> Range:
    paths = frozenset(path for path, _ in _scripts(history))
    return Range(frozenset(history.revisions) - frozenset(run), paths.difference(settled), paths.intersection(settled))


def _scripts(history: History) -> Iterator[tuple[str, str | None]]:
    """The path of every script, with the id of its revision where it has one."""
    yield from ((each.path, each.id) for each in history.revisions.values())
    yield from ((each.path, each.id) for group in history.duplicates for each in group)
    yield from ((each.span.path, None) for each in history.unreadable)
    yield from ((each.span.path, None) for each in history.strays)
