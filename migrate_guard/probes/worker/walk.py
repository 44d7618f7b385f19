"""Walk a history: each revision up, down and up again, with snapshots in between."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import nullcontext
from typing import Any, NamedTuple

from . import failures
from .migrations import Migrations, Step
from .protocol import Events, Job, Planned
from .serving import LEAVE, Failed, Request, Requests
from .states import State, States
from .tracing import Tracing

UPGRADE, DOWNGRADE, AGAIN = "upgrade", "downgrade", "second upgrade"


_NO_DOWNGRADE = {"step": DOWNGRADE, **failures.Failed("AttributeError", "there is none", "", 0, "")._asdict()}
"""What Alembic raises for a script without the function."""


class Trip(NamedTuple):
    """What one attempt at a round trip came to."""

    failure: dict[str, Any] | None = None
    differences: tuple[tuple[str, Any], ...] = ()
    losses: tuple[Any, ...] = ()
    not_moved: str = ""
    """The step after which the version table says what it said before."""
    unfilled: dict[str, str] = {}  # noqa: RUF012 - a NamedTuple shares its defaults, and nobody writes into this one
    without_rows: str = ""
    """Why it was made without rows, where that is no fault of the script's."""
    is_upgraded: bool = False
    """It ends where the first upgrade ended."""


Tried = Generator[Request, None, tuple[Trip, tuple[dict[str, Any], ...]]]


