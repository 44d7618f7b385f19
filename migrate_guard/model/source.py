"""Places in files, and the text they point into."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A stretch of a file; lines and columns count from 1, the end column is exclusive.

    Columns count UTF-8 bytes, as Python's own parser does; `Source.characters` converts for display.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def contains(self, other: Span) -> bool:
        """Whether another place lies within this one."""
        begins = (self.line, self.column) <= (other.line, other.column)
        ends = (other.end_line, other.end_column) <= (self.end_line, self.end_column)
        return self.path == other.path and begins and ends

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Position(NamedTuple):
    """A line and a column in some unit (characters, UTF-16 units), both from 1."""

    line: int
    column: int


class Source:
    """The decoded text of one file."""

    __slots__ = ("_lines", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """The lines as Python counts them: ended by \\n, \\r\\n or \\r, and by nothing else."""
        if self._lines is None:
            self._lines = self.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return self._lines

    def release(self) -> None:
        """Let the lines go; they are made again when they are asked for."""
        self._lines = None

    def line(self, number: int) -> str:
        """The text of a line, counted from 1; empty when there is no such line."""
        return self.lines[number - 1] if 0 < number <= len(self.lines) else ""

    def characters(self, line: int, column: int) -> Position:
        """Convert a byte column to one that counts characters."""
        return Position(line, len(_head(self.line(line), column)) + 1)

    def utf16(self, line: int, column: int) -> Position:
        """Convert a byte column to one that counts UTF-16 code units, as editors do."""
        return Position(line, len(_head(self.line(line), column).encode("utf-16-le")) // 2 + 1)

    def whole(self) -> Span:
        """The first line: where a finding about the file as a whole points."""
        return Span(self.path, 1, 1, 1, max(len(self.line(1).encode()), 1) + 1)


def _head(text: str, column: int) -> str:
    if text.isascii():
        return text[: column - 1]
    return text.encode()[: column - 1].decode(errors="ignore")
