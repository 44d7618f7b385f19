from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import scripts
from migrate_guard.model.facts import ImportTimeCall
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG118", on=Revision, severity=Severity.ERROR)
def operation_at_import_time(view: RevisionView) -> Iterator[Problem]:
    """Flag a directive that runs when the script is imported: with every command, or with none."""
    for fact, _ in scripts.facts_by_place(view, ImportTimeCall):
        refused = f'"alembic heads", "history" and "revision" fail at {fact.call}(), which needs a migration to run in'
        repeated = "every upgrade and downgrade, of whatever revision, repeats it"
        happens = f"{repeated}, and {refused}" if fact.has_effect else refused
        yield Problem(
            f"{fact.call}() runs when the script is imported: {repeated if fact.is_tolerated else happens}",
            fact.span,
            object=fact.call,
            help="Move it into upgrade().",
        )
