"""What throwaway servers of all kinds have in common: their programs, their place, their environment, their words."""

from __future__ import annotations

import glob
import hashlib
import os
import platform
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from migrate_guard.model.patterns import lazily
from migrate_guard.probes.janitor import Account, Janitor, ScratchError
from migrate_guard.probes.servers import cache, packs

PATIENCE: Final = 60.0
"""Seconds that a server has to be set up, and again to take connections."""

_TELLING: Final = lazily(r"\b(ERROR|FATAL|PANIC|HINT|DETAIL|error|could not|cannot)\b")


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

    @property
    def run(self) -> Path:
        """Where its socket is, and what it writes for the moment."""
        return self.directory / "run"

    def prepare(self, account: Account) -> None:
        """Make directories that only the server's account and root can enter, and let it pass to them."""
        if account.uid is not None:
            self.directory.chmod(0o711)
        shutil.rmtree(self.data, ignore_errors=True)
        for path in (self.data, self.run):
            path.mkdir(mode=0o700, exist_ok=True)
            if account.uid is not None and account.gid is not None:
                os.chown(path, account.uid, account.gid)

    def start(self, program: Program, command: Sequence[str], stop: signal.Signals) -> int:
        """Start a command as the program's account and return its process id."""
        return self.janitor.start(
            command,
            account=program.account,
            log=self.log,
            cwd=self.data,
            environment=_environment() | {"TMPDIR": str(self.run)},
            stop=stop,
        )

    def set_up(self, program: Program, command: Sequence[str]) -> None:
        """Run a command that fills the data directory; raises ScratchError."""
        pid = self.start(program, command, signal.SIGKILL)
        if self.janitor.status(pid, PATIENCE) != 0:
            raise ScratchError(f"{command[0]} cannot set up a server: {telling_lines(self.log)}")

    def wait(self, program: Program, pid: int, is_ready: Callable[[], bool]) -> None:
        """Wait until a server takes connections; raises ScratchError with its words when it does not."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.janitor.status(pid, 0.003) is None:
            if is_ready():
                return
        raise ScratchError(f"{program.path} does not start ({program.words}): {telling_lines(self.log)}")


@dataclass(frozen=True, slots=True)
class Running:
    """A server that takes connections."""

    url: str
    version: tuple[int, ...]
    connect: str
    """A command line, in which {database} stands for a database."""
    stop: str
    """Another that stops it."""


def start_from_cache(
    place: Place,
    program: Program,
    options: Sequence[str],
    set_up: Callable[[Place, Program], None],
    run: Callable[[Place, Program], Running],
) -> Running:
    """Run a server on the data directory that was packed when a server like it was last set up, else on a new one.

    Setting up depends on the program and on its options. Raises ScratchError.
    """
    whole = "\n".join([program.words, str(program.path), platform.machine(), *options])
    digest = hashlib.sha256(whole.encode()).hexdigest()[:12]
    name = f"{program.path.name}-{'.'.join(map(str, program.version))}-{digest}"
    packed = cache.read(name)
    if packed is not None:
        try:
            place.prepare(program.account)
            packs.unpack(packed, place.data, program.account.uid, program.account.gid)
            return run(place, program)
        except (packs.Broken, ScratchError):
            # Whatever is wrong, a new one tells.
            cache.remove(name)
            place.log.unlink(missing_ok=True)
    place.prepare(program.account)
    set_up(place, program)
    cache.write(name, packs.pack(place.data), place.janitor)
    return run(place, program)


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


def _environment() -> dict[str, str]:
    """Return the variables for a server: nothing that configures it, but where its libraries are found."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "LOCALE_ARCHIVE")
    return {"LC_ALL": "C", "TZ": "UTC", **{name: os.environ[name] for name in kept if name in os.environ}}


def telling_lines(log: Path) -> str:
    """Return what a log says of a failure: the lines of errors, else the last ones."""
    try:
        lines = [each.strip() for each in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        lines = []
    lines = [each for each in lines if each]
    telling = [each for each in lines if _TELLING.search(each)]
    return "\n".join((telling or lines)[-6:]) or "it has written no log"
