"""Join the stages: read an environment, replay its history, and ask the rules about every step of it."""

from migrate_guard.engine.checking import Outcome, check
from migrate_guard.engine.histories import BOTH, UPGRADES, Reading, read, replay, schema_at

__all__ = ["BOTH", "UPGRADES", "Outcome", "Reading", "check", "read", "replay", "schema_at"]
