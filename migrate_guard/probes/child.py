"""A child process of ours that runs user code: a job in, events out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias

from migrate_guard.probes.isolation import isolated
from migrate_guard.probes.scratch import Scratch
from migrate_guard.terminal import UserError

WORKER: Final = Path(__file__).with_name("worker") / "__main__.py"
LONGEST_EXCERPT: Final = 20
"""Lines of what a child has printed that are told when it ends in the middle."""

Event: TypeAlias = Mapping[str, Any]
"""As the worker writes it: `event` says which."""


class WorkerError(UserError):
    """The child could not do its job; the text says why, and what to do."""


@contextmanager
def child(
    work: Literal["work", "models"], python: str, scratch: Scratch, job: Callable[[], Mapping[str, object]]
) -> Iterator[Iterator[Event]]:
    """Start a child with a job, give its events as they come, and end it whatever happens; raises WorkerError.

    `job` is asked while the child loads what any job needs.
    """
    job_read, job_write = os.pipe()
    events_read, events_write = os.pipe()
    with _log(scratch).open("wb") as log, os.fdopen(events_read, encoding="utf-8") as events:
        try:
            process = subprocess.Popen(
                isolated([python, str(WORKER), work, str(job_read), str(events_write)], scratch),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(job_read, events_write),
                start_new_session=True,
            )
        except OSError as error:
            os.close(job_write)
            raise WorkerError(f"{python} cannot be started: {error.strerror}") from error
        finally:
            os.close(job_read)
            os.close(events_write)
        scratch.adopt(process)
        try:
            with os.fdopen(job_write, "w", encoding="utf-8") as file:
                json.dump(job(), file)
            yield _events(events)
        finally:
            _end(process)


def ended_early(scratch: Scratch, running: str) -> WorkerError:
    """The error of a child that has ended without a word, with the last lines that it has printed."""
    return WorkerError(f"the child process has ended in the middle of {running}\n{_tail(_log(scratch))}".rstrip())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill the child and what it has started; it has nothing to tidy up."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _events(file: IO[str]) -> Iterator[Event]:
    for line in file:
        yield json.loads(line)


def _log(scratch: Scratch) -> Path:
    """What the child and user code in it print."""
    return scratch.directory / "worker.log"


def _tail(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LONGEST_EXCERPT:])
