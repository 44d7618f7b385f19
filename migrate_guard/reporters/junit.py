"""For what shows test results: JUnit's XML, a suite a file and a test case a finding.

What fails the run is a failure, a finding below that a skipped test, a rule that has crashed an error. Consumers know a
test case by its class and its name, in which no line stands: it is the same from run to run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby
from typing import Final
from xml.etree import ElementTree as ET

from migrate_guard.model.finding import Finding, Report
from migrate_guard.reporters import Look
from migrate_guard.reporters._places import characters, shown
from migrate_guard.reporters._saying import advice
from migrate_guard.terminal import visible

_CRASHED: Final = "rule-crashed"
_TOOL: Final = "migrate-guard"


def render(report: Report, look: Look) -> str:
    """Return a document of test suites; a clean run is one test that passes."""
    root = ET.Element("testsuites", name=_TOOL)
    in_order = sorted(report.findings, key=lambda each: each.span.path)
    for path, findings in groupby(in_order, key=lambda each: each.span.path):
        root.append(_suite(shown(path, look), list(findings), report, look))
    if not report.findings:
        clean = ET.SubElement(root, "testsuite", name=_TOOL)
        ET.SubElement(clean, "testcase", name="no findings", classname=_TOOL, time="0")
    _count((root, *root))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False).join(
        ('<?xml version="1.0" encoding="UTF-8"?>\n', "\n")
    )


def _suite(path: str, findings: Iterable[Finding], report: Report, look: Look) -> ET.Element:
    suite = ET.Element("testsuite", name=path)
    seen: Counter[str] = Counter()
    for finding in findings:
        name = visible(" ".join(filter(None, (finding.code, finding.name, finding.object))))
        seen[name] += 1
        number = f" #{seen[name]}" if seen[name] > 1 else ""
        region = characters(finding.span, report)
        case = ET.SubElement(
            suite, "testcase", name=f"{name}{number}", classname=path, file=path, line=str(region.line), time="0"
        )
        message = visible(finding.message)
        told = ET.SubElement(case, _outcome(finding, look), type=str(finding.severity), message=message)
        told.text = "\n".join(filter(None, (f"{path}:{region.line}:{region.column}: {message}", advice(finding))))
    return suite


def _outcome(finding: Finding, look: Look) -> str:
    if finding.name == _CRASHED:
        return "error"
    return "failure" if finding.severity >= look.fail_on else "skipped"


def _count(elements: Iterable[ET.Element]) -> None:
    """Say of suites how many tests they have, and what came of them."""
    for element in elements:
        element.set("tests", str(sum(1 for _ in element.iter("testcase"))))
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(attribute, str(sum(1 for _ in element.iter(tag))))
