"""How many findings each rule has."""

from __future__ import annotations

from collections import Counter

from migrate_guard.model.finding import Report
from migrate_guard.reporters import Look
from migrate_guard.reporters._styles import SEVERITY_STYLES
from migrate_guard.reporters.text import footer
from migrate_guard.terminal import paint


def render(report: Report, look: Look) -> str:
    """Return a line for every rule that found something, the busiest first, and the footer."""
    counts = Counter((each.code, each.name) for each in report.findings)
    severities = {each.code: each.severity for each in report.findings}
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    width = len(str(ranked[0][1])) if ranked else 0
    lines = [
        f"{number:>{width}}  {paint(code, SEVERITY_STYLES[severities[code]], look.color)}  {name}"
        for (code, name), number in ranked
    ]
    if lines:
        lines.append("")
    if not look.quiet:
        lines.append(footer(report, look))
    return "".join(f"{line}\n" for line in lines)
