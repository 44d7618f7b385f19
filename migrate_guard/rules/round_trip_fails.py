from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import round_trips
from migrate_guard.model.round_trip import RoundTrip, RoundTripStep
from migrate_guard.rule import Problem, Severity, rule

_HELP: Final[dict[RoundTripStep, str]] = {
    "upgrade": "No database gets past this revision: mend what the line names.",
    "downgrade": "Take back in downgrade() only what upgrade() has made, in the opposite order, or raise "
    "NotImplementedError where there is no way back.",
    "second upgrade": "Remove in downgrade() all that upgrade() makes: what is left behind is in its way.",
}
_HELP_ON_ROWS: Final = (
    "Bring the rows in order before the statement: fill NULLs before NOT NULL, give a required column a "
    "server_default; or raise NotImplementedError where there is no way back."
)


@rule("MG251", on=RoundTrip, severity=Severity.ERROR)
def round_trip_fails(trip: RoundTrip) -> Iterator[Problem]:
    """Flag a downgrade, or the upgrade after it, that the database or the script itself refuses."""
    for failure in trip.failures:
        if failure.step == "upgrade" and failure.has_rows:
            continue  # MG253 speaks of it
        if failure.step == "second upgrade" and trip.differences:
            continue  # MG250 does: it fails on what is left behind
        revision = trip.revision
        place = revision.downgrade if failure.step == "downgrade" else revision.upgrade
        where = {"upgrade": "upgrade()", "downgrade": "downgrade()", "second upgrade": "upgrade() after downgrade()"}
        rows = " on tables with rows" if failure.has_rows else ""
        yield Problem(
            f"{where[failure.step]} fails{rows}: {round_trips.in_a_line(failure)}{round_trips.half(failure)}",
            failure.at or place or revision.span,
            help=_HELP_ON_ROWS if failure.has_rows else _HELP[failure.step],
            direction="downgrade" if failure.step == "downgrade" else "upgrade",
        )
