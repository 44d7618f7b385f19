"""Hold what round trips have done against their plans, and put it beside a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from migrate_guard.commands._reporting import rendered
from migrate_guard.commands._rounds import Made
from migrate_guard.model.finding import Report
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.reporters import Look

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.planning import PlannedStatement


def compared(trips: Sequence[Made], reading: Reading) -> tuple[Made, ...]:
    """Add to each round trip that was traced where it departs from its plan."""
    from migrate_guard.planning import upgrades

    traced = {each.trip.revision.id for each in trips if each.trip.trace is not None}
    if not traced:
        return tuple(trips)
    planned = upgrades(replace(reading, target=trips[0].target), traced)
    return tuple(each._replace(trip=_held_against(planned, each.trip)) for each in trips)


def _held_against(planned: Mapping[str, Sequence[PlannedStatement]], trip: RoundTrip) -> RoundTrip:
    from migrate_guard.departing import departures

    if trip.trace is None:
        return trip
    revision = trip.revision
    return replace(trip, departures=departures(revision.path, planned.get(revision.id, ()), trip.trace))


def with_traces(name: str, report: Report, look: Look, *, trips: Sequence[RoundTrip]) -> str:
    """Return a report in a format with the traces of round trips, as far as the format has a place for them."""
    text = rendered(name, report, look)
    if name == "json":
        from migrate_guard.commands._trace_json import added

        return added(text, trips)
    if name == "text":
        from migrate_guard.commands._trace_text import render

        return render(trips, look.width, color=look.color) + text
    return text
