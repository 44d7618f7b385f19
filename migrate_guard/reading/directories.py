"""Walking through directories: sorted, bounded, never along links."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from migrate_guard import files

MAX_DIRECTORIES: Final = 50_000
MAX_DEPTH: Final = 64
_SKIPPED: Final = frozenset({"node_modules", "site-packages", "build", "dist", "__pycache__"})


def project_directories(top: Path, warn: Callable[[str], None]) -> Iterator[tuple[Path, list[str]]]:
    """Yield the directories of a project with the files in each, leaving out what is not the project's own."""
    for count, (directory, directories, names) in enumerate(walk(top)):
        if count >= MAX_DIRECTORIES:
            warn(f"{top} holds too many directories to look through; name the path of the migrations")
            return
        foreign = "pyvenv.cfg" in names and directory != top
        if not foreign:
            yield directory, names
        directories[:] = [name for name in directories if not (foreign or name in _SKIPPED or name.startswith("."))]


def walk(top: Path, warn: Callable[[str], None] = lambda message: None) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Walk down as os.walk does, names sorted, links not followed, to a bounded depth; warn of what is unreadable."""
    for place, directories, names in os.walk(top, onerror=lambda error: warn(f"{error.filename}: {error.strerror}")):
        files.note_listed(place, [*directories, *names])
        directories.sort()
        yield Path(place), directories, sorted(names)
        if len(Path(place).parts) - len(top.parts) >= MAX_DEPTH:
            directories.clear()


def real(path: Path) -> Path:
    """The path without links."""
    return Path(files.realpath(path))
