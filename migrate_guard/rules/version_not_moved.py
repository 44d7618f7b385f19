from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.model.round_trip import RoundTrip, RoundTripStep
from migrate_guard.rule import Problem, Severity, rule

_RUN: Final[dict[RoundTripStep, str]] = {
    "upgrade": "upgrade() has run",
    "downgrade": "downgrade() has run",
    "second upgrade": "upgrade() has run again",
}


@rule("MG254", on=RoundTrip, severity=Severity.ERROR)
def version_not_moved(trip: RoundTrip) -> Iterator[Problem]:
    """Flag a step that ends well while the version table says what it said before."""
    step, revision = trip.not_moved, trip.revision
    if step is None:
        return
    yield Problem(
        f"{_RUN[step]} without an error, and the version table says what it said before",
        (revision.downgrade if step == "downgrade" else revision.upgrade) or revision.span,
        help="Commit in env.py: run the migrations inside of context.begin_transaction(), on a connection whose "
        "outer transaction is committed (engine.begin()).",
        direction="downgrade" if step == "downgrade" else "upgrade",
    )
