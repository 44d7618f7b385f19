from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from migrate_guard import asking
from migrate_guard.asking import enums
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import EnumType, Type
from migrate_guard.rule import Confidence, Problem, Severity, Step, rule


@rule(
    "MG130",
    on=(ops.AddColumn, ops.AlterColumn),
    severity=Severity.ERROR,
    dialects=("postgresql",),
    yields_to=("MG120", "MG121"),
)
def enum_not_created(step: Step[ops.AddColumn | ops.AlterColumn]) -> Iterator[Problem]:
    """Flag a column that gets an enum type which nothing has created: only create_table does that by itself."""
    op = step.op
    name, kind = (op.column.name, op.column.type) if isinstance(op, ops.AddColumn) else (op.column, op.modify_type)
    if op.is_sql or op.is_tolerated or kind is None or not enums.is_enum(kind) or not _is_missing(kind, step):
        return
    type_name = QualifiedName(kind.name, kind.schema)
    lost = step.before.gone_types.get(type_name)
    directive = "add_column" if isinstance(op, ops.AddColumn) else "alter_column"
    missing = "is not there any more" if lost else "is created nowhere before"
    message = f'"{op.table}.{name}" is of the type "{type_name}", which {missing}: {directive} creates no type'
    table = step.before.table(op.table)
    is_sure = op.condition is None and (lost is not None or (table is not None and table.is_told))
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=f"{op.table}.{name}",
        help=f"Create the type first, with {enums.written(kind)}.create(op.get_bind()), and drop it in downgrade().",
        instead=_instead(op, kind),
        related=(Related(lost, f'"{type_name}" is taken away here'),) if lost else (),
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
    )


def _is_missing(kind: Type, step: Step[ops.AddColumn | ops.AlterColumn]) -> bool:
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
