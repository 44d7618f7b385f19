from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking.round_trips import shortened
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.rule import Problem, Severity, rule


@rule("MG255", on=RoundTrip, severity=Severity.INFO)
def plan_differs(trip: RoundTrip) -> Iterator[Problem]:
    """Flag a statement of which `plan` says something else than what a database was seen to do."""
    for departure in trip.departures:
        yield Problem(
            f"the plan says {departure.planned}, the database shows {departure.observed}: {shortened(departure.sql)}",
            departure.at,
            object=departure.object,
            help="Go by what the database shows, and report it as a bug of migrate-guard, with this statement.",
            direction="upgrade",
        )
