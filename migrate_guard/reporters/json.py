"""For programs: the stable form that `schemas/check.schema.json` describes."""

from __future__ import annotations

import json
from collections import Counter

from migrate_guard.model.finding import Finding, Report
from migrate_guard.model.source import Source
from migrate_guard.reporters import Look


def render(report: Report, look: Look) -> str:
    """Return the report as one JSON object; columns count characters, ends are exclusive."""
    hidden = Counter(each.by for each in report.hidden)
    document = {
        "version": 1,
        "findings": [_finding(each, report.sources.get(each.span.path)) for each in report.findings],
        "hidden": {"suppressed": 0, "baseline": 0, "diff": 0, **hidden},
        "stale": len(report.stale),
        "opaque": len(report.opaque),
        "revisions": report.revisions,
        "elapsed_ms": report.elapsed_ms,
    }
    # ASCII only: names of files need not be text, and no terminal can be talked into anything.
    return json.dumps(document, indent=2) + "\n"


def _finding(finding: Finding, source: Source | None) -> dict[str, str | int | None]:
    span = finding.span
    column, end_column = span.column, span.end_column
    if source:
        column = source.characters(span.line, span.column).column
        end_column = source.characters(span.end_line, span.end_column).column
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "message": finding.message,
        "help": finding.help,
        "path": span.path,
        "line": span.line,
        "column": column,
        "end_line": span.end_line,
        "end_column": end_column,
        "revision": finding.revision,
        "direction": finding.direction,
        "object": finding.object,
        "fingerprint": finding.fingerprint,
        "write": finding.write,
    }
