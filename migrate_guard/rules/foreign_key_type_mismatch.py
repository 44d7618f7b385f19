from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import design, product
from migrate_guard.dialects.key_types import Mismatch, largest, mismatch
from migrate_guard.model.schema import Column, ForeignKey, Table
from migrate_guard.model.source import Span
from migrate_guard.rule import Confidence, Problem, Related, Severity, TableView, rule


@rule("MG607", on=Table, severity=Severity.ERROR)
def foreign_key_type_mismatch(view: TableView) -> Iterator[Problem]:
    """Flag a foreign key whose column has another type than the one it refers to, where that fails or costs."""
    for key, column, other, found in _mismatches(view):
        yield _problem(view, key, column, other, found)


def _mismatches(view: TableView) -> Iterator[tuple[ForeignKey, Column, Column, Mismatch]]:
    """The keys of a table with the first columns that do not match."""
    for key in () if view.table.is_part else view.table.foreign_keys:
        referred = view.schema.table(key.referred_table)
        if referred is None:
            continue
        for column, other in _pairs(view.table, key, referred):
            found = mismatch(column.type, other.type, view.target) or _collations(view, column, other)
            if found:
                yield key, column, other, found
                break


def _places_of_warnings(view: TableView) -> Iterator[Span]:
    for key, column, other, found in _mismatches(view):
        if found != "refused":
            yield design.latest(view, key.span, column.span, other.span)


def _pairs(table: Table, key: ForeignKey, referred: Table) -> Iterator[tuple[Column, Column]]:
    """The columns of a key with what they refer to, where both are known."""
    names = key.referred_columns or (referred.primary_key.columns if referred.primary_key else ())
    if len(names) != len(key.columns):
        return
    for name, other in zip(key.columns, names, strict=True):
        one, two = table.column(name), referred.column(other)
        if one and two and not (one.is_given or two.is_given):
            yield one, two


def _collations(view: TableView, column: Column, other: Column) -> Mismatch | None:
    """InnoDB compares texts of one collation only."""
    if not design.compares_collations_of_keys(view.target) or not (column.collation and other.collation):
        return None
    return "refused" if column.collation != other.collation else None


def _problem(view: TableView, key: ForeignKey, column: Column, other: Column, found: Mismatch) -> Problem:
    table, referred = view.table.name, key.referred_table
    is_sure = view.table.is_sure_of(column.name) and view.schema.tables[referred].is_sure_of(other.name)
    what = [f"{each.type}" for each in (column, other)]
    if mismatch(column.type, other.type, view.target) is None:
        what = [f"{each.type} COLLATE {each.collation}" for each in (column, other)]
    told = f'"{table}.{column.name}" is {what[0]} and refers to "{referred}.{other.name}", which is {what[1]}'
    at = design.latest(view, key.span, column.span, other.span)
    is_warning = found != "refused" and design.is_first_of_script(view, at, _places_of_warnings)
    return Problem(
        f"{told}: {_consequence(view, key, column, found)}",
        at,
        object=f"{table}.{column.name}",
        help=f'Make "{table}.{column.name}" {what[1]} as well.',
        instead=design.retyped(view, column, other.type, key) if column.type != other.type else (),
        related=(Related(other.span, f'"{referred}.{other.name}" is {what[1]}'),),
        severity=None if found == "refused" else (Severity.WARNING if is_warning else Severity.INFO),
        confidence=design.certainty(view.table) if is_sure else Confidence.MEDIUM,
    )


def _consequence(view: TableView, key: ForeignKey, column: Column, found: Mismatch) -> str:
    match found:
        case "refused":
            return f"{product(view.target)} refuses such a key"
        case "overflows":
            return f'it holds no id of "{key.referred_table}" above {largest(column.type)}'
        case "scanned":
            return f"{product(view.target)} converts one to compare them, and passes its index by"
