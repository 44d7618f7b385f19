from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import catching_up, wording
from migrate_guard.model.drift import Drift
from migrate_guard.rule import Problem, Severity, rule


@rule("MG151", on=Drift, severity=Severity.WARNING)
def migration_ahead(drift: Drift) -> Iterator[Problem]:
    """Flag what the migrations make and no model declares."""
    if drift.ahead != "migrations":
        return
    yield Problem(
        f"the migrations make {wording.drifted(drift)}, which no model declares",
        drift.at,
        object=wording.object_of(drift),
        help="Declare it in the models, or drop it: the next autogenerate may write the drop by itself.",
        instead=catching_up.migration(drift),
    )
