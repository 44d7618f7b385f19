"""Write ignore comments into a file, which stays what it is: the same code, encoding and ends of lines."""

from __future__ import annotations

import ast
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Source
from migrate_guard.reading.comments import MARK, speaks_for, suppressions
from migrate_guard.reading.script import UnreadableFile, decode, parse

REASON: Final = "TODO: say why"
"""What stands in the place of a reason that somebody has to give."""

_LINES: Final = lazily(rb"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# Where a line ends is the same in all encodings that Python takes for source code.


class Place(NamedTuple):
    """What is to be ignored: the line of a finding, and its rule."""

    line: int
    code: str


class Marked(NamedTuple):
    data: bytes
    """The file with its comments."""
    done: frozenset[Place]
    """What they hide; the rest has no place for a comment."""
    comments: int


def with_ignores(data: bytes, name: str, places: Iterable[Place]) -> Marked:
    """Put a comment at the end of a line of each statement with a finding.

    What is about a file without a statement at that line is ignored for the file as a whole, at its end.
    """
    wanted = sorted(set(places))
    try:
        source = Source(name, decode(data, name))
        tree = parse(source)
    except UnreadableFile:
        return Marked(data, frozenset(), 0)
    free = _free_lines(source)
    by_line: defaultdict[int, list[Place]] = defaultdict(list)
    whole: list[Place] = []
    for place in wanted:
        at = next((each for each in free if each >= place.line and _hides(source, tree, each, place.line)), None)
        if at is None:
            whole.append(place)
        else:
            by_line[at].append(place)
    changed = _written(data, by_line, whole)
    done = _verified(tree, changed, name, wanted)
    if len(done) < len(wanted):
        # What does not come out as it was meant is left as it was.
        return Marked(data, frozenset(), 0) if not done else with_ignores(data, name, done)
    return Marked(changed, frozenset(done), len(by_line) + bool(whole))


def above(data: bytes, places: Iterable[Place]) -> Marked:
    """Put a comment above each line with a finding, as ini files and TOML have them."""
    lines = _split(data)
    by_line: defaultdict[int, list[Place]] = defaultdict(list)
    for place in places:
        if place.line <= len(lines):
            by_line[place.line].append(place)
    for number in sorted(by_line, reverse=True):
        line = lines[number - 1]
        indent = line[: len(line) - len(line.lstrip())] if line.lstrip() else b""
        lines.insert(number - 1, indent + _comment("ignore", by_line[number]) + _newline(lines))
    done = frozenset(place for each in by_line.values() for place in each)
    return Marked(b"".join(lines), done, len(by_line))


def _free_lines(source: Source) -> list[int]:
    """The lines that may end in a comment: not inside of a string, not before a backslash."""
    lines = (line + "\n" for line in source.lines)
    ends = (tokenize.NEWLINE, tokenize.NL, tokenize.COMMENT)
    try:
        tokens = tokenize.generate_tokens(lambda: next(lines, ""))
        return sorted({token.start[0] for token in tokens if token.type in ends})
    except (tokenize.TokenError, SyntaxError):
        return []


def _hides(source: Source, tree: ast.Module, at: int, line: int) -> bool:
    if not source.line(at).strip() or source.line(at).lstrip().startswith("#"):
        return False
    first, last = speaks_for(at, tree)
    return first <= line <= last


def _written(data: bytes, by_line: Mapping[int, Sequence[Place]], whole: Sequence[Place]) -> bytes:
    lines = _split(data)
    for number, places in by_line.items():
        line = lines[number - 1]
        content = line.rstrip(b"\r\n")
        lines[number - 1] = content.rstrip() + b"  " + _comment("ignore", places) + line[len(content) :]
    if whole:
        if lines and not lines[-1].endswith((b"\r", b"\n")):
            lines[-1] += _newline(lines)
        lines.append(_comment("ignore-file", whole) + _newline(lines))
    return b"".join(lines)


def _verified(tree: ast.Module, data: bytes, name: str, wanted: Iterable[Place]) -> list[Place]:
    """What the comments of the changed file hide, nothing where its code is another one."""
    try:
        source = Source(name, decode(data, name))
        changed = parse(source)
    except UnreadableFile:
        return []
    if ast.dump(changed) != ast.dump(tree):
        return []
    comments = suppressions(source, changed)
    return [
        place
        for place in wanted
        if any(place.code in each.rules and each.first_line <= place.line <= each.last_line for each in comments)
    ]


def _comment(verb: str, places: Iterable[Place]) -> bytes:
    codes = ", ".join(sorted({each.code for each in places}))
    return f"# {MARK} {verb}[{codes}] {REASON}".encode()


def _split(data: bytes) -> list[bytes]:
    return [each for each in _LINES.findall(data) if each]


def _newline(lines: Sequence[bytes]) -> bytes:
    """What ends the lines of a file."""
    first = lines[0] if lines else b"\n"
    return first[len(first.rstrip(b"\r\n")) :] or b"\n"
