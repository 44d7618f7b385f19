from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import round_trips
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.rule import Problem, Related, Severity, rule


@rule("MG250", on=RoundTrip, severity=Severity.ERROR)
def round_trip_differs(trip: RoundTrip) -> Iterator[Problem]:
    """Flag what a database has otherwise after upgrade and downgrade than before."""
    revision = trip.revision
    for difference in trip.differences:
        is_way_back = difference.step == "downgrade"
        yield Problem(
            f"after {'upgrade and downgrade' if is_way_back else 'the second upgrade'} "
            f"{round_trips.sentence(difference)}",
            (revision.downgrade if is_way_back else revision.upgrade) or revision.span,
            object=round_trips.subject(difference),
            help="Take back in downgrade() what upgrade() does, under the same names and with the same definitions."
            if is_way_back
            else "Write upgrade() so that it makes the same of a database that has been there before.",
            related=tuple(
                Related(each.at, f"the second upgrade fails here: {round_trips.in_a_line(each)}")
                for each in trip.failures
                if each.step == "second upgrade" and each.at
            ),
            direction="downgrade" if is_way_back else "upgrade",
        )
