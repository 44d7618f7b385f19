from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.finding import Related
from migrate_guard.model.revision import History
from migrate_guard.rule import HistoryView, Problem, Severity, rule


@rule("MG103", on=History, severity=Severity.ERROR)
def duplicate_revision_id(view: HistoryView) -> Iterator[Problem]:
    """Flag a script whose id another script has too."""
    for first, *others in view.history.duplicates:
        for other in others:
            yield Problem(
                f'"{other.id}" is also the id of "{_file(first.path)}", so "alembic upgrade head" refuses '
                "and one of the two scripts never runs",
                other.span,
                object=other.id,
                help="Give this script an id of its own, and the scripts that follow it that id as down_revision.",
                related=(Related(first.span, f'"{first.id}" is defined here first'),),
            )


def _file(path: str) -> str:
    return path.rpartition("/")[2]
