from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import environments
from migrate_guard.model.environment import Environment
from migrate_guard.model.instead import Code, Instead
from migrate_guard.rule import Confidence, EnvironmentView, Problem, Related, Severity, rule

_COMMITTED: Final = "Commit behind it, or execute it inside context.begin_transaction()."
_IN_TRANSACTION: Final = "Write with context.begin_transaction(): around it."


@rule("MG901", on=Environment, severity=Severity.ERROR)
def settings_before_transaction(view: EnvironmentView) -> Iterator[Problem]:
    """Flag an env.py whose revisions run in a transaction that nobody commits: SQL before it, or none asked for."""
    environment = view.environment
    found = environment.uncommitted
    if found is None:
        return
    lost = "every revision is rolled back"
    if environments.keeps_statements_of_revisions(view.target):
        lost = "the version and the rows that revisions write are rolled back"
    opened = (
        "this opens a transaction that nobody commits, as Alembic leaves an open one alone"
        if not found.is_of_revisions
        else "run_migrations() runs outside of context.begin_transaction(), in a transaction that nobody commits"
    )
    message = f'{opened}: "alembic upgrade" succeeds and {lost}'
    instead: Instead = (Code(found.committed),) if found.committed else ()
    configured = environment.configure_span
    yield Problem(
        f"{message} {found.condition}" if found.condition else message,
        found.span,
        help=_IN_TRANSACTION if found.is_of_revisions else _COMMITTED,
        instead=instead,
        related=(Related(configured, "Alembic finds the transaction open here"),)
        if configured and not found.is_of_revisions
        else (),
        confidence=Confidence.MEDIUM if found.condition else Confidence.HIGH,
    )
