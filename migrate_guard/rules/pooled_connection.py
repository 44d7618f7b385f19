from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import environments
from migrate_guard.model.environment import Environment
from migrate_guard.model.operations import RawSql, SetParameter
from migrate_guard.model.source import Span
from migrate_guard.rule import Confidence, EnvironmentView, Problem, Related, Severity, Statement, rule


@rule(
    "MG908",
    on=(Environment, Statement[SetParameter], Statement[RawSql]),
    severity=Severity.WARNING,
    dialects=("postgresql",),
    is_said_once=True,
)
def pooled_connection(subject: EnvironmentView | Statement[SetParameter] | Statement[RawSql]) -> Iterator[Problem]:
    """Flag what a session keeps, where the URL leads to a pooler that gives every transaction another session."""
    urls = [each for each in subject.environment.urls if each.is_used]
    found = next(((each, by) for each in urls if (by := environments.pooler(each))), None)
    if found is None:
        return
    kept = _kept(subject)
    if kept is None:
        return
    what, at = kept
    url, by = found
    message = f"{by} is that of a pooler, which gives every transaction another session: {what}"
    yield Problem(
        asking.hedged(message, subject.op) if isinstance(subject, Statement) else message,
        at,
        help="Migrate over a URL that leads to the database itself.",
        related=(Related(url.span, "the URL of the pooler"),) if url.span != at else (),
        confidence=Confidence.MEDIUM,
    )


def _kept(subject: EnvironmentView | Statement[SetParameter] | Statement[RawSql]) -> tuple[str, Span] | None:
    """What the session is to keep, for a sentence, and where."""
    if isinstance(subject, Statement):
        return _of_script(subject)
    environment = subject.environment
    for setting in environment.settings:
        if setting.source == "connection":
            return f'it refuses the "{setting.name}" that the connection is to start with, or drops it', setting.span
        if not setting.is_local and not setting.is_repeated:
            return f'the "{setting.name}" that env.py sets is lost, and somebody else runs with it', setting.span
    for lock in environment.advisory_locks:
        if "_xact_" not in lock.function:
            return f"the lock of {lock.function}() stays with a session that somebody else gets", lock.span
    if environment.has_statement_cache:
        url = next(each for each in environment.urls if each.is_used and environments.pooler(each))
        return "a statement that asyncpg has prepared is not there for the next, or is there already", url.span
    return None


def _of_script(statement: Statement[SetParameter] | Statement[RawSql]) -> tuple[str, Span] | None:
    op = statement.op
    if isinstance(op, SetParameter):
        # within the transaction of the revision the session is the same
        is_lost = not op.is_local and not statement.transaction.is_block
        return (f'"{op.name}" is set in a session that the next statement need not get', op.span) if is_lost else None
    lock = next((each for each in op.functions if each in ("pg_advisory_lock", "pg_try_advisory_lock")), None)
    return (f"the lock of {lock}() stays with a session that somebody else gets", op.span) if lock else None
