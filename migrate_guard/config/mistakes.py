"""What is wrong with a configuration, in words: all of it at once, each with what was probably meant."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from msgspec import Struct


class Mistake(Struct, frozen=True):
    """One thing that is wrong: the key or option, what was expected, and the valid name nearest to what was written."""

    key: str
    message: str
    nearest: str | None = None
    line: int | None = None
    """Where in the file the key stands."""

    def __str__(self) -> str:
        question = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        return f"{self.key}: {self.message}{question}"


class ConfigError(Exception):
    """All mistakes of a configuration; `source` is the file, or None where the command line has them."""

    def __init__(self, mistakes: Sequence[Mistake], source: str | None = None) -> None:
        self.mistakes = tuple(mistakes)
        self.source = source
        super().__init__(self._text())

    def _text(self) -> str:
        if len(self.mistakes) == 1:
            (mistake,) = self.mistakes
            return f"{self._where(mistake, self.source)}{mistake}"
        where = f"{self.source}: " if self.source else ""
        name = os.path.basename(self.source or "")
        lines = "".join(f"\n  {self._where(each, name) if each.line else ''}{each}" for each in self.mistakes)
        return f"{where}{len(self.mistakes)} mistakes in the configuration{lines}"

    @staticmethod
    def _where(mistake: Mistake, file: str | None) -> str:
        if not file:
            return ""
        return f"{file}:{mistake.line}: " if mistake.line else f"{file}: "


def spelled(value: object) -> str:
    """Spell a value as TOML does, more or less."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = '"' + value + '"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(word: str, words: Sequence[str] | Mapping[str, object]) -> str | None:
    """Return the word that `word` is probably meant to be."""
    from difflib import get_close_matches

    spelled = {each.lower(): each for each in words}
    close = get_close_matches(word.lower(), spelled, n=1, cutoff=0.6)
    return spelled[close[0]] if close else None
