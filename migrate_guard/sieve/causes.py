"""One finding a cause: where two rules see the same, the one that the other yields to speaks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from migrate_guard.model.finding import Finding
from migrate_guard.rule import Rule


def first_causes(findings: Sequence[Finding], rules: Iterable[Rule]) -> tuple[Finding, ...]:
    """Return the findings without those whose rule yields to another that speaks about the same."""
    yields = {rule.code: frozenset(rule.yields_to) for rule in rules if rule.yields_to}
    if not yields:
        return tuple(findings)
    speakers: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        speakers[finding.span.path].append(finding)
    return tuple(
        finding
        for finding in findings
        if finding.code not in yields
        or not any(
            other.code in yields[finding.code] and _is_same_cause(other, finding)
            for other in speakers[finding.span.path]
        )
    )


def _is_same_cause(first: Finding, other: Finding) -> bool:
    """Say whether two findings of one file are about the same line, or in one direction about the same object.

    A table stands for what it contains.
    """
    if first.span.line == other.span.line:
        return True
    if not first.object or not other.object or first.direction != other.direction:
        return False
    return other.object == first.object or other.object.startswith(f"{first.object}.")
