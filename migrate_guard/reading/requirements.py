"""Which SQLAlchemy a project asks for, from its lock file or requirements; nothing is imported or asked of pip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from migrate_guard.reading.alembic_config import content

_LOCKS: Final = ("uv.lock", "poetry.lock", "pdm.lock")
_REQUIREMENTS: Final = (
    *("pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "requirements*.txt", "requirements/*.txt"),
    "*.dist-info/METADATA",
)
_LOCKED: Final = re.compile(r'^name = "sqlalchemy"\s+version = "(\d+)\.', re.IGNORECASE | re.MULTILINE)
_REQUIRED: Final = re.compile(r"(?<![\w-])sqlalchemy(?![-\w.])(?:\[[\w\s,]*\])?([^\n#;]*)", re.IGNORECASE)
_BEFORE_2: Final = re.compile(r"(?:===?|~=|\^|<=?)\s*1\.|<\s*2(?:\.0)*(?![\d.])")


def is_before_sqlalchemy_2(roots: Iterable[Path]) -> bool:
    """Whether a project asks for SQLAlchemy 1.x, whose connections begin no transaction for a statement."""
    places = tuple(dict.fromkeys(roots))
    for text in _texts(places, _LOCKS):
        if locked := _LOCKED.search(text):
            return int(locked[1]) < _AUTOBEGINS
    return any(
        _BEFORE_2.search(required[1]) for text in _texts(places, _REQUIREMENTS) for required in _REQUIRED.finditer(text)
    )


_AUTOBEGINS: Final = 2


def _texts(places: Iterable[Path], names: Iterable[str]) -> Iterator[str]:
    for place in places:
        for name in names:
            for path in sorted(place.glob(name)) if "*" in name else (place / name,):
                yield content(path).decode(errors="replace")
