from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from msgspec import Struct

from migrate_guard.asking import design, is_association, quoted
from migrate_guard.asking.timestamps import CREATED, UPDATED
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Problem, Severity, TableView, rule

SHOWN: Final = 3
"""How many columns a message names."""


class Options(Struct, frozen=True):
    tables: bool = True
    """Tables have a comment."""
    columns: bool = True
    """Columns have one."""
    plain: tuple[str, ...] = ("id", "uuid", "pk", *CREATED, *UPDATED, "deleted_at")
    """Names that say everything."""


@rule(
    "MG620",
    on=Table,
    severity=Severity.INFO,
    default=False,
    dialects=("postgresql", "mysql", "mariadb"),
    options=Options,
)
def missing_comment(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a table, or columns of one script, without a comment."""
    table = view.table
    if table.is_part or design.is_version_table(view) or is_association(table):
        return
    if options.tables and not table.comment and not (table.is_given or table.is_open):
        yield Problem(
            f'"{table.name}" has no comment that says what a row of it is',
            table.span,
            object=str(table.name),
            help="Write comment= at the table.",
            confidence=design.certainty(table),
        )
    if options.columns:
        silent = [each for each in design.own_columns(view) if not each.comment and not _is_plain(table, each, options)]
        for _, columns in groupby(silent, key=lambda each: each.span.path):
            yield _problem(table, list(columns))


def _is_plain(table: Table, column: Column, options: Options) -> bool:
    """Whether its name, or what it refers to, says what it holds."""
    return column.name.lower() in options.plain or any(column.name in key.columns for key in table.foreign_keys)


def _problem(table: Table, columns: list[Column]) -> Problem:
    names = quoted(f"{table.name}.{each.name}" for each in columns)
    if len(columns) > SHOWN + 1:
        first = ", ".join(f'"{table.name}.{each.name}"' for each in columns[:SHOWN])
        names = f"{first} and {len(columns) - SHOWN} more columns"
    verb = "has" if len(columns) == 1 else "have"
    return Problem(
        f"{names} {verb} no comment",
        columns[0].span,
        object=f"{table.name}.{columns[0].name}",
        help="Write comment= at the column." if len(columns) == 1 else "Write comment= at the columns.",
        confidence=design.certainty(table, *(each.name for each in columns)),
    )
