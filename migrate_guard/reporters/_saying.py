"""What findings say, in the order and with the words that programs pass on to people."""

from __future__ import annotations

from collections.abc import Iterable

from migrate_guard.model.finding import Finding
from migrate_guard.terminal import visible


def errors_first(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with the severest first, for consumers that show the first few; else in their order."""
    return sorted(findings, key=lambda each: -each.severity)


def lines(text: str) -> str:
    """Return a text with its lines, each as a terminal shows it."""
    return "\n".join(map(visible, text.rstrip("\n").split("\n")))


def advice(finding: Finding) -> str:
    """Return what to do and what to write, in lines; empty where there is nothing to say."""
    parts = [visible(finding.help)] if finding.help else []
    if code := finding.write:
        parts.append(f"write:\n{lines(code)}")
    return "\n".join(parts)
