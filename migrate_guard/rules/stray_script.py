from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.revision import History
from migrate_guard.rule import HistoryView, Problem, Severity, rule


@rule("MG111", on=History, severity=Severity.ERROR)
def stray_script(view: HistoryView) -> Iterator[Problem]:
    """Flag a Python file among the revisions that defines no revision."""
    for script in view.history.strays:
        name = script.span.path.rpartition("/")[2]
        yield Problem(
            f'"{name}" lies among the revisions and defines no revision, so every Alembic command stops at it',
            script.span,
            object=name,
            help="Move it out of the versions directory, or give it revision and down_revision to make it a migration.",
        )
