"""Which version of a package a project runs with, as its lock file or its requirements say; pip is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from migrate_guard import files
from migrate_guard.model.patterns import lazily
from migrate_guard.reading.alembic_config import content
from migrate_guard.reading.script import MAXIMUM_SIZE

Version = tuple[int, ...]

_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_PINS: Final = ("requirements*.txt", "requirements/*.txt", "Pipfile.lock")
_REQUIREMENTS: Final = (
    *("pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "requirements*.txt", "requirements/*.txt"),
    "*.dist-info/METADATA",
)
_NUMBERS: Final = r"(?P<version>\d+(?:\.\d+)*)"
_SQLALCHEMY: Final = lazily(r"(?<![\w-])sqlalchemy(?![-\w.])(?:\[[\w\s,]*\])?([^\n#;]*)", re.IGNORECASE)
_BEFORE_2: Final = lazily(r"(?:===?|~=|\^|<=?)\s*1\.|<\s*2(?:\.0)*(?![\d.])")


@lru_cache(maxsize=64)
def locked_version(package: str, roots: tuple[Path, ...]) -> Version | None:
    """The version of a package that is locked or pinned next to the code; None where nothing says it."""
    locked = rf'^name = "{package}"\s+version = "{_NUMBERS}'
    pinned = rf'^\s*"?{package}(?:\[[^\]]*\])?"?(?:\s*==\s*|: \{{[^}}]*?"version": "==){_NUMBERS}'
    for root in roots:
        for names, pattern in ((_LOCKS, locked), (_PINS, pinned)):
            if found := set(_versions(_texts(root, names), pattern)):
                return found.pop() if len(found) == 1 else None
    return None


def is_before_sqlalchemy_2(roots: tuple[Path, ...]) -> bool:
    """Whether a project asks for SQLAlchemy 1.x, whose connections begin no transaction for a statement."""
    if version := locked_version("sqlalchemy", roots):
        return version < (2,)
    required = (each for root in roots for text in _texts(root, _REQUIREMENTS) for each in _SQLALCHEMY.finditer(text))
    return any(_BEFORE_2.search(each[1]) for each in required)


def _versions(texts: Iterable[str], pattern: str) -> Iterator[Version]:
    for text in texts:
        for match in re.finditer(pattern, text, re.MULTILINE | re.IGNORECASE):
            yield tuple(map(int, match["version"].split(".")))


def _matching(root: Path, name: str) -> list[Path]:
    folder, _, pattern = name.rpartition("/")
    return files.matching(root / folder, pattern)


def _texts(root: Path, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for path in _matching(root, name) if "*" in name else (root / name,):
            yield content(path, MAXIMUM_SIZE).decode(errors="replace")
