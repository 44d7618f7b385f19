"""From all that the rules say to what is reported: findings in, findings and hidden findings out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from migrate_guard.history.range import Range
from migrate_guard.model.finding import Finding, Hidden
from migrate_guard.model.revision import Revision, Suppression
from migrate_guard.rule import Rule
from migrate_guard.sieve.causes import first_causes, said_once, said_once_an_environment
from migrate_guard.sieve.comments import Comments
from migrate_guard.sieve.ordering import arranged, with_fingerprints
from migrate_guard.sieve.scope import PathIgnores, is_inside, is_under_review

CRASHED: Final = "rule-crashed"
"""The rule that tells that another has not judged: the run has failed, wherever it was to look."""


class Sifted(NamedTuple):
    """What is reported, and what is not and why; both in the order of paths and lines."""

    findings: tuple[Finding, ...]
    hidden: tuple[Hidden, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run is about."""

    rules: Sequence[Rule]
    """The rules that ran."""
    known: Mapping[str, str]
    """Code → name of every rule there is."""
    restrict: frozenset[str] | None = None
    """The files whose findings are asked for, as findings spell them; None for all."""
    path_ignores: PathIgnores = field(default_factory=PathIgnores)
    environments: Mapping[str, str] = field(default_factory=dict)
    """Path of a script → the environment that it belongs to."""
    ranges: tuple[Range, ...] = ()
    """What is under review of each environment; none for all of all."""

    def holds(self, finding: Finding) -> bool:
        """Whether a finding is asked for, in the files and in the range of revisions that the run is about."""
        if finding.name == CRASHED:
            return True
        is_in_range = not self.ranges or is_under_review(finding, self.ranges, self.rules)
        return is_in_range and is_inside(finding, self.restrict, self.rules)


def sift(findings: Iterable[Finding], comments: Iterable[tuple[Revision | None, Suppression]], scope: Scope) -> Sifted:
    """Keep one finding a cause, hide what is outside the scope or suppressed, and judge the comments themselves."""
    first = said_once_an_environment(findings, scope.rules, scope.environments, scope.holds)
    said = said_once(arranged(first), scope.rules)
    book = Comments(comments, scope.rules, scope.known)
    about_comments = book.findings(said)
    everything = with_fingerprints(arranged((*said, *about_comments)))
    kept: list[Finding] = []
    hidden: list[Hidden] = []
    for finding in first_causes(everything, scope.rules):
        if not scope.holds(finding):
            hidden.append(Hidden(finding, "diff"))
        elif book.hides(finding) or scope.path_ignores.hides(finding):
            hidden.append(Hidden(finding, "suppressed"))
        else:
            kept.append(finding)
    return Sifted(tuple(kept), tuple(hidden))
