"""For programs that read as they go: one finding a line, each as in the format json."""

from __future__ import annotations

import json

from migrate_guard.model.finding import Report
from migrate_guard.reporters import Look
from migrate_guard.reporters.json import form


def render(report: Report, look: Look) -> str:
    """Return a JSON object a line, of the form `$defs/finding` of `schemas/check.schema.json`."""
    return "".join(f"{json.dumps(form(each, report))}\n" for each in report.findings)
