"""The order of findings, and the names by which they are known from run to run."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable

from msgspec.structs import replace

from migrate_guard.model.finding import Finding
from migrate_guard.sieve.places import Places


def arranged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings without repetitions, by path, line, column and code."""
    unique = {_identity(finding): finding for finding in reversed(tuple(findings))}
    return tuple(sorted(unique.values(), key=_place))


def with_fingerprints(findings: Iterable[Finding], places: Places) -> tuple[Finding, ...]:
    """Give every finding its fingerprint: rule, revision and object, and which of those that agree in all three.

    What is about the graph goes by the revision in whose script it lies, and what belongs to no revision by the name of
    its file. Lines are no part of it: findings move. Neither are other environments.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    marked = []
    for finding in findings:
        place = places.revision(finding) or finding.span.path.rpartition("/")[2]
        key = (finding.code, place, finding.object or "")
        number = seen[places.environment(finding), *key]
        seen[places.environment(finding), *key] += 1
        digest = hashlib.sha256("\0".join((*key, str(number))).encode(errors="surrogatepass")).hexdigest()
        marked.append(replace(finding, fingerprint=digest[:16]))
    return tuple(marked)


def _identity(finding: Finding) -> tuple[object, ...]:
    return (finding.code, finding.span, finding.message, finding.object, finding.revision, finding.direction)


def _place(finding: Finding) -> tuple[object, ...]:
    span = finding.span
    return (
        span.path,
        span.line,
        span.column,
        finding.code,
        span.end_line,
        span.end_column,
        finding.object or "",
        finding.direction or "",
        finding.message,
    )
