from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking.required import missing_values
from migrate_guard.model.operations import AddColumn
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG209", on=AddColumn, severity=Severity.WARNING, directions=("downgrade",), yields_to=("MG204",))
def downgrade_not_null_without_default(step: Step[AddColumn]) -> Iterator[Problem]:
    """Flag a downgrade that adds a NOT NULL column without server default to a table that may have rows."""
    yield from missing_values(step, "in the downgrade ")
