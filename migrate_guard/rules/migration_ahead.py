from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import catching_up, wording
from migrate_guard.model.drift import Drift
from migrate_guard.model.schema import EnumType
from migrate_guard.rule import Problem, Severity, rule


@rule("MG151", on=Drift, severity=Severity.WARNING)
def migration_ahead(drift: Drift) -> Iterator[Problem]:
    """Flag what the migrations make and no model declares."""
    if drift.ahead != "migrations":
        return
    instead = catching_up.migration(drift)
    yield Problem(
        _message(drift),
        drift.at,
        object=wording.object_of(drift),
        help="Declare it in the models, or drop it: the next autogenerate may write the drop by itself."
        if instead
        else "Declare it in the models, or make sure that no row has it: PostgreSQL takes no value from an enum type.",
        instead=instead,
    )


def _message(drift: Drift) -> str:
    called = wording.drifted(drift)
    if isinstance(drift.migrated, EnumType) and isinstance(drift.declared, EnumType):
        values = [f"'{each}'" for each in drift.migrated.values if each not in drift.declared.values]
        return f"the migrations give {called} {wording.values(values)}, which no model knows"
    if drift.facts:
        made = " and ".join(wording.worded(each.name, each.before) for each in drift.facts)
        return f"the migrations make {called} {made}, which the models do not declare"
    return f"the migrations make {called}, which no model declares"
