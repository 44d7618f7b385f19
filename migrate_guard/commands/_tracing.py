"""Hold what round trips have done against their plans, and put it beside a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from migrate_guard.commands._rounds import Made
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


def with_traces(report: str, trips: Sequence[RoundTrip], output_format: str, look: Look) -> str:
    """Return a report with the traces of round trips, as far as its format has a place for them."""
    if output_format == "json":
        from migrate_guard.commands._trace_json import added

        return added(report, trips)
    if output_format == "text":
        from migrate_guard.commands._trace_text import render

        return render(trips, look.width, color=look.color) + report
    return report
