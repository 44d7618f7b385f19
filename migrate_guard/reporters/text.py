"""For people: each finding with the line of the script that it is about, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from migrate_guard.model.finding import EnvironmentSummary, Finding, Report, Severity
from migrate_guard.model.source import Source, Span
from migrate_guard.reporters import Look
from migrate_guard.reporters._counting import count
from migrate_guard.reporters._styles import BLUE, BOLD, CYAN, SEVERITY_STYLES
from migrate_guard.terminal import cells, paint, visible

LONGEST_LINE = 160
"""Columns of a source line that are shown; of a longer one, the part around the finding."""

_HIDDEN = {"suppressed": "suppressed", "baseline": "in the baseline", "diff": "outside the files given"}


class Marked(NamedTuple):
    """A source line as it is shown, with the columns to underline."""

    line: str
    start: int
    width: int


def render(report: Report, look: Look) -> str:
    """Return the findings with their code frames and the footer, or nothing when quiet and clean."""
    blocks = ["\n".join(_finding(each, report.sources.get(each.span.path), look)) for each in report.findings]
    if look.verbose and report.opaque:
        blocks.append("\n".join(_opaque(report, look)))
    if not look.quiet:
        blocks.append(footer(report))
    return "".join(f"{block}\n\n" for block in blocks).removesuffix("\n")


def _finding(finding: Finding, source: Source | None, look: Look) -> Iterator[str]:
    style = SEVERITY_STYLES[finding.severity]
    severity = paint(str(finding.severity), style, look.color)
    rule = paint(f"{finding.code} {finding.name}", BOLD, look.color)
    yield f"{paint(location(finding.span, source), BOLD, look.color)} {severity} {rule}"
    message = paint(visible(finding.message), style, look.color)
    gutter = ""
    if source is None or finding.span.line > len(source.lines):
        yield f"  {paint('=', BLUE, look.color)} {message}"
    else:
        number = str(finding.span.line)
        gutter = " " * len(number)
        bar = paint("|", BLUE, look.color)
        marked = mark(source.line(finding.span.line), finding.span)
        carets = paint("^" * marked.width, style, look.color)
        yield f"{gutter} {bar}"
        yield f"{paint(number, BLUE, look.color)} {bar} {marked.line}".rstrip()
        yield f"{gutter} {bar} {' ' * marked.start}{carets} {message}"
        if finding.related or finding.write or finding.help:
            yield f"{gutter} {bar}"
    gutter = gutter or " "
    for related in finding.related:
        place = location(related.span, None)
        yield from _note(gutter, "note", f"{visible(related.message)} ({place})", look)
    if finding.help and (look.verbose or not finding.write):
        yield from _note(gutter, "help", finding.help, look)
    if finding.write:
        yield from _note(gutter, "write", finding.write, look)


def _note(gutter: str, label: str, text: str, look: Look) -> Iterator[str]:
    """Yield a remark under a code frame; its further lines are indented as far as its first."""
    first, *others = text.rstrip("\n").split("\n")
    margin = " " * len(f"{gutter} = {label}: ")
    yield f"{gutter} {paint('=', BLUE, look.color)} {paint(f'{label}:', CYAN, look.color)} {visible(first)}".rstrip()
    for line in others:
        yield f"{margin}{visible(line)}".rstrip()


def location(span: Span, source: Source | None) -> str:
    """Return path:line:column, the column in characters where the text is at hand."""
    column = source.characters(span.line, span.column).column if source else span.column
    return f"{visible(span.path)}:{span.line}:{column}"


def mark(line: str, span: Span) -> Marked:
    """Return a source line as it is shown, and where on it the span lies; of a long span its first line."""
    encoded = line.encode(errors="surrogatepass")
    begin = len(encoded[: span.column - 1].decode(errors="ignore"))
    end = len(line.rstrip())
    if span.end_line == span.line:
        end = len(encoded[: span.end_column - 1].decode(errors="ignore"))
    shown = cells(line)
    offsets = [0]
    for _, width in shown:
        offsets.append(offsets[-1] + width)
    left, right = _window(offsets, begin, end)
    before, after = "…" if left > 0 else "", "…" if right < len(shown) else ""
    text = before + "".join(cell for cell, _ in shown[left:right]) + after
    start = len(before) + offsets[min(begin, right)] - offsets[left]
    width = offsets[min(end, right)] - offsets[min(begin, right)]
    return Marked(text, start, max(width, 1))


def _window(offsets: list[int], begin: int, end: int) -> tuple[int, int]:
    """Return the first and last character of a line to show, given the column at which each one starts."""
    last = len(offsets) - 1
    if offsets[-1] <= LONGEST_LINE:
        return 0, last
    spare = max(LONGEST_LINE - (offsets[min(end, last)] - offsets[min(begin, last)]), 0)
    # A third of what is left over goes before the span, where the name of the call stands.
    earliest = max(offsets[min(begin, last)] - max(spare // 3, 20), 0)
    left = next(index for index, offset in enumerate(offsets) if offset >= earliest)
    right = max((index for index, offset in enumerate(offsets) if offset <= offsets[left] + LONGEST_LINE), default=last)
    return left, right


def _opaque(report: Report, look: Look) -> Iterator[str]:
    yield paint("not understood:", BOLD, look.color)
    for each in report.opaque:
        yield f"  {location(each.span, report.sources.get(each.span.path))} {visible(each.reason)}"


def footer(report: Report) -> str:
    """Return how much was found in what, what is hidden, and what was not understood."""
    text = f"{_found(report)}{_where(report.environments)}"
    hidden = Counter(each.by for each in report.hidden)
    if hidden:
        text += "; hidden: " + ", ".join(f"{hidden[by]} {words}" for by, words in _HIDDEN.items() if hidden[by])
    if report.opaque:
        text += f";\n{count(len(report.opaque), 'operation')} not understood (-v lists them)"
    return text


def _found(report: Report) -> str:
    if not report.findings:
        return "no findings"
    by_severity = Counter(each.severity for each in report.findings)
    counts = ", ".join(
        str(by_severity[each]) + " info" if each is Severity.INFO else count(by_severity[each], str(each))
        for each in reversed(Severity)
        if by_severity[each]
    )
    return f"{count(len(report.findings), 'finding')} ({counts})"


def _where(environments: tuple[EnvironmentSummary, ...]) -> str:
    if not environments:
        return ""
    return " in " + " and ".join(
        f"{count(each.revisions, 'revision')} of {visible(each.location)}, {each.target}, {_heads(each.heads)}"
        for each in environments
    )


def _heads(heads: tuple[str, ...]) -> str:
    if not heads:
        return "no head"
    return ("head " if len(heads) == 1 else "heads ") + ", ".join(map(visible, heads))
