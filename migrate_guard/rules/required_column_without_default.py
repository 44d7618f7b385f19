from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking.required import missing_values
from migrate_guard.model.operations import AddColumn
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG406", on=AddColumn, severity=Severity.ERROR)
def required_column_without_default(step: Step[AddColumn]) -> Iterator[Problem]:
    """Flag a NOT NULL column without server default that is added to a table that may have rows."""
    yield from missing_values(step)
