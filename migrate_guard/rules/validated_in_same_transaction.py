from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import constraints, safer_constraints
from migrate_guard.model.operations import ValidateConstraint
from migrate_guard.model.statement import NotValid
from migrate_guard.rule import Problem, Related, Severity, Statement, rule


@rule("MG312", on=Statement[ValidateConstraint], severity=Severity.WARNING, dialects=("postgresql",))
def validated_in_same_transaction(statement: Statement[ValidateConstraint]) -> Iterator[Problem]:
    """Flag VALIDATE in the transaction that added the constraint NOT VALID: the lock of adding it is still held."""
    op, effects = statement.op, statement.hazards
    added = statement.transaction.not_valid.get((op.table, op.constraint))
    if added is None or not any(statement.has_rows(each) for each in effects.scans.relations):
        return
    yield Problem(
        asking.hedged(_message(statement, added), op),
        op.span,
        object=f"{op.table}.{op.constraint}",
        help="Validate it in a later transaction: VALIDATE by itself lets reads and writes go on.",
        instead=safer_constraints.validated_apart(statement, added),
        related=(Related(added.by.span, f'"{op.constraint}" is added here'),),
        confidence=asking.confidence(op),
    )


def _message(statement: Statement[ValidateConstraint], added: NotValid) -> str:
    op = statement.op
    effects = replace(statement.hazards, locks=added.locks)
    waiting = constraints.waiting(statement, effects, tuple(added.locks))
    blocks = f"blocks {waiting} while every row is checked"
    if safer_constraints.is_same_statement(statement, added):
        return f'one ALTER TABLE that adds "{op.constraint}" NOT VALID and validates it {blocks}'
    where = "the transaction that added it NOT VALID"
    if added.revision.id != statement.revision.id:
        where = f"the one transaction that runs all revisions, in which {added.revision.id} added it NOT VALID,"
    return f'validating "{op.constraint}" in {where} {blocks}'
