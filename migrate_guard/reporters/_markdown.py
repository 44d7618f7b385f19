"""Markdown as GitHub reads it, in which text of others stays text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from migrate_guard.model.patterns import lazily
from migrate_guard.terminal import visible

_SPECIAL: Final = lazily(r"[\\`*_{}\[\]()<>#!|~&@]|:(?=//)|(?<=www)\.", re.IGNORECASE)
_AS_ENTITIES: Final = "<>&@|"
_LINKING: Final = "@#:."
"""What GitHub makes links to people, issues and addresses of, whichever way it is spelled."""
_TICKS: Final = lazily(r"`+")


def code(text: str) -> str:
    """Return a code span, outside of tables."""
    shown = visible(text)
    longest = max((len(each) for each in _TICKS.findall(shown)), default=0)
    ticks = "`" * (longest + 1)
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{space}{shown}{space}{ticks}"


def code_in_cell(text: str) -> str:
    """Return a code span in a table, where GitHub looks for pipes before it looks for code."""
    return code(text.replace("|", r"\|"))


def escaped(text: str) -> str:
    """Return text in which nothing is a mark, a link, a mention or HTML."""
    return _SPECIAL.sub(_spelled, visible(text))


def _spelled(found: re.Match[str]) -> str:
    character = found[0]
    spelled = f"&#{ord(character)};" if character in _AS_ENTITIES else f"\\{character}"
    # A comment parts it from what stands behind it, and is not seen.
    return f"{spelled}<!-- -->" if character in _LINKING else spelled


def row(cells: Sequence[str]) -> str:
    """Return a row of a table."""
    return f"| {' | '.join(cells)} |"


def fence(text: str, language: str) -> str:
    """Return a block of code that nothing in it can end."""
    ticks = "`" * max(max((len(each) for each in _TICKS.findall(text)), default=0) + 1, 3)
    return f"{ticks}{language}\n{text}\n{ticks}"
