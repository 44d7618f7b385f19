from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
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
    for last, enums in reversals.left_enums(view):
        lines = [enum_dropped(each.name) for each in enums]
        names = asking.quoted(str(each.name) for each in enums)
        types = f"the type {names}" if len(enums) == 1 else f"the types {names}"
        instead: Instead = (last, *lines) if last is not None and last.condition is None else ()
        yield Problem(
            f"downgrade() leaves {types} in the database, "
            f'so the next upgrade fails: type "{enums[0].name.name}" already exists',
            last.span if last else downgrade,
            object=str(enums[0].name) if len(enums) == 1 else None,
            help=f"Drop {types} in downgrade(), after everything that is of it: "
            f"{'; '.join(each.text for each in lines)}",
            instead=instead,
            related=tuple(Related(each.span, f'"{each.name}" is created here') for each in enums),
            direction="downgrade",
        )
