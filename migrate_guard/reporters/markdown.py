"""For a comment on a pull request: the findings by file, and the plan of the new revisions where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

from migrate_guard.model.finding import Finding, Report
from migrate_guard.reporters import Look
from migrate_guard.reporters._counting import count
from migrate_guard.reporters._markdown import code, escaped, fence, row
from migrate_guard.reporters._places import in_repository, shown
from migrate_guard.reporters._saying import errors_first, lines
from migrate_guard.reporters.text import footer, found

MARK: Final = "<!-- migrate-guard -->"
"""Begins every comment, by which a job finds the one that it has written before."""
LIMIT: Final = 65_536
"""Characters of a comment on GitHub: "Body is too long (maximum is 65536 characters)"."""
_KEPT_FREE: Final = 536
"""Of these, for the line about what is left out, and for what a job adds."""
_LONGEST: Final = 1_000
"""Characters of a sentence."""
_LONGEST_CODE: Final = 4_000
_ONE_LINE: Final = 1_000_000
"""A width at which nothing is wrapped: the reader of Markdown does it."""


def render(report: Report, look: Look) -> str:
    """Return the comment without a plan."""
    return comment(report, look, ())


def comment(report: Report, look: Look, plan: Sequence[str]) -> str:
    """Return the findings, the severest first, and the plan, a block a revision; of either what a comment holds."""
    top = f"{MARK}\n## migrate-guard: {escaped(found(report))}"
    bottom = escaped(_cut(footer(report, Look(width=_ONE_LINE))))
    room = LIMIT - _KEPT_FREE - _size(top) - _size(bottom)
    findings = _fitting(errors_first(report.findings), look, room - min(sum(map(_size, plan)), room // 4))
    files = _files(findings, look)
    room -= sum(map(_size, files))
    revisions = []
    for block in plan:
        room -= _size(block)
        if room < 0:
            break
        revisions.append(block)
    parts = [top, *files]
    if revisions:
        parts += ["## Plan of the new revisions", *revisions]
    left_out = [
        *([count(len(report.findings) - len(findings), "finding")] if len(findings) < len(report.findings) else []),
        *([f"the plan of {count(len(plan) - len(revisions), 'revision')}"] if len(revisions) < len(plan) else []),
    ]
    if left_out:
        parts.append(f"**Left out: {' and '.join(left_out)}**, as a comment holds {LIMIT:,} characters.")
    return "\n\n".join((*parts, bottom)) + "\n"


def _fitting(findings: Sequence[Finding], look: Look, room: int) -> list[Finding]:
    """The first findings that there is room for."""
    kept: list[Finding] = []
    paths: set[str] = set()
    for each in findings:
        room -= _size(_row(each)) + _size(_details(each, look))
        if each.span.path not in paths:
            room -= _size(_head(each.span.path, look))
            paths.add(each.span.path)
        if room < 0:
            break
        kept.append(each)
    return kept


def _files(findings: Sequence[Finding], look: Look) -> list[str]:
    """A block a file, in the order in which the files come up."""
    places = {path: place for place, path in enumerate(dict.fromkeys(each.span.path for each in findings))}
    by_file = sorted(findings, key=lambda each: places[each.span.path])
    blocks = []
    for path, group in groupby(by_file, key=lambda each: each.span.path):
        own = list(group)
        table = "\n".join((_head(path, look), *map(_row, own)))
        blocks.append("\n\n".join((table, *filter(None, (_details(each, look) for each in own)))))
    return blocks


def _head(path: str, look: Look) -> str:
    rows = (row(("", "line", "rule", "what happens")), row(("---", "---:", "---", "---")))
    return "\n".join((f"### {code(in_repository(path, look))}", "", *rows))


def _row(finding: Finding) -> str:
    return row(
        (
            f"**{finding.severity}**",
            str(finding.span.line),
            escaped(f"{finding.code} {finding.name}"),
            escaped(_cut(finding.message)),
        )
    )


def _details(finding: Finding, look: Look) -> str:
    """What to do and what to write, to be unfolded; empty where there is nothing to say."""
    parts = [escaped(_cut(finding.help))] if finding.help else []
    parts += [
        f"{escaped(_cut(each.message))}: {code(f'{shown(each.span.path, look)}:{each.span.line}')}"
        for each in finding.related
    ]
    if written := finding.write:
        parts.append(fence(_cut_code(lines(written)), "python"))
    if not parts:
        return ""
    label = f"<summary>{finding.code} in line {finding.span.line}: what to do</summary>"
    # An empty line ends the HTML, and Markdown begins.
    return "\n\n".join((f"<details>\n{label}", *parts, "</details>"))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def _cut_code(text: str) -> str:
    return text if len(text) <= _LONGEST_CODE else text[:_LONGEST_CODE].rpartition("\n")[0] + "\n# …"


def _size(text: str) -> int:
    """Characters as JavaScript counts them, with the empty line that follows."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2 + 2
