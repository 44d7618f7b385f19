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
        help=_help(drift),
        instead=catching_up.migration(drift),
        related=(Related(drift.made_at, "the migrations make it here"),) if drift.made_at else (),
        severity=Severity.WARNING if drift.is_only_more else None,
    )


def _help(drift: Drift) -> str:
    if catching_up.is_numbered_otherwise(drift):
        return "Declare it with sa.Identity(), as the migrations make it."
    if isinstance(drift.declared, EnumType) and drift.is_only_more:
        return "Declare it, or make sure that no row has it: PostgreSQL takes no value from an enum type."
    return "Change it in a migration, or declare what the migrations make."


def _message(drift: Drift) -> str:
    called = wording.drifted(drift)
    if isinstance(drift.migrated, EnumType) and isinstance(drift.declared, EnumType):
        return f"{called} {_values(drift.migrated, drift.declared, wording.in_models(drift))}"
    declared = ", ".join(wording.worded(each.name, each.after) for each in drift.facts)
    migrated = ", ".join(wording.worded(each.name, each.before) for each in drift.facts)
    return f"{called} is {declared} {wording.in_models(drift)}, and {migrated} in the migrations"


def _values(migrated: EnumType, declared: EnumType, in_models: str) -> str:
    """Which values only one side has."""
    new = [f"'{each}'" for each in declared.values if each not in migrated.values]
    gone = [f"'{each}'" for each in migrated.values if each not in declared.values]
    if not new:
        return f"has {wording.values(gone)} in the migrations, and not {in_models}"
    message = f"has {wording.values(new)} {in_models}, which no migration adds"
    return f"{message}, and not {wording.values(gone)}" if gone else message
