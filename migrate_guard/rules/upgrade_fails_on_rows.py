from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import round_trips
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.rule import Problem, Severity, rule


@rule("MG253", on=RoundTrip, severity=Severity.ERROR)
def upgrade_fails_on_rows(trip: RoundTrip) -> Iterator[Problem]:
    """Flag an upgrade that passes on empty tables and fails on rows that satisfy every constraint."""
    for failure in trip.failures:
        if failure.step == "upgrade" and failure.has_rows:
            yield Problem(
                f"upgrade() passes on empty tables and fails on rows: {round_trips.in_a_line(failure)}"
                f"{round_trips.half(failure)}",
                failure.at or trip.revision.upgrade or trip.revision.span,
                help="Bring the rows in order before the statement (UPDATE, DELETE, USING), or give new columns a "
                "server_default.",
                direction="upgrade",
            )
