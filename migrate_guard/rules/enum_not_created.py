from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import enums
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import EnumType, Type
from migrate_guard.rule import Confidence, Problem, Severity, Step, rule

Typed: TypeAlias = ops.AddColumn | ops.AlterColumn | ops.CreateTable


@rule(
    "MG130",
    on=(ops.AddColumn, ops.AlterColumn, ops.CreateTable),
    severity=Severity.ERROR,
    dialects=("postgresql",),
)
def enum_not_created(step: Step[Typed]) -> Iterator[Problem]:
    """Flag a column that gets an enum type which nothing has created: create_table alone does that by itself."""
    if step.op.is_sql or step.op.is_tolerated:
        return
    for column, kind in _typed(step.op):
        if enums.is_enum(kind) and _is_missing(kind, step):
            yield _problem(step, column, kind)


def _typed(op: Typed) -> Iterator[tuple[str, Type]]:
    """The columns that an operation gives a type."""
    match op:
        case ops.AddColumn(column=column):
            yield column.name, column.type
        case ops.AlterColumn(column=name, modify_type=Type() as kind):
            yield name, kind
        case ops.CreateTable(table=table):
            yield from ((each.name, each.type) for each in table.columns)


def _problem(step: Step[Typed], column: str, kind: Type) -> Problem:
    op = step.op
    name = op.table.name if isinstance(op, ops.CreateTable) else op.table
    type_name = QualifiedName(kind.name, kind.schema)
    lost = step.before.gone_types.get(type_name)
    missing = "is not there any more" if lost else "is created nowhere before"
    match op:
        case ops.CreateTable():
            why = "with create_type=False create_table makes no type"
        case _:
            directive = "add_column" if isinstance(op, ops.AddColumn) else "alter_column"
            why = f"{directive} creates no type"
    message = f'"{name}.{column}" is of the type "{type_name}", which {missing}, so this fails: {why}'
    table = step.before.table(name)
    is_sure = op.condition is None and (lost is not None or (table is not None and table.is_told))
    return Problem(
        asking.hedged(message, op),
        op.span,
        object=f"{name}.{column}",
        help=f"Create the type first, with {enums.written(kind)}.create(op.get_bind()), and drop it in downgrade().",
        instead=() if isinstance(op, ops.CreateTable) else _instead(op, kind),
        related=(Related(lost, f'"{type_name}" is taken away here'),) if lost else (),
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
    )


def _is_missing(kind: Type, step: Step[Typed]) -> bool:
    """Whether nothing that the history tells has the type, and nothing that nobody knows may have made it."""
    schema, name = step.before, QualifiedName(kind.name, kind.schema)
    if not name.name or name in schema.enums or any((each, name) in schema.definitions for each in ("TYPE", "DOMAIN")):
        return False
    if name in schema.gone_types:
        return True
    for table in schema.tables.values():
        if not table.is_certain or table.may_have_more:
            return False
        if any((column.type.name, column.type.schema) == name for column in table.columns):
            return False
    return True


def _instead(op: ops.AddColumn | ops.AlterColumn, kind: Type) -> Instead:
    if not kind.values:
        return ()
    made = EnumType(QualifiedName(kind.name, kind.schema), kind.values, op.span)
    return (ops.CreateEnum(span=op.span, is_sql=True, enum=made), replace(op, is_sql=False))
