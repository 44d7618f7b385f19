from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.model.deeds import subject
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import AddColumn, AlterColumn, Opaque, Operation, Update
from migrate_guard.model.schema import Expression
from migrate_guard.rule import Problem, Severity, Step, rule


@rule("MG413", on=AddColumn, severity=Severity.WARNING, yields_to=("MG406", "MG407"))
def python_default_only(step: Step[AddColumn]) -> Iterator[Problem]:
    """Flag `default=` in add_column(), of which the database and the rows that are there get nothing."""
    op, column = step.op, step.op.column
    if not column.has_client_default or column.default is not None or column.computed is not None:
        return
    if column.nullable is False or not step.has_rows(op.table) or _is_filled_later(step):
        return
    yield Problem(
        asking.hedged(
            f'default= gives the database no default: "{column.name}" is NULL in the rows of "{op.table}" that are'
            " there, and in those of code that does not know it",
            op,
        ),
        op.span,
        object=subject(op),
        help="Write server_default= in the migration, which fills the rows that are there, or leave default= to the"
        " model and fill them by an UPDATE.",
        instead=_instead(op),
        confidence=asking.confidence(op),
    )


def _instead(op: AddColumn) -> Instead:
    value = op.column.client_default
    return (replace(op, column=replace(op.column, default=value, has_client_default=False)),) if value else ()


def _is_filled_later(step: Step[AddColumn]) -> bool:
    return any(_fills(each.operation, step.op) for each in step.later)


def _fills(operation: Operation, added: AddColumn) -> bool:
    match operation:
        case Update(table=table, columns=columns):
            return table == added.table and added.column.name in columns
        case AlterColumn(table=table, column=column, modify_default=Expression()):
            return table == added.table and column == added.column.name
        case Opaque(tables=tables):
            return not tables or added.table in tables
    return False
