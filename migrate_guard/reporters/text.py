"""For people: each finding with the line of the script that it is about, and a summary."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from migrate_guard.model.finding import Finding, Report, Severity
from migrate_guard.model.source import Source, Span
from migrate_guard.reporters import WIDTH, Look
from migrate_guard.reporters._counting import count
from migrate_guard.reporters._styles import BLUE, BOLD, CYAN, SEVERITY_STYLES
from migrate_guard.reporters._wrapping import columns, wrapped
from migrate_guard.terminal import cells, paint, visible

NARROWEST = 40
"""Columns that a source line and a message have in the narrowest terminal."""

_HIDDEN = {
    "suppressed": "suppressed",
    "baseline": "in the baseline",
    "diff": "outside the diff",
    "start-after": "before start-after",
    "exclude": "excluded",
}


class Marked(NamedTuple):
    """A source line as it is shown, with the columns to underline."""

    line: str
    start: int
    width: int


def render(report: Report, look: Look) -> str:
    """Return the findings with their code frames and the footer, or nothing when quiet and clean."""
    blocks = ["\n".join(_finding(each, report, look)) for each in report.findings]
    if look.verbose and report.opaque:
        blocks.append("\n".join(_opaque(report, look)))
    if not look.quiet:
        blocks.append(footer(report, look))
    return "".join(f"{block}\n\n" for block in blocks).removesuffix("\n")


def _finding(finding: Finding, report: Report, look: Look) -> Iterator[str]:
    source = report.sources.get(finding.span.path)
    style = SEVERITY_STYLES[finding.severity]
    severity = paint(str(finding.severity), style, look.color)
    rule = paint(f"{finding.code} {finding.name}", BOLD, look.color)
    yield f"{paint(location(finding.span, source), BOLD, look.color)} {severity} {rule}"
    write = finding.write
    gutter = " "
    if source is None or finding.span.line > len(source.lines):
        equals = paint("=", BLUE, look.color)
        first, *others = wrapped(finding.message, max(look.width - len("  = "), NARROWEST))
        yield f"  {equals} {paint(first, style, look.color)}"
        yield from (f"    {paint(line, style, look.color)}" for line in others)
    else:
        gutter = " " * len(str(finding.span.line))
        yield from _frame(finding, source, look)
        if finding.related or write or finding.help:
            yield f"{gutter} {paint('|', BLUE, look.color)}"
    for related in finding.related:
        place = location(related.span, report.sources.get(related.span.path))
        yield from _note(gutter, "note", f"{related.message} ({place})", look)
    if finding.help and (look.verbose or not write):
        yield from _note(gutter, "help", finding.help, look)
    if write:
        yield from _note(gutter, "write", write, look, is_code=True)


def _frame(finding: Finding, source: Source, look: Look) -> Iterator[str]:
    """Yield the line of a finding with its place underlined, and the message beside or below that."""
    style = SEVERITY_STYLES[finding.severity]
    number = str(finding.span.line)
    bar = paint("|", BLUE, look.color)
    blank = f"{' ' * len(number)} {bar}"
    room = max(look.width - len(f"{number} | "), NARROWEST)
    marked = mark(source.line(finding.span.line), finding.span, room)
    yield blank
    yield f"{paint(number, BLUE, look.color)} {bar} {marked.line}".rstrip()
    carets = f"{blank} {' ' * marked.start}{paint('^' * marked.width, style, look.color)}"
    message = visible(finding.message)
    if marked.start + marked.width + 1 + columns(message) <= room:
        yield f"{carets} {paint(message, style, look.color)}"
        return
    yield carets
    # Far to the right there is no place for it.
    indent = marked.start if room - marked.start >= NARROWEST else 0
    for line in wrapped(message, room - indent):
        yield f"{blank} {' ' * indent}{paint(line, style, look.color)}"


def _note(gutter: str, label: str, text: str, look: Look, *, is_code: bool = False) -> Iterator[str]:
    """Yield a remark under a code frame; its further lines are indented as far as its first."""
    margin = " " * len(f"{gutter} = {label}: ")
    if is_code:
        first, *others = map(visible, text.rstrip("\n").split("\n"))
    else:
        first, *others = wrapped(text, max(look.width - len(margin), NARROWEST))
    yield f"{gutter} {paint('=', BLUE, look.color)} {paint(f'{label}:', CYAN, look.color)} {first}".rstrip()
    for line in others:
        yield f"{margin}{line}".rstrip()


def location(span: Span, source: Source | None) -> str:
    """Return path:line:column, the column in characters where the text is at hand."""
    column = source.characters(span.line, span.column).column if source else span.column
    return f"{visible(span.path)}:{span.line}:{column}"


def mark(line: str, span: Span, room: int = WIDTH) -> Marked:
    """Return a source line as it is shown, and where on it the span lies; of a long span its first line.

    Of a line with more columns than `room` the part around the span is shown.
    """
    if len(line) <= room and line.isascii() and line.isprintable():
        begin, end = span.column - 1, span.end_column - 1 if span.end_line == span.line else len(line.rstrip())
        return Marked(line, min(begin, len(line)), max(min(end, len(line)) - begin, 1))
    encoded = line.encode(errors="surrogatepass")
    begin = len(encoded[: span.column - 1].decode(errors="ignore"))
    end = len(line.rstrip())
    if span.end_line == span.line:
        end = len(encoded[: span.end_column - 1].decode(errors="ignore"))
    shown = cells(line)
    offsets = [0]
    for _, width in shown:
        offsets.append(offsets[-1] + width)
    left, right = _window(offsets, begin, end, room)
    before, after = "…" if left > 0 else "", "…" if right < len(shown) else ""
    text = before + "".join(cell for cell, _ in shown[left:right]) + after
    start = len(before) + offsets[min(begin, right)] - offsets[left]
    width = offsets[min(end, right)] - offsets[min(begin, right)]
    return Marked(text, start, max(width, 1))


def _window(offsets: list[int], begin: int, end: int, room: int) -> tuple[int, int]:
    """Return the first and last character of a line to show, given the column at which each one starts."""
    last = len(offsets) - 1
    if offsets[-1] <= room:
        return 0, last
    room -= 2  # for the marks of what is left out
    start, stop = offsets[min(begin, last)], offsets[min(end, last)]
    if stop <= room:
        return 0, bisect_right(offsets, room) - 1
    # A third of what is left over goes before the span, where the name of the call stands.
    earliest = max(start - max(room - (stop - start), 0) // 3, 0)
    left = bisect_left(offsets, min(earliest, offsets[-1] - room))
    return left, bisect_right(offsets, offsets[left] + room) - 1


def _opaque(report: Report, look: Look) -> Iterator[str]:
    yield paint("not understood:", BOLD, look.color)
    for each in report.opaque:
        yield f"  {location(each.span, report.sources.get(each.span.path))} {visible(each.reason)}"


def footer(report: Report, look: Look) -> str:
    """Return how much was found in what, what is hidden, and what was not understood."""
    places = [
        f"{count(each.revisions, 'revision')} of {visible(each.location)}, {each.target}, {_heads(each.heads)}"
        for each in report.environments
    ]
    places += [f"{count(each.tables, 'table')} of {visible(each.name)}, {each.target}" for each in report.models]
    where = f"{found(report)} in {' and '.join(places)}" if places else found(report)
    hidden = Counter(each.by for each in report.hidden)
    left_out = ", ".join(f"{hidden[by]} {words}" for by, words in _HIDDEN.items() if hidden[by])
    aside = f"; hidden: {left_out}" if left_out else ""
    is_list = len(places) > 1 and columns(where + aside) > look.width
    if is_list:
        lines = [f"{found(report)} in"]
        for place in places:
            first, *others = wrapped(place, max(look.width - 2, NARROWEST))
            lines += [f"  {first}", *(f"    {line}" for line in others)]
        lines += [f"hidden: {left_out}"] if left_out else []
    else:
        lines = wrapped(where + aside, look.width)
        if len(lines) > 1 and left_out:
            lines = [*wrapped(f"{where};", look.width), f"hidden: {left_out}"]
    if report.opaque:
        lines[-1] += "" if is_list else ";"
        lines.append(f"{count(len(report.opaque), 'operation')} not understood (-v lists them)")
    return "\n".join(lines)


def found(report: Report) -> str:
    """Return how many findings there are of each severity."""
    if not report.findings:
        return "no findings"
    by_severity = Counter(each.severity for each in report.findings)
    counts = ", ".join(
        str(by_severity[each]) + " info" if each is Severity.INFO else count(by_severity[each], str(each))
        for each in reversed(Severity)
        if by_severity[each]
    )
    return f"{count(len(report.findings), 'finding')} ({counts})"


def _heads(heads: tuple[str, ...]) -> str:
    if not heads:
        return "no head"
    return ("head " if len(heads) == 1 else "heads ") + ", ".join(map(visible, heads))
