"""What throwaway servers of all kinds have in common: their programs, their place, their environment, their words."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migrate_guard.probes.janitor import Account, Janitor

PATIENCE: Final = 60.0
"""Seconds that a server has to be set up, and again to take connections."""


@dataclass(frozen=True, slots=True)
class Program:
    """A server's program that runs here."""

    path: Path
    version: tuple[int, ...]
    words: str
    """What it says of its version, with the vendor's."""
    account: Account


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server keeps everything that it writes."""

    directory: Path
    janitor: Janitor

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def log(self) -> Path:
        return self.directory / "log"

    def admit(self, account: Account) -> None:
        """Let a server's account pass through the directory to its data."""
        if account.uid is not None:
            self.directory.chmod(0o711)

    def make(self, path: Path, account: Account) -> None:
        """Make a directory that only the server's account and root can enter."""
        path.mkdir(mode=0o700)
        if account.uid is not None and account.gid is not None:
            os.chown(path, account.uid, account.gid)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that takes connections."""

    url: str
    version: tuple[int, ...]
    connect: str
    """A command line, in which {database} stands for a database."""
    stop: str
    """Another that stops it."""


def existing(names: Sequence[str], patterns: Iterable[str]) -> list[Path]:
    """Return the programs of these names on the PATH, then those that match a pattern; each only once."""
    places = [os.path.join(each, name) for each in os.get_exec_path() for name in names]
    places += [path for pattern in patterns for path in sorted(glob.glob(pattern), reverse=True)]
    return list(dict.fromkeys(Path(each).resolve() for each in places if os.path.isfile(each)))


def numbers(text: str) -> tuple[int, ...]:
    """Return the first version number in a text, empty where there is none."""
    found = re.search(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def is_of(version: tuple[int, ...], wanted: tuple[int, ...] | None) -> bool:
    """Say whether a version is the wanted one, as far as that is spelled out."""
    return wanted is not None and version[: len(wanted)] == wanted


def environment() -> dict[str, str]:
    """Return the variables for a server: nothing that configures it, but where its libraries are found."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "LOCALE_ARCHIVE")
    return {"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in kept if name in os.environ}}


def telling_lines(log: Path) -> str:
    """Return what a log says of a failure: the lines of errors, else the last ones."""
    try:
        lines = [each.strip() for each in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return "it has left no log"
    lines = [each for each in lines if each]
    telling = [each for each in lines if re.search(r"\b(ERROR|FATAL|PANIC|HINT|DETAIL|error|could not|cannot)\b", each)]
    return "\n".join((telling or lines)[-6:]) or "it has written nothing into its log"
