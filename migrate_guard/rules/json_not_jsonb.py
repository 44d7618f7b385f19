from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import design, quoted
from migrate_guard.model.schema import Column, Table, Type
from migrate_guard.rule import Problem, Severity, TableView, rule


@rule("MG612", on=Table, severity=Severity.INFO, dialects=("postgresql",))
def json_not_jsonb(view: TableView) -> Iterator[Problem]:
    """Flag a table that keeps JSON as text: json, not jsonb."""
    columns = [each for each in design.own_columns(view) if each.type.name == "JSON" and not each.type.schema]
    if columns:
        yield _problem(view, columns)


def _problem(view: TableView, columns: list[Column]) -> Problem:
    table = view.table.name
    verb = "is" if len(columns) == 1 else "are"
    plain = [each for each in columns if not each.type.dimensions]
    names = quoted(f"{table}.{each.name}" for each in columns[:3])
    if len(columns) > 3:
        names = f'"{table}.{columns[0].name}" and {len(columns) - 1} more columns'
    return Problem(
        f"{names} {verb} json, which has no equality and no index: "
        "DISTINCT, GROUP BY and = fail, and each access parses the text anew",
        design.latest(view, *(each.span for each in columns)),
        object=f"{table}.{columns[0].name}" if len(columns) == 1 else str(table),
        help="Write postgresql.JSONB().",
        instead=tuple(part for each in plain for part in design.retyped(view, each, Type("JSONB", family="json"))),
        confidence=design.certainty(view.table, *(each.name for each in columns)),
    )
