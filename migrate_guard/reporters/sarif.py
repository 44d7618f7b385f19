"""For code scanning: SARIF 2.1.0.

Sources: the standard (docs.oasis-open.org/sarif/sarif/v2.1.0), and docs.github.com, "SARIF support for code scanning",
for what GitHub shows and how long it may be.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict
from urllib.parse import quote

from migrate_guard import __version__
from migrate_guard.model.finding import Finding, Report, RuleSummary, Severity
from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Span
from migrate_guard.pages import Page, load
from migrate_guard.reporters import Look
from migrate_guard.reporters._places import characters, in_repository
from migrate_guard.reporters._saying import advice, errors_first
from migrate_guard.terminal import visible

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LONGEST: Final = 1024
"""Characters of a description (GitHub)."""
_LEVELS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PROBLEMS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "recommendation"}
_SECTIONS: Final = ("What happens", "Why it hurts", "What to do", "Quiet when", "Not seen", "Options", "Sources")
"""Of a page, what explains the rule; its examples are for `explain`."""
_DRIVE: Final = lazily(r"[A-Za-z]:/")


class Text(TypedDict):
    text: str
    markdown: NotRequired[str]


def render(report: Report, look: Look) -> str:
    """Return a log with one run: the rules that found something, and their findings, errors first."""
    rules = _rules(report)
    places = {code: place for place, code in enumerate(rules)}
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "migrate-guard",
                        "version": __version__,
                        "semanticVersion": __version__,
                        "rules": [_descriptor(each) for each in rules.values()],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, report, look, places) for each in errors_first(report.findings)],
            }
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _rules(report: Report) -> Mapping[str, RuleSummary]:
    """The rules that found something, in the order of their codes."""
    found = {each.code: RuleSummary(each.code, each.name, each.severity, each.name) for each in report.findings}
    return {code: report.rules.get(code, found[code]) for code in sorted(found)}


def _descriptor(rule: RuleSummary) -> dict[str, object]:
    page = load(rule.code, rule.folder)
    summary = rule.summary or rule.name
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": _short(summary)},
        "fullDescription": {"text": _short(page.sections["What happens"] if page else summary)},
        "help": _help(page, rule) if page else {"text": summary},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        # What a finding is less sure of than its rule says `confidence` of the result.
        "properties": {"precision": "high", "problem.severity": _PROBLEMS[rule.severity], "tags": ["migrations"]},
    }


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1].rstrip() + "…"


def _help(page: Page, rule: RuleSummary) -> Text:
    parts = [(heading, page.sections[heading]) for heading in _SECTIONS if heading in page.sections]
    examples = f"migrate-guard explain {rule.code}"
    return {
        "text": "\n\n".join((*(f"{heading}\n{text}" for heading, text in parts), f"Examples: {examples}")),
        "markdown": "\n\n".join((*(f"## {heading}\n\n{text}" for heading, text in parts), f"Examples: `{examples}`")),
    }


def _result(finding: Finding, report: Report, look: Look, places: Mapping[str, int]) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.code,
        "ruleIndex": places[finding.code],
        "level": _LEVELS[finding.severity],
        "message": _message(finding),
        "locations": [{"physicalLocation": _location(finding.span, report, look)}],
        "partialFingerprints": {"migrateGuard/v1": finding.fingerprint},
        "properties": {
            name: visible(value)
            for name, value in (
                ("confidence", str(finding.confidence)),
                ("object", finding.object),
                ("revision", finding.revision),
                ("direction", finding.direction),
            )
            if value is not None
        },
    }
    if finding.related:
        result["relatedLocations"] = [
            {
                "id": number,
                "message": {"text": visible(each.message)},
                "physicalLocation": _location(each.span, report, look),
            }
            for number, each in enumerate(finding.related, 1)
        ]
    return result


def _message(finding: Finding) -> Text:
    """What happens, what to do and what to write, in which nothing is a link (3.11.6)."""
    text = "\n".join(filter(None, (visible(finding.message), advice(finding))))
    return {"text": text.replace("](", "] (")}


def _location(span: Span, report: Report, look: Look) -> dict[str, object]:
    region = characters(span, report)
    return {
        "artifactLocation": {"uri": _uri(in_repository(span.path, look))},
        "region": {
            "startLine": region.line,
            "startColumn": region.column,
            "endLine": region.end_line,
            "endColumn": region.end_column,
        },
    }


def _uri(path: str) -> str:
    """The URI of a file: relative as its path is, or of the scheme file (RFC 8089)."""
    encoded = quote(os.fsencode(path))
    if path.startswith("/"):
        return f"file://{encoded}"
    return f"file:///{encoded}" if _DRIVE.match(path) else encoded