class Walk:
    """The walk through one history, on databases of its own."""

    def __init__(
        self, job: Job, events: Events, migrations: Migrations, states: States, tracing: Tracing | None
    ) -> None:
        self._job, self._events, self._migrations, self._states = job, events, migrations, states
        self._tracing = tracing
        self._applied: list[Planned] = []
        self._unreached: dict[str, str] = {}
        """Revisions that could not be applied, and why."""

    def go(self) -> Requests:
        """Go through all revisions and tell of each; yields what is to be run."""
        waiting: list[Planned] = []
        for planned in self._job.revisions:
            if not planned.is_judged:
                waiting.append(planned)
                continue
            yield from self._stand_on(waiting)
            waiting = []
            yield from self._judge(planned)

    def _stand_on(self, revisions: list[Planned]) -> Requests:
        """Apply revisions that are not judged, all in one run; raises GivenUp where one fails."""
        if not revisions:
            return
        try:
            yield Request([Step(each.id, is_upgrade=True) for each in revisions])
        except Failed:
            # Some scripts run in a transaction of their own only.
            self._states.restore([*self._applied, *revisions])
        self._applied += revisions

    def _restore(self) -> Requests:
        """Make the databases what they were before the revision; connections of env.py to them would be ended."""
        yield LEAVE
        self._states.restore(self._applied)

    def _judge(self, planned: Planned) -> Requests:
        begun = time.monotonic()
        missing = self._missing_parent(planned)
        if missing:
            self._unreached[planned.id] = missing
            self._tell(planned, Trip(), (), begun, f"{missing} below it could not be applied")
            return
        trip, raised = yield from self._tried(planned)
        if trip.not_moved == UPGRADE or (trip.failure is not None and trip.failure["step"] == UPGRADE):
            self._unreached[planned.id] = planned.id
        else:
            self._applied.append(planned)
        if not trip.is_upgraded:
            yield from self._restore()
        self._tell(planned, trip, raised, begun, planned.no_way_back)

    def _tried(self, planned: Planned) -> Tried:
        """Try with rows, and where that fails once more without: it tells whether the rows are what fails."""
        has_rows = self._job.rows > 0 or self._job.seed_files is not None
        first = yield from self._trip(planned, with_rows=has_rows)
        if first.failure is None:
            return first, ()
        if not has_rows or first.failure == _NO_DOWNGRADE:
            return first, ({**first.failure, "has_rows": False},)
        yield from self._restore()
        second = yield from self._trip(planned, with_rows=False)
        left = tuple(each for each in first.differences if each[0] == UPGRADE and each not in second.differences)
        trip = second._replace(differences=(*left, *second.differences), losses=first.losses, unfilled=first.unfilled)
        empty = ({**second.failure, "has_rows": False},) if second.failure else ()
        if second.failure and second.failure["step"] == first.failure["step"]:
            return trip, empty
        if first.failure["step"] == UPGRADE and first.failure["is_of_key"] and not self._job.seed_files:
            # Rows that were made before there was the key cannot know what it is to refer to.
            return trip._replace(without_rows=first.failure["message"]), empty
        return trip, ({**first.failure, "has_rows": True}, *empty)

    def _trip(self, planned: Planned, *, with_rows: bool) -> Generator[Request, None, Trip]:
        states = self._states
        unfilled = states.fill(planned.id) if with_rows else {}
        before, rows = states.take(), states.contents() if with_rows else None
        failure = yield from self._step(planned, UPGRADE, before)
        up = states.take()
        if failure:
            failure = self._with_half(failure, before, up)
            return Trip(failure, self._left(before, up), unfilled=unfilled)
        if up.heads == before.heads:
            return Trip(not_moved=UPGRADE, unfilled=unfilled)
        if planned.no_way_back:
            return Trip(unfilled=unfilled, is_upgraded=True)
        if not self._migrations.has_downgrade(planned.id):
            return Trip(_NO_DOWNGRADE, unfilled=unfilled, is_upgraded=True)
        failure = yield from self._step(planned, DOWNGRADE, up)
        down = states.take()
        if failure:
            failure = self._with_half(failure, up, down)
            # Where the database takes DDL back nothing has to be made anew.
            return Trip(failure, unfilled=unfilled, is_upgraded=down == up)
        if down.heads == up.heads:
            return Trip(not_moved=DOWNGRADE, unfilled=unfilled)
        differences = tuple((DOWNGRADE, each) for each in states.differences(before, down))
        losses = tuple(states.losses(rows)) if rows is not None else ()
        failure = yield from self._step(planned, AGAIN, down)
        if failure:
            return Trip(failure, differences, losses, "", unfilled)
        again = states.take()
        later = states.differences(up, again)
        # What is left of the downgrade is there after the second upgrade, too: it is one cause.
        differences = differences or tuple((AGAIN, each) for each in later)
        moved = AGAIN if again.heads == down.heads else ""
        return Trip(None, differences, losses, moved, unfilled, is_upgraded=not later and not moved)

    def _left(self, before: State, after: State) -> tuple[tuple[str, Any], ...]:
        """What an upgrade that fails leaves in a database that takes DDL back: what ran outside of its transaction."""
        if self._job.dialect != "postgresql":
            return ()
        return tuple((UPGRADE, each) for each in self._states.differences(before, after))

    def _with_half(self, failure: dict[str, Any], before: State, after: State) -> dict[str, Any]:
        """The failure, with what the step did before it where each statement commits by itself."""
        if self._job.dialect not in ("mysql", "mariadb"):
            return failure
        return {**failure, "half": [list(each) for each in self._states.differences(before, after)]}

    def _step(self, planned: Planned, step: str, before: State) -> Generator[Request, None, dict[str, Any] | None]:
        """Run one step; return what it raised."""
        self._events.tell("step", revision=planned.id, step=step)
        tracing = self._tracing if step == UPGRADE else None
        versions = self._migrations.version_table.name
        request = Request([Step(planned.id, is_upgrade=step != DOWNGRADE)], is_apart=self._tracing is not None)
        with tracing.following(planned.path, versions) if tracing else nullcontext():
            failed = yield from _failed(request)
        if failed is not None and failed.has_shared and self._states.take() == before:
            # What counts is a session of its own for each step, as each command of `alembic` has.
            failed = yield from _failed(request._replace(is_apart=True))
        return None if failed is None else {"step": step, **failures.told(failed.error, planned.path)._asdict()}

    def _missing_parent(self, planned: Planned) -> str:
        script = self._migrations.script.get_revision(planned.id)
        assert script is not None
        below = script._all_down_revisions  # noqa: SLF001 - with depends_on
        return next((self._unreached[each] for each in below if each in self._unreached), "")

    def _tell(
        self, planned: Planned, trip: Trip, raised: tuple[dict[str, Any], ...], begun: float, left_out: str
    ) -> None:
        self._events.tell(
            "revision",
            revision=planned.id,
            failures=raised,
            differences=[[step, *each] for step, each in trip.differences],
            losses=trip.losses,
            not_moved=trip.not_moved,
            left_out=left_out,
            unfilled=trip.unfilled,
            without_rows=trip.without_rows,
            trace=self._tracing.taken() if self._tracing else None,
            seconds=round(time.monotonic() - begun, 3),
        )


def _failed(request: Request) -> Generator[Request, None, Failed | None]:
    """Make a request; return how it failed."""
    try:
        yield request
    except Failed as failed:
        return failed
    return None
