from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import reversals
from migrate_guard.asking.way_back import enum_dropped
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG205", on=Revision, severity=Severity.ERROR, dialects=("postgresql",), yields_to=("MG202",))
def enum_left_behind(view: RevisionView) -> Iterator[Problem]:
    """Flag a downgrade that leaves an enum type which the next upgrade creates again."""
    downgrade = view.revision.downgrade
    if downgrade is None:
        return
    for enum, last in reversals.left_enums(view):
        line = enum_dropped(enum.name)
        instead: Instead = (last, line) if last is not None and last.condition is None else ()
        yield Problem(
            f'downgrade() leaves the type "{enum.name}" in the database, '
            f'so the next upgrade fails: type "{enum.name.name}" already exists',
            last.span if last else downgrade,
            object=str(enum.name),
            help=f"Drop the type in downgrade(), after everything that is of it: {line.text}",
            instead=instead,
            related=(Related(enum.span, f'"{enum.name}" is created here'),),
            direction="downgrade",
        )
