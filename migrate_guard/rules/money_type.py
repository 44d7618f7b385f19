from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import design
from migrate_guard.model.schema import Table, Type
from migrate_guard.rule import Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    precision: tuple[int, int] = (12, 2)
    """The sa.Numeric that is suggested."""


@rule("MG624", on=Table, severity=Severity.WARNING, dialects=("postgresql",), options=Options)
def money_type(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a column of PostgreSQL's type money."""
    table, (precision, scale) = view.table, options.precision
    for column in design.own_columns(view):
        if column.type.name != "MONEY" or column.type.schema:
            continue
        numeric = Type("NUMERIC", (str(precision), str(scale)), family="decimal")
        yield Problem(
            f'"{table.name}.{column.name}" is {column.type}, which has no currency of its own: '
            "lc_monetary of the session says how many decimals it has and how it is read",
            column.span,
            object=f"{table.name}.{column.name}",
            help=f"Write sa.Numeric({precision}, {scale}), and the currency in a column of its own.",
            instead=() if column.type.dimensions else design.retyped(view, column, numeric),
            confidence=design.certainty(table, column.name),
        )
