"""For reviewdog: a DiagnosticResult of the Reviewdog Diagnostic Format.

Source: proto/rdf/reviewdog.proto. Columns count bytes of UTF-8, as spans do, and ends are exclusive. Paths are relative
to the current directory, from which reviewdog finds the root of the repository itself.
"""

from __future__ import annotations

import json

from migrate_guard.model.finding import Finding, Report
from migrate_guard.reporters import Look
from migrate_guard.reporters._markdown import fence
from migrate_guard.reporters._places import in_bytes
from migrate_guard.reporters._saying import errors_first, lines
from migrate_guard.terminal import visible


def render(report: Report, look: Look) -> str:
    """Return one JSON object with a diagnostic a finding, errors first."""
    document = {
        "source": {"name": "migrate-guard"},
        "diagnostics": [_diagnostic(each) for each in errors_first(report.findings)],
    }
    return json.dumps(document, indent=2) + "\n"


def _diagnostic(finding: Finding) -> dict[str, object]:
    region = in_bytes(finding.span)
    return {
        "message": _message(finding),
        "location": {
            "path": visible(finding.span.path),
            "range": {
                "start": {"line": region.line, "column": region.column},
                "end": {"line": region.end_line, "column": region.end_column},
            },
        },
        "severity": str(finding.severity).upper(),
        "code": {"value": f"{finding.code} {finding.name}"},
    }


def _message(finding: Finding) -> str:
    """What reviewdog puts into a comment, which is Markdown."""
    parts = [visible(finding.message), visible(finding.help)]
    if code := finding.write:
        parts.append(fence(lines(code), "python"))
    return "\n\n".join(filter(None, parts))
