from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import environments
from migrate_guard.model.environment import Environment
from migrate_guard.model.instead import Code, Instead
from migrate_guard.rule import Confidence, EnvironmentView, Problem, Related, Severity, rule


@rule("MG901", on=Environment, severity=Severity.ERROR)
def settings_before_transaction(view: EnvironmentView) -> Iterator[Problem]:
    """Flag SQL of env.py that opens a transaction before Alembic does: nobody commits what the revisions do."""
    environment = view.environment
    found = environment.uncommitted
    if found is None:
        return
    lost = "every revision is rolled back"
    if environments.keeps_statements_of_revisions(view.target):
        lost = "the version and the rows that revisions write are rolled back"
    message = (
        "this opens a transaction that nobody commits, as Alembic leaves an open one alone: "
        f'"alembic upgrade" succeeds and {lost}'
    )
    instead: Instead = (Code(found.committed),) if found.committed else ()
    configured = environment.configure_span
    yield Problem(
        f"{message} {found.condition}" if found.condition else message,
        found.span,
        help="Commit behind it, or execute it inside context.begin_transaction().",
        instead=instead,
        related=(Related(configured, "Alembic finds the transaction open here"),) if configured else (),
        confidence=Confidence.MEDIUM if found.condition else Confidence.HIGH,
    )
