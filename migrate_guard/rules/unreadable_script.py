from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.revision import History
from migrate_guard.rule import HistoryView, Problem, Severity, rule


@rule("MG001", on=History, severity=Severity.ERROR)
def unreadable_script(view: HistoryView) -> Iterator[Problem]:
    """Flag a script or env.py that cannot be decoded or parsed, where reading it stops."""
    for script in view.history.unreadable:
        name = script.span.path.rpartition("/")[2]
        yield Problem(
            f'"{name}" cannot be read ({script.reason}), so nothing says what it does to the database',
            script.span,
            object=name,
            help="Mend the script at this place, or run migrate-guard with the Python that runs the migrations.",
        )
    if broken := view.environment.unreadable:
        yield Problem(
            f'"env.py" cannot be read ({broken.reason}), so "alembic upgrade" stops at it, and nothing says how '
            "revisions are run",
            broken.span,
            object="env.py",
            help="Mend it at this place, or run migrate-guard with the Python that runs the migrations.",
        )
