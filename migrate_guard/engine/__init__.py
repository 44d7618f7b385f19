"""Join the stages: read an environment, replay its history, and ask the rules about every step of it."""

from migrate_guard.engine.checking import check
from migrate_guard.engine.histories import BOTH, UPGRADES, Reading, read, replay, schema_at
from migrate_guard.engine.outcome import Outcome
from migrate_guard.engine.round_trips import judge_round_trips

__all__ = [
    "BOTH",
    "UPGRADES",
    "Outcome",
    "Reading",
    "check",
    "judge_round_trips",
    "read",
    "replay",
    "schema_at",
]
