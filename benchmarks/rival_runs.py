"""Installing and running the tools of `rivals.py`."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rivals import OWN, Command, Rival

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT = 300.0
NO_FURTHER = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Invalid\w*|FAILED)\b.*", re.MULTILINE)
"""The line of a traceback, or of a tool, that says what is wrong."""


@dataclass(frozen=True)
class Subject:
    """A history as a tool gets it: a project, and where in it the scripts and the settings are."""

    root: Path
    location: str
    ini: str
    environ: Mapping[str, str] = field(default_factory=dict, hash=False)
    url: str = ""
    """Of an empty database, for a tool that runs the scripts."""


@dataclass(frozen=True)
class Run:
    """What the commands of a tool took and printed."""

    wall: float
    cpu: float
    code: int
    printed: str
    """By the last command that ran."""
    complained: str = ""
    """What it wrote to stderr."""
    is_complete: bool = False
    """Whether all commands ran."""


# -- installing


class NotInstalled(Exception):
    """The requirements cannot be had together."""

    @property
    def cause(self) -> str:
        """What uv says of it, without what it says of every such failure."""
        return str(self).rpartition("cause: ")[2]


@dataclass
class Environments:
    """Environments of Python, one for each set of requirements."""

    directory: Path
    wheel: Path | None = None
    """Of this checkout, once it is built."""

    def programs(self, requirements: Sequence[str]) -> Path:
        """Return the directory of the programs, installing them if they are not there yet."""
        wanted = [str(self.own_wheel()) if each == OWN else each for each in requirements]
        own = self.own_wheel().read_bytes() if OWN in requirements else b""
        digest = hashlib.sha256("\n".join((sys.version, *requirements)).encode() + own).hexdigest()[:16]
        made = self.directory / digest
        if not (made / "complete").exists():
            uv("venv", "--clear", "--python", sys.executable, made)
            uv("pip", "install", "--compile-bytecode", "--python", made / "bin" / "python", *wanted)
            (made / "complete").touch()
        return made / "bin"

    def own_wheel(self) -> Path:
        """Build migrate-guard, once a run."""
        if self.wheel is None:
            built = self.directory / "wheel"
            shutil.rmtree(built, ignore_errors=True)
            uv("build", "--wheel", "--out-dir", built, ROOT)
            (self.wheel,) = built.glob("*.whl")
        return self.wheel


def uv(*arguments: str | Path) -> None:
    """Run uv."""
    done = subprocess.run(["uv", *arguments, "--quiet"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotInstalled(" ".join(done.stderr.split()))


# -- running


def run(commands: Sequence[Command], programs: Path, subject: Subject, environ: Mapping[str, str]) -> Run:
    """Run the commands of a tool one after another, up to one that fails; their times are added."""
    with tempfile.TemporaryDirectory() as temporary:
        words = {
            "versions": f"{subject.location}/versions",
            "location": subject.location,
            "ini": subject.ini,
            "out": f"{temporary}/out",
            "url": subject.url,
            "python": programs / "python",
        }
        every = {name: value.format(**words) for name, value in {**environ, **subject.environ}.items()}
        environment = clean_environment(programs, Path(temporary)) | every
        done = Run(0, 0, 0, "")
        for number, command in enumerate(commands, start=1):
            program, *rest = (each.format(**words) for each in command)
            last = run_command([str(programs / program), *rest], subject.root, environment)
            done = Run(
                done.wall + last.wall,
                done.cpu + last.cpu,
                last.code,
                last.printed,
                last.complained,
                is_complete=number == len(commands),
            )
            if last.code:
                break
        return done


def run_command(command: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> Run:
    """Run a command to its end and count what it and its children took."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
        alarm = threading.Timer(TIMEOUT, os.killpg, (child.pid, signal.SIGKILL))
        alarm.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        alarm.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (output, errors):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    return Run(wall, usage.ru_utime + usage.ru_stime, child.returncode, texts[0], texts[1])


def clean_environment(programs: Path, home: Path) -> dict[str, str]:
    """The environment of every tool: its own programs first, a home of its own, nothing of the user's Python."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR", "TZ") if name in os.environ}
    paths = os.pathsep.join((str(programs), os.environ["PATH"]))
    return {**kept, "PATH": paths, "HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"}


def what_is_wrong(text: str) -> str:
    """The last line that names an exception, else the first line that looks like an error; "" where none does."""
    named = NO_FURTHER.findall(text)
    if named:
        return str(named[-1]).strip()
    return next((line.strip() for line in text.splitlines() if re.match(r"(?i)error|usage|failed", line)), "")


def has_failed(rival: Rival, done: Run) -> bool:
    """Whether a run ended without judging."""
    return (
        done.code not in rival.exits or not done.is_complete or "Traceback (most recent call last)" in done.complained
    )
