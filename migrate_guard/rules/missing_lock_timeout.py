from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import locks, transactions
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import Operation, SetParameter
from migrate_guard.rule import Confidence, Problem, Related, Severity, Statement, rule


@rule("MG314", on=Statement[Operation], severity=Severity.WARNING, dialects=("postgresql",), is_said_once=True)
def missing_lock_timeout(statement: Statement[Operation]) -> Iterator[Problem]:
    """Flag a statement that blocks a table in use while nothing limits how long it waits for its lock."""
    effects = statement.effects.without(statement.version_table)
    if not effects.is_blocking or effects.transactional.is_no or statement.timeout("lock_timeout") is not None:
        return
    table = (transactions.about(statement) or locks.blocked(effects))[0]
    name = f'the table of "{table}"' if table in effects.index_locks else f'"{table}"'
    who = "every query of" if locks.who_waits(effects, table) != "writes" else "every write to"
    mode = transactions.lock_on(effects, table)
    # what a program hands over, or an env.py that is not there, may set one
    is_known = statement.environment.env_path is not None and not statement.environment.is_handed_connection
    what = "nothing" if is_known else "nothing in the script"
    message = f'{what} limits how long this waits for {mode} on "{table}", and {who} {name} queues behind it'
    yield Problem(
        asking.hedged(message, statement.op),
        statement.span,
        object=str(table),
        help="Set lock_timeout for every migration in env.py, "
        'create_engine(…, connect_args={"options": "-c lock_timeout=5s"}), or in the script.',
        instead=_instead(statement),
        related=_related(statement),
        confidence=asking.confidence(statement.op) if is_known else Confidence.MEDIUM,
    )


def _related(statement: Statement[Operation]) -> tuple[Related, ...]:
    lifted = statement.settings.get("lock_timeout")
    if lifted is not None:
        return (Related(lifted.span, "lock_timeout is lifted here"),)
    configured = statement.environment.configure_span
    return (Related(configured, "the connection has no lock_timeout"),) if configured else ()


def _instead(statement: Statement[Operation]) -> Instead:
    limit = SetParameter(span=statement.span, is_sql=True, name="lock_timeout", value="5s", is_local=True)
    written = transactions.as_written(statement)
    if statement.transaction.is_block:
        return (limit, *written)
    # outside a transaction block there is nothing that SET LOCAL could be local to
    return (replace(limit, is_local=False), *written, replace(limit, is_local=False, value="DEFAULT"))
