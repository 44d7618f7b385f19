"""For GitLab: a Code Quality report.

Sources: docs.gitlab.com, "Code Quality report format"; what is refused is app/validators/json_schemas/codeclimate.json.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from typing import Final

from migrate_guard.model.finding import Report, Severity
from migrate_guard.reporters import Look
from migrate_guard.reporters._places import characters, in_repository, shown
from migrate_guard.reporters._saying import errors_first
from migrate_guard.terminal import visible

_SEVERITIES: Final = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def render(report: Report, look: Look) -> str:
    """Return a JSON array with an object a finding, errors first."""
    documents = []
    for finding, fingerprint in zip(errors_first(report.findings), _fingerprints(report, look), strict=True):
        region = characters(finding.span, report)
        description = f"{finding.message}. {finding.help}" if finding.help else finding.message
        documents.append(
            {
                "description": visible(description),
                "check_name": f"{finding.code} {finding.name}",
                "fingerprint": fingerprint,
                "severity": _SEVERITIES[finding.severity],
                "location": {
                    "path": shown(finding.span.path, look),
                    "lines": {"begin": region.line, "end": region.end_line},
                    "positions": {
                        "begin": {"line": region.line, "column": region.column},
                        "end": {"line": region.end_line, "column": region.end_column},
                    },
                },
            }
        )
    return json.dumps(documents, indent=2) + "\n"


def _fingerprints(report: Report, look: Look) -> Iterator[str]:
    """Yield what GitLab knows each finding by; of several with one it shows the first.

    The fingerprints of findings tell apart what lies in one environment; their files tell environments apart.
    """
    seen: Counter[str] = Counter()
    for finding in errors_first(report.findings):
        key = f"{in_repository(finding.span.path, look)}\0{finding.fingerprint}"
        text = f"{key}\0{seen[key]}" if seen[key] else key
        seen[key] += 1
        yield hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
