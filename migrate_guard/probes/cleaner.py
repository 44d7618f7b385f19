"""The janitor's own process: starts servers and, when the pipe from its parent closes, takes everything away again.

Run by path with `python -I -S`, so it is one file of the standard library. It reads orders as lines of JSON and
answers in kind. Whatever ends the parent closes the pipe, `kill -9` too, and nothing else is needed to clean up.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final, TypeAlias

_PATIENCE: Final = 5.0
"""Seconds that a server has to stop before it is killed. PostgreSQL kills what is left of its own after five."""

Account: TypeAlias = tuple[int | None, int | None]
"""User and group, None for our own."""

Surroundings: TypeAlias = tuple[str, str, dict[str, str]]
"""Where a program logs, the directory in which it starts, and its environment."""

_DROPPING: Final = 60.0
"""Seconds that dropping databases may take on a server that is not ours."""


@dataclass(slots=True)
class Server:
    """A program that was started here, or that a janitor before this one has started."""

    pid: int
    stop: signal.Signals
    process: subprocess.Popen[bytes] | None
    is_told: bool = False
    """The parent knows that it has ended."""

    def has_ended(self) -> bool:
        if self.process is not None:
            return self.process.poll() is not None
        return not _signal(self.pid, 0)


@dataclass(slots=True)
class Cleaner:
    """What has to be taken away."""

    paths: list[Path] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    servers: list[Server] = field(default_factory=list)
    drops: list[tuple[list[str], str]] = field(default_factory=list)

    def obey(self, orders: IO[bytes], answers: IO[bytes]) -> bool:
        """Carry out orders until there are no more; say whether cleaning up is what is left to do."""
        woken = _wake_up_on(signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        pending = b""
        while True:
            ready, _, _ = select.select([orders.fileno(), woken], [], [])
            if woken in ready and os.read(woken, 512).strip(bytes([signal.SIGCHLD])):
                return True
            self._tell_of_ended(answers)
            if orders.fileno() not in ready:
                continue
            more = os.read(orders.fileno(), 65536)
            if not more:
                return True
            *lines, pending = (pending + more).split(b"\n")
            for line in lines:
                match json.loads(line):
                    case {"remove": str(path)}:
                        self.paths.append(Path(path))
                    case {"spare": str(path)}:
                        self.paths.remove(Path(path))
                    case {"group": int(group)}:
                        self.groups.append(group)
                    case {"drop": list(command), "input": str(text)}:
                        self.drops.append((command, text))
                    case {"dropped": True}:
                        self.drops.clear()
                    case {"stray": int(pid), "stop": int(stop)}:
                        self.servers.append(Server(pid, signal.Signals(stop), None))
                    case {"start": list(command), "account": account, "in": surroundings, "stop": int(stop)}:
                        _answer(answers, self._start(command, account, surroundings, stop))
                    case {"leave": True}:
                        self.end_groups()
                        return False

    def end_groups(self) -> None:
        for group in self.groups:
            _signal_group(group, signal.SIGKILL)

    def clean(self) -> list[str]:
        """Take everything away, who may still use it first; return what could not be, in sentences."""
        self.end_groups()
        segments = [segment for path in self.paths for segment in _segments(path)]
        for server in self.servers:
            if not server.has_ended():
                _signal(server.pid, server.stop)
        for server in self.servers:
            _see_off(server)
        for segment in segments:
            _remove_segment(segment)
        left = [_drop(command, text) for command, text in self.drops]
        left += [_remove(path) for path in self.paths]
        return [each for each in left if each]

    def _start(self, command: list[str], account: Account, how: Surroundings, stop: int) -> dict[str, object]:
        uid, gid = account
        log, cwd, environment = how
        try:
            with open(log, "ab") as output:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    cwd=cwd,
                    env=environment,
                    start_new_session=True,
                    user=uid,
                    group=gid,
                    extra_groups=None if uid is None else [],
                    umask=0o077,
                )
        except (OSError, subprocess.SubprocessError) as error:
            return {"refused": f"{command[0]} cannot be started: {error}"}
        self.servers.append(Server(process.pid, signal.Signals(stop), process))
        return {"started": process.pid}

    def _tell_of_ended(self, answers: IO[bytes]) -> None:
        for server in self.servers:
            if not server.is_told and server.process is not None and server.has_ended():
                server.is_told = True
                _answer(answers, {"ended": server.pid, "status": server.process.returncode})


def _wake_up_on(*signals: signal.Signals) -> int:
    """Return a descriptor on which signals arrive; programs that are started later meet them as by default."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for each in signals:
        signal.signal(each, _nothing)
    return reading


def _nothing(number: int, frame: FrameType | None) -> None:
    """Handle a signal: its number has been written to the descriptor by then."""


def _answer(answers: IO[bytes], answer: dict[str, object]) -> None:
    try:
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()
    except BrokenPipeError:
        return


def _see_off(server: Server) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not server.has_ended():
        if time.monotonic() > deadline:
            _signal_group(server.pid, signal.SIGKILL)
            _signal(server.pid, signal.SIGKILL)
            deadline += _PATIENCE
        time.sleep(0.003)


def _signal(pid: int, number: int) -> bool:
    """Send a signal, 0 for none; say whether there is such a process."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def _segments(path: Path) -> list[int]:
    """Return the System V shared memory of PostgreSQL servers below a directory.

    A server that is killed leaves it behind; its id is the second number on line 7 of postmaster.pid
    (src/include/utils/pidfile.h, PostgreSQL 10 to 18).
    """
    found = []
    for file in path.glob("*/postmaster.pid"):
        try:
            words = file.read_text(encoding="ascii", errors="replace").split("\n")[6].split()
        except (OSError, IndexError):
            continue
        if len(words) == 2 and words[1].isdecimal():
            found.append(int(words[1]))
    return found


def _remove_segment(segment: int) -> None:
    """Remove shared memory; that of a server which stopped by itself is gone already, which is an error to ignore."""
    try:
        shmctl = ctypes.CDLL(None).shmctl
    except (OSError, AttributeError):
        return
    remove = 0  # IPC_RMID in <sys/ipc.h> of Linux and macOS
    shmctl(segment, remove, None)


def _drop(command: list[str], text: str) -> str:
    """Have databases dropped; return what went wrong, if something did."""
    try:
        done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=_DROPPING, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"scratch databases may be left on the server: {error}"
    if done.returncode == 0:
        return ""
    *_, words = [b"", *done.stderr.strip().splitlines()]
    return f"scratch databases may be left on the server: {words.decode(errors='replace')}"


def _remove(path: Path) -> str:
    """Remove a file or a directory, in which processes that were just killed may have written a last time."""
    deadline = time.monotonic() + _PATIENCE
    while os.path.lexists(path):
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as error:
            if time.monotonic() > deadline:
                return f"{path} cannot be removed: {error.strerror}"
            time.sleep(0.01)
    return ""


def main() -> None:
    os.chdir("/")
    cleaner = Cleaner()
    with open(0, "rb", buffering=0, closefd=False) as orders, open(1, "wb", closefd=False) as answers:
        if cleaner.obey(orders, answers):
            for each in cleaner.clean():
                _answer(answers, {"left": each})
        _answer(answers, {"done": True})


if __name__ == "__main__":
    main()
