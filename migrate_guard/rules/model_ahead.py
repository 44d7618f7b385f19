from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import catching_up, wording
from migrate_guard.model.drift import Drift
from migrate_guard.rule import Problem, Related, Severity, rule


@rule("MG150", on=Drift, severity=Severity.ERROR)
def model_ahead(drift: Drift) -> Iterator[Problem]:
    """Flag what the models declare and no migration makes."""
    if drift.ahead != "models":
        return
    called = wording.drifted(drift)
    verb = "the migrations have dropped or renamed" if drift.was_there else "no migration creates"
    yield Problem(
        f"{wording.declares(drift)} {called}, which {verb}",
        drift.at,
        object=wording.object_of(drift),
        help="Make it in a migration."
        + " Fill it between the two steps: the rows that are there have no value." * catching_up.is_filled_later(drift),
        instead=catching_up.migration(drift),
        related=(Related(drift.made_at, f"{called} is dropped or renamed here"),) if drift.made_at else (),
    )
