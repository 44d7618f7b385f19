"""What ignore comments hide, and what is to be said about the comments themselves."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from migrate_guard.config import nearest
from migrate_guard.model.finding import Finding
from migrate_guard.model.revision import Revision, Suppression
from migrate_guard.rule import Problem, Rule, report

UNUSED: Final = "unused-suppression"
"""The rule that hears of what hides nothing; other rules about comments hear of every comment."""


class Comments:
    """The ignore comments of all scripts."""

    def __init__(
        self, comments: Iterable[tuple[Revision | None, Suppression]], rules: Sequence[Rule], known: Mapping[str, str]
    ) -> None:
        self._rules = tuple(rule for rule in rules if Suppression in rule.on)
        # What hides findings about comments is not judged: it would hide its own.
        self._judged = frozenset(rule.code for rule in rules if Suppression not in rule.on)
        self._spellings = tuple(spelling for pair in known.items() for spelling in pair)
        self._codes = {spelling.lower(): code for code, name in known.items() for spelling in (code, name)}
        # A script that two environments share has its comments once.
        self._all = {comment.span: (revision, comment) for revision, comment in comments}
        hidden: defaultdict[tuple[str, str | None], list[tuple[int, int]]] = defaultdict(list)
        for _, comment in self._all.values():
            for name in comment.rules:
                hidden[comment.span.path, self._code(name)].append((comment.first_line, comment.last_line))
        self._hidden = {key: _joined(lines) for key, lines in hidden.items()}

    def hides(self, finding: Finding) -> bool:
        """Say whether a comment hides a finding."""
        stretches = self._hidden.get((finding.span.path, finding.code), ())
        at = bisect_right(stretches, finding.span.line, key=lambda lines: lines[0])
        return at > 0 and finding.span.line <= stretches[at - 1][1]

    def findings(self, said: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return what is to be said about the comments, given what the rules say about everything else."""
        if not self._rules or not self._all:
            return ()
        lines: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for finding in said:
            lines[finding.span.path, finding.code].append(finding.span.line)
        for each in lines.values():
            each.sort()
        return tuple(
            report(rule, problem, revision)
            for revision, comment in self._all.values()
            for rule in self._rules
            for problem in self._problems(rule, comment, lines)
        )

    def _problems(
        self, rule: Rule, comment: Suppression, lines: Mapping[tuple[str, str], list[int]]
    ) -> Iterator[Problem]:
        if rule.name != UNUSED:
            if comment.rules:
                yield from rule.check(comment)
            return
        unused = tuple(name for name in comment.rules if self._is_unused(comment, name, lines))
        if unused:
            yield from rule.check(replace(comment, rules=unused))
        yield from self._misunderstood(comment)

    def _is_unused(self, comment: Suppression, name: str, lines: Mapping[tuple[str, str], list[int]]) -> bool:
        """Say whether a rule that ran has no finding on the lines of a comment that names it."""
        code = self._code(name)
        if code not in self._judged or code is None:
            return False
        found = lines.get((comment.span.path, code), [])
        at = bisect_left(found, comment.first_line)
        return at == len(found) or found[at] > comment.last_line

    def _misunderstood(self, comment: Suppression) -> Iterator[Problem]:
        if not comment.rules:
            yield Problem(
                "this comment names no rule, so it hides nothing",
                comment.span,
                help="Write the rules in brackets, then the reason: # migrate-guard: ignore[MG406] the table is empty.",
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


def _joined(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return stretches of lines in order, those that overlap as one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(stretches):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
