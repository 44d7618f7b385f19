from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.environment import Environment
from migrate_guard.model.instead import Code, Instead
from migrate_guard.rule import EnvironmentView, Problem, Severity, rule


@rule("MG906", on=Environment, severity=Severity.INFO, default=False, dialects=("postgresql",))
def no_migration_lock(view: EnvironmentView) -> Iterator[Problem]:
    """Flag an env.py that takes no lock: two replicas that start together run the same revision twice."""
    environment = view.environment
    at = environment.configure_span
    if at is None or environment.takes_lock or environment.is_handed_connection:
        return
    yield Problem(
        "Alembic takes no lock: of two replicas that upgrade together both run the same revision, and one fails",
        at,
        help="Repeat pg_try_advisory_lock() on the connection until it gets the lock, and commit before "
        "context.configure(); the lock goes with the connection.",
        instead=_locked(environment),
    )


def _locked(environment: Environment) -> Instead:
    if "connection=connection" not in environment.configure_code:
        return ()
    return (
        Code(
            'while not connection.scalar(text("SELECT pg_try_advisory_lock(4711)")):\n'
            "    connection.rollback()\n"
            "    time.sleep(1)\n"
            "connection.commit()\n"
            f"{environment.configure_code}"
        ),
    )
