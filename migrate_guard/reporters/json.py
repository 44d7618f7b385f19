"""For programs: the stable form that `schemas/check.schema.json` describes."""

from __future__ import annotations

import json
from collections import Counter
from typing import TypedDict

from migrate_guard.model.finding import Finding, Report
from migrate_guard.reporters import Look
from migrate_guard.reporters._places import characters


def render(report: Report, look: Look) -> str:
    """Return the report as one JSON object; columns count characters, ends are exclusive."""
    hidden = Counter(each.by for each in report.hidden)
    document = {
        "version": 1,
        "findings": [form(each, report) for each in report.findings],
        "hidden": {"suppressed": 0, "baseline": 0, "diff": 0, **hidden},
        "stale": len(report.stale),
        "opaque": len(report.opaque),
        "revisions": report.revisions,
        "elapsed_ms": report.elapsed_ms,
    }
    # ASCII only: names of files need not be text, and no terminal can be talked into anything.
    return json.dumps(document, indent=2) + "\n"


class Form(TypedDict):
    """A finding as it is printed."""

    code: str
    name: str
    severity: str
    confidence: str
    message: str
    help: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    revision: str | None
    direction: str | None
    object: str | None
    fingerprint: str
    write: str | None


def form(finding: Finding, report: Report) -> Form:
    """Return a finding in the form that is printed."""
    region = characters(finding.span, report)
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": str(finding.severity),
        "confidence": str(finding.confidence),
        "message": finding.message,
        "help": finding.help,
        "path": finding.span.path,
        "line": region.line,
        "column": region.column,
        "end_line": region.end_line,
        "end_column": region.end_column,
        "revision": finding.revision,
        "direction": finding.direction,
        "object": finding.object,
        "fingerprint": finding.fingerprint,
        "write": finding.write,
    }
