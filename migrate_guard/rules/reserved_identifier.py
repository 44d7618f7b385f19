from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import product, rename_column
from migrate_guard.dialects.reserved import is_reserved
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import RenameTable
from migrate_guard.model.schema import Column, Table
from migrate_guard.model.target import Target
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Problem, Severity, TableView, rule

COLUMN_NAMES: Final = {
    "asc": "ascending",
    "begin": "begins_at",
    "case": "case_number",
    "check": "is_checked",
    "default": "is_default",
    "desc": "description",
    "end": "ends_at",
    "from": "sender",
    "group": "group_name",
    "index": "position",
    "limit": "upper_limit",
    "offset": "position",
    "order": "position",
    "primary": "is_primary",
    "rank": "position",
    "references": "reference",
    "to": "recipient",
    "unique": "is_unique",
    "user": "username",
    "when": "happens_at",
}
"""What people mean by a reserved word when they name a column."""


@rule("MG606", on=Table, severity=Severity.WARNING)
def reserved_identifier(view: TableView) -> Iterator[Problem]:
    """Flag the names of tables and columns that the target reserves for its own grammar."""
    table, target, models = view.table, view.target, view.models
    is_made = not table.is_given or table.renamed_at is not None
    if is_made and is_reserved(table.name.name, target):
        yield _table_problem(table, target, models)
    for column in table.columns:
        if not column.is_given and not column.is_inherited and is_reserved(column.name, target):
            yield _column_problem(table, column, target, models)


def _table_problem(table: Table, target: Target, models: Models | None) -> Problem:
    name = table.name
    better = _plural(name.name, target)
    instead: Instead = (RenameTable(span=table.span, table=name, new_name=QualifiedName(better, name.schema)),)
    if models is not None:
        model = models.model_of(name)
        instead = (Code(f"__tablename__ = {literal(better)}"),) if model and model.name else ()
    return Problem(
        f'"{name.name}" is a reserved word of {product(target)}: SQL written by hand has to quote this table for ever',
        table.renamed_at or table.span,
        object=str(name),
        help=f'Name the table "{better}".',
        instead=instead,
    )


def _column_problem(table: Table, column: Column, target: Target, models: Models | None) -> Problem:
    name = table.name
    better = COLUMN_NAMES.get(column.name.lower(), f"{column.name.lower()}_value")
    if table.column(better) or is_reserved(better, target):
        better = f"{name.name}_{column.name.lower()}"
    return Problem(
        f'"{column.name}" is a reserved word of {product(target)}: SQL written by hand has to quote '
        f'this column of "{name}" for ever',
        column.span,
        object=f"{name}.{column.name}",
        help=f'Name the column "{better}".',
        instead=(rename_column(name, column, better, target),) if models is None else (),
    )


def _plural(word: str, target: Target) -> str:
    low = word.lower()
    plural = f"{low[:-1]}ies" if low.endswith("y") and low[-2:-1] not in "aeiou" else f"{low}s"
    return plural if not low.endswith("s") and not is_reserved(plural, target) else f"{low}_records"
