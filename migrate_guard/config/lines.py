"""The lines of a TOML file on which its keys stand, for messages: tomllib does not tell them."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from migrate_guard.model.patterns import lazily

Key: TypeAlias = tuple[str, ...]

_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED: Final = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER: Final = lazily(rf"\s*\[\[?\s*({_DOTTED})\s*\]\]?\s*(?:#.*)?")
_PAIR: Final = lazily(rf"\s*({_DOTTED})\s*=")


def parts(dotted: str) -> Key:
    """Return the parts of a dotted key, without their quotes."""
    return tuple(each.strip("\"'") for each in re.findall(_PART, dotted))


class Lines:
    """Where the keys of a document stand."""

    def __init__(self, text: str, prefix: Key) -> None:
        self._lines: dict[Key, int] = {}
        table: Key = ()
        for number, line in enumerate(text.splitlines(), 1):
            if header := _HEADER.fullmatch(line):
                table = parts(header[1])
                self._add(table, prefix, number)
            elif pair := _PAIR.match(line):
                self._add((*table, *parts(pair[1])), prefix, number)

    def _add(self, key: Key, prefix: Key, number: int) -> None:
        if key[: len(prefix)] == prefix:
            # A table stands where its first key does, if it has no header.
            for length in range(len(prefix) + 1, len(key) + 1):
                self._lines.setdefault(key[len(prefix) : length], number)

    def of(self, key: str) -> int | None:
        """Return the line of a dotted key, else of the innermost table around it that has one."""
        names = parts(key)
        return next((self._lines[names[:end]] for end in range(len(names), 0, -1) if names[:end] in self._lines), None)
