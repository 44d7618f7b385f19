from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import catching_up, wording
from migrate_guard.model.drift import Drift
from migrate_guard.model.schema import EnumType
from migrate_guard.rule import Problem, Related, Severity, rule


@rule("MG152", on=Drift, severity=Severity.ERROR)
def model_differs(drift: Drift) -> Iterator[Problem]:
    """Flag what the models declare otherwise than the migrations make it."""
    if drift.ahead != "neither":
        return
    yield Problem(
        _message(drift),
        drift.at,
        object=wording.object_of(drift),
        help="Declare it with sa.Identity(), as the migrations make it."
        if catching_up.is_numbered_otherwise(drift)
        else "Change it in a migration, or declare what the migrations make.",
        instead=catching_up.migration(drift),
        related=(Related(drift.made_at, "the migrations make it here"),) if drift.made_at else (),
    )


def _message(drift: Drift) -> str:
    called = wording.drifted(drift)
    if isinstance(drift.migrated, EnumType) and isinstance(drift.declared, EnumType):
        old, new = drift.migrated.values, drift.declared.values
        more = [f"'{each}'" for each in new if each not in old]
        less = [f"'{each}'" for each in old if each not in new]
        message = f"{called} has {wording.values(more)} {wording.in_models(drift)}, which no migration adds"
        return f"{message}, and not {wording.values(less)}" if less else message
    declared = ", ".join(wording.worded(each.name, each.after) for each in drift.facts)
    migrated = ", ".join(wording.worded(each.name, each.before) for each in drift.facts)
    return f"{called} is {declared} {wording.in_models(drift)}, and {migrated} in the migrations"
