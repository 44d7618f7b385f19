from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from migrate_guard.asking import design
from migrate_guard.model.schema import Column, Index, Table
from migrate_guard.rule import Problem, Severity, TableView, rule


class Options(Struct, frozen=True):
    values: int = 5
    """How many values a small enumeration has at most."""


@rule("MG611", on=Table, severity=Severity.INFO, options=Options)
def low_cardinality_index(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag an index of all rows on nothing but a boolean, or an enumeration of a few values."""
    table = view.table
    if table.is_part or design.is_version_table(view):
        return
    referring = {name for key in table.foreign_keys for name in key.columns}
    for index in table.indexes:
        column = _only_column(table, index)
        if column is None or column.name in referring or index.inherited_from is not None:
            continue
        values = _values(view, column, options)
        if values:
            yield _problem(view, index, column, values)


def _only_column(table: Table, index: Index) -> Column | None:
    """The column that a plain index is on, with nothing besides."""
    if index.unique or index.where or index.include or len(index.elements) != 1:
        return None
    if index.method.lower() not in ("btree", "hash"):
        return None
    name = index.elements[0].column
    return table.column(name) if name else None


def _values(view: TableView, column: Column, options: Options) -> str:
    """The values of a type that has a few, for a sentence."""
    if column.type.dimensions:
        return ""
    if column.type.family == "boolean":
        return "true and false"
    known = design.labels(column.type, view.schema)
    return f"{len(known)} value{'s' * (len(known) != 1)}" if known and len(known) <= options.values else ""


def _problem(view: TableView, index: Index, column: Column, values: str) -> Problem:
    table = view.table
    name = f'"{index.name}"' if index.name else "an index"
    return Problem(
        f'{name} is on "{table.name}.{column.name}" alone, which has {values}: '
        "a search for a common value reads the table as if there were no index",
        index.span,
        object=f"{table.name}.{index.name or column.name}",
        help=_help(view, column),
        confidence=design.certainty(table, index.name, column.name),
    )


def _help(view: TableView, column: Column) -> str:
    if not design.has_partial_indexes(view.target):
        return f'Leave it out, or begin with the column that searches name besides "{column.name}".'
    value = next(iter(design.labels(column.type, view.schema) or ()), "")
    rare = f"{column.name} = '{value}'" if value else column.name
    where = f'{view.target.dialect}_where=sa.text("{rare}")'
    return f"Index the rows that searches look for by what they are sorted by, with {where} for a rare value."
