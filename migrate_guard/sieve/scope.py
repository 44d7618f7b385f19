"""Which findings a run is asked for, by path."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct, field

from migrate_guard.history.range import Range
from migrate_guard.model.base import Base
from migrate_guard.model.finding import Finding
from migrate_guard.model.revision import History
from migrate_guard.rule import Rule


class PathIgnores(Struct, frozen=True):
    """What a configuration ignores by path: `per-file-ignores` and `exclude`."""

    ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pattern → codes. A pattern without a slash speaks of file names."""
    excluded: tuple[str, ...] = ()
    """The patterns of `exclude`: nothing is reported there."""
    root: Path = Path()
    """The directory that patterns are relative to."""
    base: Path = Path()
    """The directory that the paths of findings are relative to."""

    def hides(self, finding: Finding) -> bool:
        """Say whether the configuration ignores a finding because of the file it lies in."""
        if not self.ignores:
            return False
        path = self._path(finding)
        return any(finding.code in codes and _fits(pattern, path) for pattern, codes in self.ignores.items())

    def excludes(self, finding: Finding) -> bool:
        """Say whether the configuration wants to hear nothing of the file in which a finding lies."""
        return bool(self.excluded) and any(_fits(each, self._path(finding)) for each in self.excluded)

    def _path(self, finding: Finding) -> str:
        return os.path.relpath(os.path.join(self.base, finding.span.path), self.root).replace(os.sep, "/")


@cache
def _fits(pattern: str, path: str) -> bool:
    from fnmatch import fnmatchcase

    pattern = pattern.removeprefix("./")
    if "/" not in pattern:
        path = path.rpartition("/")[2]
    # A directory speaks for all that lies in it.
    return fnmatchcase(path, pattern) or fnmatchcase(path, f"{pattern.rstrip('/')}/*")


def is_inside(
    finding: Finding, restrict: frozenset[str] | None, ranges: Sequence[Range], rules: Sequence[Rule]
) -> bool:
    """Say whether a finding lies in the files asked for, or is one about the graph in which they take part.

    Nobody can ask for a file that the branch under review has deleted: what is said of one is always inside.
    """
    if restrict is None or finding.span.path in restrict:
        return True
    gone = frozenset().union(*(each.deleted for each in ranges))
    return _is_about_graph_with(finding, restrict | gone, rules)


def is_under_review(finding: Finding, ranges: Sequence[Range], rules: Sequence[Rule]) -> bool:
    """Say whether a finding is one of the range of its environment.

    It is if it lies in a script of the range, wherever else a revision of the range leads, if it is about a downgrade
    that the branch writes otherwise, or about the graph in which these scripts take part, and those that the branch has
    moved in it or deleted. What comes of comparing it
    with its base is always one. Environments may have revisions of one id; the script tells which one is meant.
    """
    if any(rule.code == finding.code and Base in rule.on for rule in rules):
        return True
    path = finding.span.path
    own = [each for each in ranges if path in each.scripts or path in each.settled] or ranges
    return any(
        finding.revision in each.revisions
        or path in each.scripts
        or (finding.direction == "downgrade" and path in each.rewritten)
        or _is_about_graph_with(finding, each.scripts | each.moved | each.deleted, rules)
        for each in own
    )


def is_older(finding: Finding, started: Range, rules: Sequence[Rule]) -> bool:
    """Say whether a finding is one of the history before a range; what is about the environment is of today."""
    path, revision = finding.span.path, finding.revision
    if (
        revision in started.revisions
        or path in started.scripts
        or _is_about_graph_with(finding, started.scripts, rules)
    ):
        return False
    return revision is not None or path in started.settled


def _is_about_graph_with(finding: Finding, scripts: frozenset[str], rules: Sequence[Rule]) -> bool:
    places = {finding.span.path, *(related.span.path for related in finding.related)}
    if places.isdisjoint(scripts):
        return False
    return any(rule.code == finding.code and not {History, Base}.isdisjoint(rule.on) for rule in rules)
