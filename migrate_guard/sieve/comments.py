"""What ignore comments hide, and what is to be said about the comments themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from migrate_guard.config import nearest
from migrate_guard.model.finding import Finding
from migrate_guard.model.revision import Revision, Suppression
from migrate_guard.rule import Problem, Rule, report

UNUSED: Final = "unused-suppression"
"""The rule that hears of what hides nothing; other rules about comments hear of every comment."""


class Comments:
    """The ignore comments of all scripts."""

    def __init__(
        self, comments: Iterable[tuple[Revision, Suppression]], rules: Sequence[Rule], known: Mapping[str, str]
    ) -> None:
        self._rules = tuple(rule for rule in rules if Suppression in rule.on)
        self._running = frozenset(rule.code for rule in rules)
        self._spellings = tuple(spelling for pair in known.items() for spelling in pair)
        self._codes = {spelling.lower(): code for code, name in known.items() for spelling in (code, name)}
        # A script that two environments share has its comments once.
        self._all = {comment.span: (revision, comment) for revision, comment in comments}
        self._by_path: defaultdict[str, list[Suppression]] = defaultdict(list)
        for _, comment in self._all.values():
            self._by_path[comment.span.path].append(comment)

    def hides(self, finding: Finding) -> bool:
        """Say whether a comment hides a finding."""
        return any(
            self._speaks_of(comment, finding.code) and comment.first_line <= finding.span.line <= comment.last_line
            for comment in self._by_path.get(finding.span.path, ())
        )

    def findings(self, said: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return what is to be said about the comments, given what the rules say about everything else."""
        if not self._rules or not self._all:
            return ()
        by_path: defaultdict[str, list[Finding]] = defaultdict(list)
        for finding in said:
            by_path[finding.span.path].append(finding)
        return tuple(
            report(rule, problem, revision)
            for revision, comment in self._all.values()
            for rule in self._rules
            for problem in self._problems(rule, comment, by_path[comment.span.path])
        )

    def _problems(self, rule: Rule, comment: Suppression, said: Sequence[Finding]) -> Iterator[Problem]:
        if rule.name != UNUSED:
            if comment.rules:
                yield from rule.check(comment)
            return
        # What hides findings about comments is not judged: it would hide its own.
        judged = self._running.difference(rule.code for rule in self._rules)
        used = {finding.code for finding in said if comment.first_line <= finding.span.line <= comment.last_line}
        unused = tuple(name for name in comment.rules if (code := self._code(name)) in judged and code not in used)
        if unused:
            yield from rule.check(replace(comment, rules=unused))
        yield from self._misunderstood(comment)

    def _misunderstood(self, comment: Suppression) -> Iterator[Problem]:
        if not comment.rules:
            yield Problem(
                "this comment names no rule, so it hides nothing",
                comment.span,
                help="Write the rules in brackets, then the reason: # migrate-guard: ignore[MG301] the table is empty.",
            )
        for name in comment.rules:
            if self._code(name) is None:
                yield Problem(
                    f'this comment hides nothing: there is no rule "{name}"', comment.span, help=self._help(name)
                )

    def _help(self, name: str) -> str:
        close = nearest(name, self._spellings)
        if close is None:
            return "Write the code or the name of a rule; migrate-guard explain --all lists them."
        return f"Write {close}, or remove the comment."

    def _code(self, name: str) -> str | None:
        return self._codes.get(name.lower())

    def _speaks_of(self, comment: Suppression, code: str) -> bool:
        return any(self._code(name) == code for name in comment.rules)
