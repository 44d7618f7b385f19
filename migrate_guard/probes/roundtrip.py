"""Run a round trip in a child process: a job in, what became of each revision out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from migrate_guard.model.locks import LockMode
from migrate_guard.model.revision import Revision
from migrate_guard.model.round_trip import (
    Difference,
    Failure,
    Loss,
    ObservedStatement,
    RoundTrip,
    RoundTripStep,
    Trace,
)
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import DialectName
from migrate_guard.probes.child import WorkerError, child, ended_early
from migrate_guard.probes.scratch import Scratch
from migrate_guard.reading.discover import AlembicEnvironment


class OtherDialect(WorkerError):
    """env.py builds an engine of another database than the scratch is."""

    def __init__(self, text: str, dialect: DialectName) -> None:
        super().__init__(text)
        self.dialect = dialect


@dataclass(frozen=True, slots=True)
class Walk:
    """What is to be run, and how."""

    environment: AlembicEnvironment
    order: Sequence[Revision]
    """What has to be there, in the order of the history; parents come first."""
    judged: frozenset[str]
    """The revisions that make the round trip."""
    no_way_back: Callable[[], Mapping[str, str]]
    """Why a revision has no downgrade to run; asked while the child loads the project, as it takes as long."""
    python: str
    x: Sequence[str] = ()
    own_environment: bool = False
    rows: int = 5
    seed: int = 0
    seed_files: Path | None = None
    base: Path = Path()
    """What paths are shown relative to."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """The texts of the scripts, by path."""
    trace: bool = False
    """Follow the statements of the first upgrade."""


class Listener(Protocol):
    """Who is told how far a walk is."""

    def step(self, revision: str, step: RoundTripStep) -> None:
        """A step is about to run."""

    def left(self, databases: Sequence[str]) -> None:
        """The walk has ended, and these are its databases."""


def round_trips(walk: Walk, scratch: Scratch, listener: Listener) -> Iterator[RoundTrip]:
    """Walk through a history in a child process; raises WorkerError where that cannot go on."""
    revisions = {each.id: each for each in walk.order}
    running = "its beginning"
    with child("work", walk.python, scratch, lambda: job_of(walk, scratch)) as events:
        for event in events:
            match event["event"]:
                case "step":
                    running = f"the {event['step']} of {event['revision']}"
                    listener.step(event["revision"], event["step"])
                case "revision":
                    yield _round_trip(event, revisions[event["revision"]], walk.sources)
                case "given up":
                    raise _given_up(event, walk)
                case "left":
                    listener.left(event["databases"])
                    if event["are_dropped"]:
                        scratch.forget_databases()
                case "done":
                    return
    raise ended_early(scratch, running)


def _round_trip(event: Mapping[str, Any], revision: Revision, sources: Mapping[str, Source]) -> RoundTrip:
    return RoundTrip(
        revision,
        tuple(_failure(each, revision, sources) for each in event["failures"]),
        tuple(Difference(*each) for each in event["differences"]),
        tuple(Loss(*each) for each in event["losses"]),
        event["not_moved"] or None,
        event["left_out"],
        tuple(sorted(event["unfilled"].items())),
        event["without_rows"],
        event["seconds"],
        _trace(event["trace"]) if event["trace"] else None,
    )


def _trace(told: Mapping[str, Any]) -> Trace:
    return Trace(tuple(map(_observed, told["statements"])), tuple(told["there"]), is_whole=told["is_whole"])


def _observed(told: Mapping[str, Any]) -> ObservedStatement:
    return ObservedStatement(
        told["sql"],
        told["line"],
        told["milliseconds"],
        told["in_transaction"],
        {name: _MODES[mode] for name, mode in told["held"].items()},
        None if told["locks"] is None else {name: _MODES[mode] for name, mode in told["locks"].items()},
        told["is_exact"],
        tuple(told["rewrites"]),
        None if told["scans"] is None else tuple(told["scans"]),
        told["has_failed"],
    )


_MODES: Final = {f"{''.join(word.title() for word in mode.name.split('_'))}Lock": mode for mode in LockMode}
"""The modes by their names in pg_locks."""


def _failure(told: Mapping[str, Any], revision: Revision, sources: Mapping[str, Source]) -> Failure:
    at = _line(told["line"], revision, sources) if told["line"] else None
    half = tuple(Difference(told["step"], *each) for each in told.get("half", ()))
    return Failure(told["step"], told["error"], told["message"], at, told["statement"], told["has_rows"], half)


def _line(number: int, revision: Revision, sources: Mapping[str, Source]) -> Span:
    """What is written in a line."""
    source = sources.get(revision.path)
    text = source.line(number) if source else ""
    indent = len(text) - len(text.lstrip())
    return Span(revision.path, number, indent + 1, number, max(len(text.rstrip().encode()), indent) + 1)


def _given_up(event: Mapping[str, Any], walk: Walk) -> WorkerError:
    text, excerpt = event["text"], event.get("excerpt", "")
    if event["kind"] == "dialect":
        return OtherDialect(text, event["dialect"])
    if event["kind"] == "env" and walk.own_environment:
        text = f"the scripts of the project cannot be loaded: {text}"
    elif event["kind"] == "env":
        text = f"the environment of the project cannot be run: {text}"
        excerpt = f"{excerpt}\n--no-env runs the scripts without env.py".lstrip()
    return WorkerError(f"{text}\n{excerpt}".rstrip())


def job_of(walk: Walk, scratch: Scratch) -> dict[str, object]:
    """The job as `worker/protocol.py` reads it."""
    found, no_way_back = walk.environment, walk.no_way_back()
    return {
        "dialect": scratch.dialect,
        "url": scratch.url,
        "prefix": scratch.prefix,
        "directory": str(scratch.directory),
        "is_private": scratch.is_private,
        "drops": scratch.is_borrowed and not scratch.is_kept,
        "config_file": str(found.config_path) if found.config_path else None,
        "section": found.section,
        "script_location": str(found.script_location) if found.script_location else None,
        "version_locations": list(map(str, found.version_locations)),
        "is_recursive": found.recursive,
        "sys_path": list(map(str, found.prepend_sys_path)),
        "root": str(found.root),
        "x": list(walk.x),
        "own_environment": walk.own_environment or found.env_path is None,
        "revisions": [
            {
                "id": each.id,
                "path": str((walk.base / each.path).absolute()),
                "is_judged": each.id in walk.judged,
                "no_way_back": no_way_back.get(each.id, ""),
            }
            for each in walk.order
        ],
        "rows": walk.rows,
        "seed": walk.seed,
        "seed_files": str(walk.seed_files.absolute()) if walk.seed_files else None,
        "trace": walk.trace,
    }
