"""Ask the rules about round trips that were made on a scratch database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from migrate_guard.engine.histories import Reading
from migrate_guard.engine.judges import Judges
from migrate_guard.engine.outcome import Outcome, concluded
from migrate_guard.model.revision import Suppression
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.rule import Rule


def judge_round_trips(
    reading: Reading, rules: Sequence[Rule], options: Mapping[str, Mapping[str, Any]], trips: Iterable[RoundTrip]
) -> Outcome:
    """Return what the rules about round trips say of some; of the others those about comments alone are asked."""
    judges = Judges.of(reading, [each for each in rules if {RoundTrip, Suppression}.intersection(each.on)], options)
    for trip in trips:
        judges.ask(RoundTrip, trip, trip.revision)
    return concluded(reading, judges)
