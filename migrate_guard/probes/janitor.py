"""The parent's end of the janitor: a process of a session of its own that cleans up when the pipe to it closes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from types import FrameType
from typing import Final, Self

from migrate_guard.terminal import UserError

_CLEANER: Final = Path(__file__).with_name("cleaner.py")


class ScratchError(UserError):
    """There is no scratch database to be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """As whom, and behind which command, a server runs; by default as ourselves."""

    uid: int | None = None
    gid: int | None = None
    prefix: tuple[str, ...] = ()


@dataclass(slots=True)
class Janitor:
    """Starts servers and cleans up after all of us.

    Everything is told before it is made: what the janitor knows of is taken away when this process ends, however it
    ends. All cleaning up is done by the janitor, at a normal end too.
    """

    _process: subprocess.Popen[bytes]
    _pending: bytes = b""
    _known: list[dict[str, object]] = field(default_factory=list)
    """What another janitor has to be told when this one is killed."""
    _ended: dict[int, int] = field(default_factory=dict)
    _is_left: bool = False

    @classmethod
    def hire(cls) -> Self:
        """Start a janitor; raises ScratchError."""
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_CLEANER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise ScratchError(f"{sys.executable} cannot be started: {error}") from error
        return cls(process)

    def remove(self, path: Path) -> None:
        """Have a file or directory removed at the end."""
        self._know(remove=str(path))

    def spare(self, path: Path) -> None:
        """Take back that a path be removed: it has another name now."""
        self._know(spare=str(path))

    def kill_group(self, group: int) -> None:
        """Have a group of processes killed at the end, before anything else is taken away."""
        self._know(group=group)

    def drop(self, command: Sequence[str], text: str) -> None:
        """Have a command run at the end that reads a text."""
        self._know(drop=list(command), input=text)

    def forget_drops(self) -> None:
        """Take back that commands be run: nothing is left for them."""
        self._known = [each for each in self._known if "drop" not in each]
        self._send({"dropped": True})

    def start(
        self,
        command: Sequence[str],
        *,
        account: Account,
        log: Path,
        cwd: Path,
        environment: Mapping[str, str],
        stop: signal.Signals,
    ) -> int:
        """Start a program in a session of its own and return its process id; `stop` ends it. Raises ScratchError."""
        surroundings = [str(log), str(cwd), dict(environment)]
        order = {"account": [account.uid, account.gid], "in": surroundings, "stop": int(stop)}
        self._send({"start": [*account.prefix, *command], **order})
        while (answer := self._answer(None)) is not None:
            match answer:
                case {"started": int(pid)}:
                    self._known.append({"stray": pid, "stop": int(stop)})
                    return pid
                case {"refused": str(text)}:
                    raise ScratchError(text)
        raise ScratchError("the process that starts servers and cleans up after them has been killed")

    def status(self, pid: int, seconds: float) -> int | None:
        """Wait for a program to end and return its exit status, None while it runs."""
        deadline = time.monotonic() + seconds
        while pid not in self._ended and (left := deadline - time.monotonic()) > 0 and self._answer(left) is not None:
            pass
        return self._ended.get(pid)

    def leave(self) -> None:
        """Have everything left as it is, but for the groups of processes."""
        self._send({"leave": True})
        self._is_left = True

    def dismiss(self) -> list[str]:
        """End the janitor, wait until everything is gone and return what is not, in sentences.

        An interrupt ends the waiting, not the cleaning.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        left: list[str] = []
        is_done = False
        with self._process.stdout:
            while (answer := self._answer(None)) is not None:
                match answer:
                    case {"left": str(text)}:
                        left.append(text)
                    case {"done": True}:
                        is_done = True
        self._process.wait()
        if is_done or self._is_left:
            return left
        return self._replaced()

    def _replaced(self) -> list[str]:
        """Have the work done by another janitor, as this one was killed."""
        other = Janitor.hire()
        for order in self._known:
            if order.get("stray") not in self._ended:
                other._send(order)  # noqa: SLF001 - the same class
        return other.dismiss()

    def _know(self, **order: object) -> None:
        self._known.append(order)
        self._send(order)

    def _send(self, order: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        waiting = memoryview(json.dumps(order).encode() + b"\n")
        try:
            while waiting:
                waiting = waiting[self._process.stdin.write(waiting) :]
        except BrokenPipeError:
            # It was killed. What it knew is known here too.
            return

    def _answer(self, seconds: float | None) -> dict[str, object] | None:
        """Return the next answer; None when there is none in that time, or ever."""
        assert self._process.stdout is not None
        while b"\n" not in self._pending:
            if not select([self._process.stdout], [], [], seconds)[0]:
                return None
            more = os.read(self._process.stdout.fileno(), 65536)
            if not more:
                return None
            self._pending += more
        line, _, self._pending = self._pending.partition(b"\n")
        answer: dict[str, object] = json.loads(line)
        match answer:
            case {"ended": int(pid), "status": int(status)}:
                self._ended[pid] = status
        return answer


@contextmanager
def signals_as_exits() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the process by SystemExit, so that it waits until everything is gone.

    Handlers of the program's own are left alone; so is everything outside the main thread, where Python has none.
    """
    before = []
    for each in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is signal.SIG_DFL:
            try:
                before.append((each, signal.signal(each, _exit)))
            except ValueError:
                break
    try:
        yield
    finally:
        for each, handler in before:
            signal.signal(each, handler)


def _exit(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
