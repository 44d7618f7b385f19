from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import round_trips
from migrate_guard.model.round_trip import RoundTrip, RoundTripStep
from migrate_guard.rule import Problem, Related, Severity, rule

_AFTER: Final[dict[RoundTripStep, str]] = {
    "upgrade": "after the upgrade that fails",
    "downgrade": "after upgrade and downgrade",
    "second upgrade": "after the second upgrade",
}
_HELP: Final[dict[RoundTripStep, str]] = {
    "upgrade": "Begin upgrade() by removing what an attempt before may have left (if_exists=True): then it can be run "
    "again.",
    "downgrade": "Take back in downgrade() what upgrade() does, under the same names and with the same definitions.",
    "second upgrade": "Write upgrade() so that it makes the same of a database that has been there before.",
}


@rule("MG250", on=RoundTrip, severity=Severity.ERROR)
def round_trip_differs(trip: RoundTrip) -> Iterator[Problem]:
    """Flag what a database has otherwise after upgrade and downgrade than before."""
    revision = trip.revision
    failing = {each.step: each for each in trip.failures if each.at}
    for difference in trip.differences:
        step = difference.step
        place = revision.downgrade if step == "downgrade" else revision.upgrade
        failure = failing.get("upgrade" if step == "upgrade" else "second upgrade")
        yield Problem(
            f"{_AFTER[step]} {round_trips.sentence(difference)}",
            place or revision.span,
            object=round_trips.subject(difference),
            help=_HELP[step],
            related=(Related(failure.at, f"the {failure.step} fails here: {round_trips.in_a_line(failure)}"),)
            if failure and failure.at
            else (),
            direction="downgrade" if step == "downgrade" else "upgrade",
        )
