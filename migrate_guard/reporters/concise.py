"""One line a finding, for editors and grep."""

from __future__ import annotations

from migrate_guard.model.finding import Report
from migrate_guard.reporters import Look
from migrate_guard.reporters._styles import BOLD, SEVERITY_STYLES
from migrate_guard.reporters.text import location
from migrate_guard.terminal import paint, visible


def render(report: Report, look: Look) -> str:
    """Return `path:line:column: severity CODE name: message` for every finding."""
    return "".join(
        f"{paint(location(each.span, report.sources.get(each.span.path)), BOLD, look.color)}:"
        f" {paint(str(each.severity), SEVERITY_STYLES[each.severity], look.color)}"
        f" {each.code} {each.name}: {visible(each.message)}\n"
        for each in report.findings
    )
