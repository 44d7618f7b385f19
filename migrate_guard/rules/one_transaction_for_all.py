from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import environments, locks, transactions
from migrate_guard.model import operations as ops
from migrate_guard.model.operations import Operation
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, Related, RevisionView, Severity, Statement, rule

_OPTION: Final = "Pass transaction_per_migration=True to context.configure()"
_NO_TRANSACTION: Final = f"Open the connection with connect(), not begin(). {_OPTION}."


@rule("MG902", on=Revision, severity=Severity.WARNING, dialects=("postgresql",), is_said_once=True)
def one_transaction_for_all(view: RevisionView) -> Iterator[Problem]:
    """Flag one transaction for all revisions where one of them holds a lock for long, or needs a commit."""
    environment = view.environment
    if environment.transactions != "single" or not environment.knows_transactions or environment.uncommitted:
        return
    at = environment.configure_span
    if at is None or not view.revision.parents or view.runs_alone:
        return
    for statement in view.statements:
        why = _why(statement)
        if why is not None:
            is_external = environment.is_in_transaction
            yield Problem(
                f"one transaction runs all revisions of an upgrade: {asking.hedged(why, statement.op)}",
                at,
                help=_NO_TRANSACTION if is_external else f"{_OPTION}, which commits every revision by itself.",
                instead=() if is_external else environments.with_option(environment, "transaction_per_migration=True"),
                related=(Related(statement.span, "this statement"),),
                confidence=asking.confidence(statement.op),
            )
            return


def _why(statement: Statement[Operation]) -> str | None:
    """What comes of it for a statement."""
    op = statement.op
    if op.in_autocommit and op.autocommit_block is not None and not op.is_apart:
        return (
            f"the autocommit block of {statement.revision.id} commits what the revisions before it have done, "
            "and what fails later does not take them back"
        )
    if not statement.transaction.is_block or op.is_apart:
        return None
    if isinstance(op, ops.ValidateConstraint) and (op.table, op.constraint) in statement.transaction.not_valid:
        return f'what "{op.table}" is locked with stays locked while "{op.constraint}" is validated'
    tables = transactions.about(statement) or locks.blocked(statement.hazards)
    if transactions.is_long(statement) and statement.hazards.is_blocking and tables:
        mode = transactions.lock_on(statement.hazards, tables[0])
        return f'{mode} on "{tables[0]}" is held until the last revision is through'
    return None
