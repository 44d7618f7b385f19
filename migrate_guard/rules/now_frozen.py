from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.dialects.frozen import Frozen, frozen
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.schema import Column, Expression, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, Severity, Step, rule


class _Default(NamedTuple):
    """A default that an operation sets."""

    column: str
    type: Type
    default: Expression
    span: Span


@rule(
    "MG132",
    on=(ops.CreateTable, ops.AddColumn, ops.AlterColumn),
    severity=Severity.ERROR,
)
def now_frozen(step: Step[ops.Operation]) -> Iterator[Problem]:
    """Flag a default that is a string where a call was meant: "now()" is the time of the migration for ever."""
    for each in _defaults(step):
        found = frozen(each.default, each.type, step.target)
        if found is None:
            continue
        subject = f"{_table(step.op)}.{each.column}"
        yield Problem(
            asking.hedged(
                f'the default of "{subject}" is the string "{found.said}": {_fate(found, each, step)}', step.op
            ),
            each.span,
            object=subject,
            help=f"Pass {_written(found, step.target)}, which is no string.",
            instead=_mended(step),
            confidence=asking.confidence(step.op),
        )


def _table(op: ops.Operation) -> str:
    return str(op.table.name if isinstance(op, ops.CreateTable) else getattr(op, "table", ""))


def _defaults(step: Step[ops.Operation]) -> Iterator[_Default]:
    match step.op:
        case ops.CreateTable(table=table):
            for column in table.columns:
                if column.default is not None:
                    yield _Default(column.name, column.type, column.default, column.span)
        case ops.AddColumn(column=column) if column.default is not None:
            yield _Default(column.name, column.type, column.default, step.op.span)
        case ops.AlterColumn(table=name, column=column_name, modify_default=Expression() as default):
            owner = step.after.table(name)
            known = owner.column(column_name) if owner else None
            if known is not None:
                yield _Default(column_name, known.type, default, step.op.span)


def _fate(found: Frozen, each: _Default, step: Step[ops.Operation]) -> str:
    product = asking.product(step.target)
    match found.fate:
        case "freezes":
            return f"{product} reads it once, so every row gets the time of the migration"
        case "refuses":
            return f"{product} refuses it for {each.type}"
        case "stores" if each.type.family != "text":
            return "every row gets these words, which are no value of the type"
        case "stores":
            return "every row gets these words, nothing is called"
    return "nothing is called when a row comes"


def _written(found: Frozen, target: Target) -> str:
    if found.call is None:
        return "sa.text() with the expression that is meant"
    return "sa.func.now()" if _is_now(found.call) else f'sa.text("{found.call}")'


def _is_now(call: str) -> bool:
    return call.lower() in ("now()", "now( )", "current_timestamp", "current_timestamp()")


def _mended(step: Step[ops.Operation]) -> Instead:
    """The operation with every such default as the call that was meant."""
    op, target = step.op, step.target
    match op:
        case ops.CreateTable(table=table) if not any(each.type.family == "enum" for each in table.columns):
            columns = tuple(mended for each in table.columns if (mended := _called(each, target)))
            is_whole = len(columns) == len(table.columns)
            return (replace(op, table=replace(table, columns=columns)),) if is_whole else ()
        case ops.AddColumn(column=column) if (mended := _called(column, target)) is not None:
            return (replace(op, column=mended, in_batch=op.in_batch or not asking.takes_function_defaults(target)),)
        case ops.AlterColumn(modify_default=Expression() as default):
            known = next(iter(_defaults(step)), None)
            call = _call(default, known.type, target) if known else None
            return (replace(op, modify_default=call),) if call else ()
    return ()


def _called(column: Column, target: Target) -> Column | None:
    """The column with the call that was meant as its default; None where that is not known."""
    if column.default is None or frozen(column.default, column.type, target) is None:
        return column
    call = _call(column.default, column.type, target)
    return replace(column, default=call) if call else None


def _call(default: Expression, column_type: Type, target: Target) -> Expression | None:
    found = frozen(default, column_type, target)
    if found is None or found.call is None or (target.dialect != "postgresql" and not _is_now(found.call)):
        return None
    return asking.now(target) if _is_now(found.call) else Expression(found.call)
