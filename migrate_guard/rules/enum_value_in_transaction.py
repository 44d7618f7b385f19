from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking import enums, transactions
from migrate_guard.dialects.postgresql.enums import is_usable_at_once
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import AutocommitBlock, Instead
from migrate_guard.model.operations import Operation
from migrate_guard.rule import Confidence, Problem, Related, Severity, Statement, rule


@rule(
    "MG325",
    on=(
        *(Statement[ops.CreateTable], Statement[ops.AddColumn], Statement[ops.AlterColumn]),
        *(Statement[ops.AddConstraint], Statement[ops.CreateIndex], Statement[ops.CreateView]),
        *(Statement[ops.Insert], Statement[ops.Update], Statement[ops.Delete], Statement[ops.RawSql]),
    ),
    severity=Severity.ERROR,
    dialects=("postgresql",),
    directions=("upgrade", "downgrade"),
    minds_downgrade=lambda operation: isinstance(operation, ops.AddEnumValue),
)
def enum_value_in_transaction(statement: Statement[Operation]) -> Iterator[Problem]:
    """Flag the use of an enum value in the transaction that adds it, which PostgreSQL refuses."""
    version = statement.target.version
    for (enum, value), new in statement.transaction.new_values.items():
        if is_usable_at_once(version, is_of_new_type=new.is_of_new_type):
            continue
        use = enums.use_of(value, enum, statement.op, statement.before, statement.after)
        if use is None:
            continue
        where = f"line {new.by.span.line}"
        if new.revision.id != statement.revision.id:
            where = f"{where} of revision {new.revision.id}"
        product = asking.product(statement.target)
        message = (
            f'{product} stops with: unsafe use of new value "{value}" of enum type {enum}, as '
            f"the transaction that adds it ({where}) is still open"
        )
        if use.column is not None:
            message = f'{message} if "{use.column}" is of that type'
        yield Problem(
            asking.hedged(message, statement.op),
            statement.span,
            object=f"{enum}.{value}",
            help=transactions.advice(statement, "Use the value when it is committed: in a later revision."),
            instead=_instead(statement),
            related=(
                Related(new.by.span, f'"{value}" is added here'),
                *transactions.of_configuration(statement.environment),
            ),
            confidence=min(
                Confidence.MEDIUM if use.column else Confidence.HIGH,
                asking.confidence(statement.op),
                asking.confidence(new.by),
            ),
        )


def _instead(statement: Statement[Operation]) -> Instead:
    if statement.is_first and statement.environment.transactions == "single":
        return (AutocommitBlock(transactions.as_written(statement)),)
    return transactions.in_own_revision(statement, "the value is committed by then")
