"""Which version of a package a project runs with, as its lock file or its requirements say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from migrate_guard.reading.script import UnreadableFile, read_text

Version = tuple[int, ...]

_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_REQUIREMENTS: Final = ("requirements.txt", "requirements/*.txt", "requirements*.txt", "Pipfile.lock")
_NUMBERS: Final = r"(?P<version>\d+(?:\.\d+)*)"


@lru_cache(maxsize=64)
def locked_version(package: str, roots: tuple[Path, ...]) -> Version | None:
    """The version of a package that is locked or pinned next to the code; None where nothing says it."""
    locked = rf'^name = "{package}"\nversion = "{_NUMBERS}'
    pinned = rf'^\s*"?{package}(?:\[[^\]]*\])?"?(?:\s*==\s*|: \{{[^}}]*?"version": "==){_NUMBERS}'
    for root in roots:
        for names, pattern in ((_LOCKS, locked), (_REQUIREMENTS, pinned)):
            found = [each for name in names for each in _named(root / name, pattern)]
            if found:
                return found[0] if len(set(found)) == 1 else None
    return None


def _named(path: Path, pattern: str) -> Iterator[Version]:
    for file in sorted(path.parent.glob(path.name)) if path.parent.is_dir() else ():
        try:
            text = read_text(file, file.name)
        except UnreadableFile:
            continue
        for match in re.finditer(pattern, text, re.MULTILINE | re.IGNORECASE):
            yield tuple(map(int, match["version"].split(".")))
