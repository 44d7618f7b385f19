"""For GitHub Actions: an annotation a finding, as a command of the workflow.

Sources: docs.github.com, "Workflow commands for GitHub Actions"; how it is escaped and which properties go together
is in ActionCommand.cs and ActionCommandManager.cs of actions/runner. GitHub shows ten errors, ten warnings and ten
notices of a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from migrate_guard.model.finding import Finding, Report, Severity
from migrate_guard.reporters import Look
from migrate_guard.reporters._places import characters, shown
from migrate_guard.reporters._saying import advice, errors_first
from migrate_guard.terminal import visible

_COMMANDS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_IN_DATA: Final[Mapping[str, str]] = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES: Final[Mapping[str, str]] = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def render(report: Report, look: Look) -> str:
    """Return a line for every finding, errors first."""
    return "".join(f"{_command(each, report, look)}\n" for each in errors_first(report.findings))


def _command(finding: Finding, report: Report, look: Look) -> str:
    region = characters(finding.span, report)
    properties = {
        "title": f"{finding.code} {finding.name}",
        "file": shown(finding.span.path, look),
        "line": str(region.line),
        "endLine": str(region.end_line),
    }
    # The runner drops the columns of what begins and ends on different lines.
    if region.line == region.end_line:
        properties |= {"col": str(region.column), "endColumn": str(region.end_column)}
    written = ",".join(f"{name}={_escaped(value, _IN_PROPERTIES)}" for name, value in properties.items())
    said = "\n".join(filter(None, (visible(finding.message), advice(finding))))
    return f"::{_COMMANDS[finding.severity]} {written}::{_escaped(said, _IN_DATA)}"


def _escaped(text: str, escapes: Mapping[str, str]) -> str:
    return text.translate({ord(character): written for character, written in escapes.items()})
