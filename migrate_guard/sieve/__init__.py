"""From all that the rules say to what is reported: findings in, findings and hidden findings out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from msgspec import Struct, field

from migrate_guard.history.range import Range
from migrate_guard.model.baseline import Baseline, Entry
from migrate_guard.model.finding import Finding, Hidden
from migrate_guard.model.revision import Revision, Suppression
from migrate_guard.rule import Rule
from migrate_guard.sieve.baseline import matched
from migrate_guard.sieve.causes import first_causes, said_once, said_once_an_environment
from migrate_guard.sieve.comments import Comments
from migrate_guard.sieve.ordering import arranged, with_fingerprints
from migrate_guard.sieve.places import Places
from migrate_guard.sieve.scope import PathIgnores, is_inside, is_older, is_under_review

CRASHED: Final = "rule-crashed"
"""The rule that tells that another has not judged: the run has failed, wherever it was to look."""


class Sifted(NamedTuple):
    """What is reported, and what is not and why; both in the order of paths and lines."""

    findings: tuple[Finding, ...]
    hidden: tuple[Hidden, ...]
    unmatched: tuple[Entry, ...] = ()
    """The entries of the baseline that hide nothing."""


class Scope(Struct, frozen=True):
    """What a run is about."""

    rules: Sequence[Rule]
    """The rules that ran."""
    known: Mapping[str, str]
    """Code → name of every rule there is."""
    restrict: frozenset[str] | None = None
    """The files whose findings are asked for, as findings spell them; None for all."""
    path_ignores: PathIgnores = field(default_factory=PathIgnores)
    places: Places = field(default_factory=Places)
    baseline: Baseline = field(default_factory=Baseline)
    ranges: tuple[Range, ...] = ()
    """What is under review of each environment; none for all of all."""
    started: Mapping[str, Range] = field(default_factory=dict)
    """Script location → what has come since the project started with the tool; none for all."""

    def holds(self, finding: Finding) -> bool:
        """Whether a finding is asked for."""
        return self.leaves_out(finding) is None

    def leaves_out(self, finding: Finding) -> str | None:
        """What hides a finding outside the files and the revisions that the run is about."""
        if finding.name == CRASHED:
            return None
        is_in_range = not self.ranges or is_under_review(finding, self.ranges, self.rules)
        if not is_in_range or not is_inside(finding, self.restrict, self.ranges, self.rules):
            return "diff"
        started = self.started.get(self.places.environment(finding)) if self.started else None
        return "start-after" if started and is_older(finding, started, self.rules) else None


def sift(findings: Iterable[Finding], comments: Iterable[tuple[Revision | None, Suppression]], scope: Scope) -> Sifted:
    """Keep one finding a cause, hide what is outside the scope, suppressed or accepted, and judge the comments."""
    first = said_once_an_environment(findings, scope.rules, scope.places.environments, scope.holds)
    said = said_once(arranged(first), scope.rules)
    book = Comments(comments, scope.rules, scope.known)
    about_comments = book.findings(said)
    everything = with_fingerprints(arranged((*said, *about_comments)), scope.places)
    first_spoken = first_causes(everything, scope.rules)
    reasons = [_hides(each, book, scope) for each in first_spoken]
    left = [each for each, by in zip(first_spoken, reasons, strict=True) if by is None and each.name != CRASHED]
    once = {rule.code for rule in scope.rules if rule.is_said_once}
    accepted, unmatched = matched(left, scope.baseline, scope.places, once)
    kept: list[Finding] = []
    hidden: list[Hidden] = []
    for finding, by in zip(first_spoken, reasons, strict=True):
        if by is not None:
            hidden.append(Hidden(finding, by))
        elif finding in accepted:
            hidden.append(Hidden(finding, "baseline"))
        else:
            kept.append(finding)
    return Sifted(tuple(kept), tuple(hidden), unmatched)


def _hides(finding: Finding, book: Comments, scope: Scope) -> str | None:
    """What hides a finding before any baseline is asked."""
    if by := scope.leaves_out(finding):
        return by
    if finding.name != CRASHED and scope.path_ignores.excludes(finding):
        return "exclude"
    if book.hides(finding) or scope.path_ignores.hides(finding):
        return "suppressed"
    return None
