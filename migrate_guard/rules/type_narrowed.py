from __future__ import annotations

from collections.abc import Iterator

from migrate_guard import asking
from migrate_guard.asking.fitting import proves_fit
from migrate_guard.asking.safer import cut, written_name, written_table
from migrate_guard.dialects.constraints import takes_not_valid
from migrate_guard.dialects.narrowing import Misfit, misfit, refuses_what_does_not_fit
from migrate_guard.model.deeds import subject
from migrate_guard.model.finding import Confidence
from migrate_guard.model.instead import Instead, OwnRevision
from migrate_guard.model.operations import AddConstraint, AlterColumn, Delete, Update, ValidateConstraint
from migrate_guard.model.schema import CheckConstraint, Expression, Type
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG405", on=AlterColumn, severity=Severity.ERROR, yields_to=("MG412", "MG414"))
def type_narrowed(step: Step[AlterColumn]) -> Iterator[Problem]:
    """Flag a type that does not hold every value of the old one, in a table that may have rows."""
    op = step.op
    if op.modify_type is None or not step.has_rows(op.table) or step.is_new_column(op.table, op.column):
        return
    table = step.before.table(op.table)
    column = table.column(op.column) if table else None
    is_told = column is not None and column.type.is_known and not column.is_given
    old = column.type if column is not None and column.type.is_known else op.existing_type
    found = misfit(old, op.modify_type, op.using, step.target) if old is not None else None
    if found is None or old is None or (table and proves_fit(table, op.column, found)) or _is_prepared(step):
        return
    yield Problem(
        asking.hedged(_message(op, old, found, step.target, is_told=is_told), op),
        op.span,
        object=subject(op),
        help=_help(op, found, step.target),
        instead=_instead(op, found, step.target),
        severity=Severity.WARNING if found.is_of_contents else None,
        confidence=min(asking.confidence(op), Confidence.HIGH if is_told else Confidence.MEDIUM),
    )


def _is_prepared(step: Step[AlterColumn]) -> bool:
    """Whether the revision has changed or deleted rows for what the column holds."""
    column = step.op.column
    for operation, _, _ in step.earlier:
        if isinstance(operation, Update) and operation.table == step.op.table and column in operation.columns:
            return True
        if isinstance(operation, Delete) and operation.table == step.op.table:
            return operation.where is not None and column in operation.where.columns
    return False


def _message(op: AlterColumn, old: Type, found: Misfit, target: Target, *, is_told: bool) -> str:
    known = "" if is_told else ", as existing_type has it,"
    change = f'"{subject(op)}" from {old}{known} to {op.modify_type}'
    if found.outcome == "changed":
        return f"changing {change} loses data without a word: {found.values} {found.becomes}"
    refused = f"{asking.PRODUCTS[target.dialect]} refuses to change {change} as soon as a row has {found.values}"
    return refused if refuses_what_does_not_fit(target) else f"{refused}; without strict SQL mode they {found.becomes}"


def _help(op: AlterColumn, found: Misfit, target: Target) -> str:
    fits = _fits(op, found, target)
    if fits is None:
        return (
            "Add a column of the new type, fill it from the old one, and see what does not come out as it was, before"
            " the old one goes."
        )
    table = written_table(op.table, target)
    return (
        f"See whether rows do not fit: SELECT count(*) FROM {table} WHERE NOT ({fits}); a CHECK that says so and is"
        " validated keeps new ones out, and the type may stay."
    )


def _fits(op: AlterColumn, found: Misfit, target: Target) -> str | None:
    """The predicate of the values that fit."""
    name = written_name(op.column, target)
    if found.longest is not None:
        return f"char_length({name}) <= {found.longest}"
    return f"{name} BETWEEN {found.range[0]} AND {found.range[1]}" if found.range is not None else None


def _instead(op: AlterColumn, found: Misfit, target: Target) -> Instead:
    """A CHECK instead of the type: it is added at once, and validated while others read and write."""
    fits = _fits(op, found, target)
    is_more = op.modify_nullable is not None or op.is_sql
    if fits is None or is_more or not takes_not_valid(target):
        return ()
    name = cut(f"ck_{op.table.name}_{op.column}_fits")
    check = CheckConstraint(
        name=name, columns=(op.column,), span=op.span, not_valid=True, expression=Expression(fits, columns=(op.column,))
    )
    validate = ValidateConstraint(span=op.span, is_sql=True, table=op.table, constraint=name)
    add = AddConstraint(span=op.span, table=op.table, constraint=check)
    return (add, OwnRevision((validate,), "when the rows that do not fit are mended"))
