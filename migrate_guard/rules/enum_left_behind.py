from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard.asking import reversals
from migrate_guard.asking.way_back import as_written, enum_dropped
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Downgrade, Instead
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import EnumType
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG205", on=Revision, severity=Severity.ERROR, dialects=("postgresql",), yields_to=("MG202",))
def enum_left_behind(view: RevisionView) -> Iterator[Problem]:
    """Flag a downgrade that leaves an enum type which the next upgrade creates again."""
    downgrade = view.revision.downgrade
    if downgrade is None:
        return
    left = list(reversals.left_enums(view))
    for enum in left:
        yield Problem(
            f'downgrade() leaves the type "{enum.name}" in the database, '
            f'so the next upgrade fails: type "{enum.name.name}" already exists',
            downgrade,
            object=str(enum.name),
            help=f"Drop the type at the end of downgrade(): {enum_dropped(enum.name).text}",
            instead=_instead(view, left),
            related=(Related(enum.span, f'"{enum.name}" is created here'),),
            direction="downgrade",
        )


def _instead(view: RevisionView, left: Sequence[EnumType]) -> Instead:
    """The downgrade with the types dropped at its end."""
    body = as_written(view.downgrade) if view.downgrade else ()
    return (Downgrade((*body, *(enum_dropped(each.name) for each in left))),) if body else ()
