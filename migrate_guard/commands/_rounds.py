"""What round trips are to be made, making them, and saying how far they are."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from msgspec.structs import replace

from migrate_guard.commands._judging import Prepared
from migrate_guard.commands._options import RunOptions
from migrate_guard.commands._python import python_of
from migrate_guard.config import Settings
from migrate_guard.history.graph import reached
from migrate_guard.model.round_trip import STEPS, RoundTrip, RoundTripStep
from migrate_guard.model.target import DIALECTS, Target
from migrate_guard.probes.isolation import not_enforced
from migrate_guard.probes.roundtrip import OtherDialect, Walk, round_trips
from migrate_guard.probes.scratch import scratch
from migrate_guard.terminal import UserError, complain, visible

if TYPE_CHECKING:
    from migrate_guard.engine import Outcome, Reading
    from migrate_guard.reading.discover import AlembicEnvironment

_BAR: Final = 24
"""Columns of the bar."""


def planned(
    wanted: Collection[str], reading: Reading, found: AlembicEnvironment, settings: Settings, how: RunOptions
) -> Walk:
    """Plan the walk to some revisions and back from each."""
    history = reading.history
    needed = reached(history, wanted)
    return Walk(
        found,
        order=tuple(each for each in history.order if each.id in needed),
        judged=frozenset(wanted),
        no_way_back=cache(lambda: dict(_without_way_back(wanted, reading, settings))),
        python=python_of(settings.python, found.root),
        x=how.x,
        own_environment=how.no_env,
        rows=settings.rows,
        seed=how.random_seed,
        seed_files=settings.seed,
        base=reading.project.base,
        sources=reading.sources,
        trace=how.trace,
    )


def _without_way_back(wanted: Collection[str], reading: Reading, settings: Settings) -> Iterator[tuple[str, str]]:
    """The revisions that are not to be taken back, and why."""
    from migrate_guard import engine

    if settings.downgrades == "none":
        yield from ((each, 'the settings say downgrades = "none"') for each in wanted)
        return
    for replayed in engine.replay(reading):
        revision = replayed.revision
        if revision.id not in wanted:
            continue
        if revision.is_irreversible:
            yield revision.id, "the script says that it is irreversible"
        elif replayed.downgrade is not None and replayed.downgrade.raises:
            yield revision.id, "downgrade() raises"


class Made(NamedTuple):
    """A round trip, and what it was made on."""

    trip: RoundTrip
    target: Target


def made(walk: Walk, settings: Settings, target: Target, teller: Teller, *, keep: bool = False) -> Iterator[Made]:
    """Make round trips on a scratch database, which is there until the last; raises UserError where that cannot be.

    Where nobody has said which database it is for, env.py does.
    """
    if not walk.judged:
        return
    try:
        yield from _on_scratch(walk, settings, target, teller, keep=keep)
    except OtherDialect as error:
        if settings.dialect is not None or settings.scratch_url is not None or error.dialect not in DIALECTS:
            raise
        yield from _on_scratch(walk, settings, Target.default(error.dialect), teller, keep=keep)


def _on_scratch(walk: Walk, settings: Settings, target: Target, teller: Teller, *, keep: bool) -> Iterator[Made]:
    if walk.trace and target.dialect != "postgresql":
        raise UserError(f"--trace is for PostgreSQL, and these round trips are made on {target.dialect}")
    wanted = settings.db_version if settings.dialect in (None, target.dialect) else None
    with (
        scratch(target.dialect, url=settings.scratch_url, keep=keep, python=walk.python, version=wanted) as it,
        teller.telling(),
    ):
        if lax := not_enforced(it):
            teller.warn(lax)
        for trip in round_trips(walk, it, teller):
            teller.end(trip)
            yield Made(trip, replace(target, version=it.version or target.version))
    if keep:
        sys.stderr.write(f"kept:\n{it.how_to_connect(teller.databases)}\n")


def judged_rounds(run: Prepared, reading: Reading, trips: Sequence[Made]) -> Outcome:
    """Ask the rules that are on about round trips."""
    from migrate_guard import engine

    used = trips[0].target if trips else reading.target
    rules = run.asked
    options = run.settings.rule_options
    return engine.judge_round_trips(replace(reading, target=used), rules, options, (each.trip for each in trips))


class Teller:
    """Says on stderr how far the run is: a bar on a terminal, else a line for every revision."""

    def __init__(self, revisions: int, *, quiet: bool, verbose: bool = False) -> None:
        self._revisions, self._done = revisions, 0
        self._is_quiet = quiet
        self._has_bar = sys.stderr.isatty() and not quiet
        self._has_lines = not quiet and (verbose or not self._has_bar)
        self.databases: Sequence[str] = ()

    @contextmanager
    def telling(self) -> Iterator[None]:
        """See that no bar is left where the next line is to stand."""
        try:
            yield
        finally:
            self._clear()

    def step(self, revision: str, step: RoundTripStep) -> None:
        if self._has_bar:
            part = (self._done + STEPS.index(step) / len(STEPS)) / max(self._revisions, 1)
            bar = ("█" * round(part * _BAR)).ljust(_BAR, "░")
            sys.stderr.write(f"\r\x1b[K{bar} {self._done}/{self._revisions} {visible(revision)} {step}")
            sys.stderr.flush()

    def left(self, databases: Sequence[str]) -> None:
        self.databases = databases

    def end(self, trip: RoundTrip) -> None:
        """Say what a round trip came to."""
        self._done += 1
        self._clear()
        if self._has_lines:
            revision = visible(f"{trip.revision.id} {trip.revision.message or ''}".rstrip())
            sys.stderr.write(f"{revision}: {_came_to(trip)} ({trip.seconds:.2f} s)\n")
            sys.stderr.flush()
        elif trip.left_out:
            self.warn(f"{trip.revision.id} is not taken back: {trip.left_out}")
        for table, reason in trip.unfilled:
            self.warn(f'{trip.revision.id}: "{table}" has no rows of ours: {reason}')

        if trip.without_rows:
            self.warn(f"{trip.revision.id} was tried without rows: {trip.without_rows.partition(chr(10))[0]}")

    def warn(self, text: str) -> None:
        if not self._is_quiet:
            self._clear()
            complain("warning", visible(text))

    def _clear(self) -> None:
        if self._has_bar:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _came_to(trip: RoundTrip) -> str:
    if trip.failures:
        return " and ".join(f"{each.step} fails{' on rows' * each.has_rows}" for each in trip.failures)
    if trip.left_out:
        return f"not taken back: {trip.left_out}"
    said = [
        f"{len(trip.differences)} differences" if trip.differences else "",
        "rows are lost" if trip.losses else "",
        "the version has not moved" if trip.not_moved else "",
    ]
    return ", ".join(filter(None, said)) or "there and back"
