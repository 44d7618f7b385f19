"""Where what was found out is kept for the next run: files below one directory, which git ignores.

A file that is cut off, made by another version or no file of ours is as good as none; a directory that cannot be
written keeps nothing. Files are put in place in one step, so that runs beside each other read whole ones or none.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

DIRECTORY: Final = ".migrate_guard_cache"
VARIABLE: Final = "MIGRATE_GUARD_CACHE_DIR"
MARK: Final = "CACHEDIR.TAG"
"""The file by which backups and `clean` know a directory that is a cache (bford.info/cachedir)."""
_MARKED: Final = b"Signature: 8a477f597d28d172789f06886806bc55\n# Made by migrate-guard, which cleans it.\n"
_LONGEST: Final = 100_000_000
"""Bytes of a file that is read."""


class Shelf(NamedTuple):
    """One kind of what is kept."""

    directory: Path
    name: str
    most: int
    """Files that are kept; those that were written first go first."""

    def read(self, key: str) -> bytes | None:
        """What was kept under a key; None where nothing is or it cannot be read."""
        path = self._place(key)
        try:
            return None if path.stat().st_size > _LONGEST else path.read_bytes()
        except OSError:
            return None

    def beginning(self, key: str) -> list[str]:
        """The keys that begin with another and a dot, the one that was written last first."""
        with suppress(OSError):
            there = [(_age(each), each.stem) for each in (self.directory / self.name).glob(f"{key}.*.json")]
            return [stem for _, stem in sorted(there, reverse=True)]
        return []

    def write(self, key: str, data: bytes) -> None:
        """Keep something; raises OSError."""
        path = self._place(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        _mark(self.directory)
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            beside.write_bytes(data)
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        self._bound(path.parent.glob("*.json"))

    def _place(self, key: str) -> Path:
        return self.directory / self.name / f"{key}.json"

    def _bound(self, kept: Iterable[Path]) -> None:
        by_age = sorted((_age(each), each) for each in kept)
        for _, each in by_age[: -self.most]:
            each.unlink(missing_ok=True)


def _age(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # the run beside us has removed it
        return 0


def _mark(directory: Path) -> None:
    for name, data in ((".gitignore", b"*\n"), (MARK, _MARKED)):
        if not (directory / name).exists():
            (directory / name).write_bytes(data)


def remove(directory: Path) -> bool:
    """Remove a cache; whether there was one. A directory that does not bear its mark is none; raises OSError."""
    if not _is_ours(directory):
        return False
    for shelf in [each for each in directory.iterdir() if each.is_dir() and not each.is_symlink()]:
        for file in shelf.glob("*.json*"):
            file.unlink()
        with suppress(OSError):
            shelf.rmdir()
    for name in (".gitignore", MARK):
        (directory / name).unlink(missing_ok=True)
    with suppress(OSError):  # it holds something that is not of us
        directory.rmdir()
    return True


def _is_ours(directory: Path) -> bool:
    try:
        return (directory / MARK).read_bytes() == _MARKED
    except OSError:
        return False
