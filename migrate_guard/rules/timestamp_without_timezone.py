from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from typing import Final

from migrate_guard.asking import design, quoted, words
from migrate_guard.asking.house import Habit, by_script, clocks, house_of, is_aware, is_own
from migrate_guard.asking.house_settings import HouseSettings, TimeZones
from migrate_guard.model.schema import Column, Table
from migrate_guard.model.source import Span
from migrate_guard.rule import Confidence, Problem, Related, Severity, TableView, rule

Options = TimeZones
MOST_NAMED: Final = 3


@rule(
    "MG605",
    on=Table,
    severity=Severity.INFO,
    dialects=("postgresql",),
    options=Options,
    yields_to=("MG623",),
)
def timestamp_without_timezone(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a timestamp without a time zone, once per table."""
    table = view.table
    naive = _naive(view, options)
    if not naive:
        return
    habit = house_of(view, HouseSettings(zones=options)).zones
    others = [each for each in clocks(table) if is_aware(each)]
    is_mixed = bool(others) or habit.is_learnt or _others_are_aware(view)
    for columns in by_script(naive, lambda each: each.span):
        is_first = design.is_first_of_script(view, columns[0].span, _places(options))
        yield _problem(table, columns, others, habit, Severity.WARNING if is_mixed and is_first else Severity.INFO)


def _naive(view: TableView, options: Options) -> list[Column]:
    """The columns that have no time zone, where the house has any."""
    table = view.table
    if table.is_part or table.name.name == view.environment.version_table:
        return []
    naive = [each for each in clocks(table) if _is_naive(each, options)]
    habit = house_of(view, HouseSettings(zones=options)).zones if naive else None
    return [] if habit is None or habit.value == "naive" or options.expect == "any" else naive


@lru_cache(maxsize=4)
def _places(options: Options) -> design.Places:
    return partial(_places_of_naive, options)


def _places_of_naive(options: Options, view: TableView) -> Iterator[Span]:
    return (each.span for each in _naive(view, options))


def _is_naive(column: Column, options: Options) -> bool:
    if column.is_given or is_aware(column) or not column.type.is_known:
        return False
    return not any(word in options.local for word in words(column.name))


def _others_are_aware(view: TableView) -> bool:
    """Whether other tables of the project have time zones."""
    version_table = view.environment.version_table
    own = (each for each in view.schema.tables.values() if is_own(each, version_table))
    return any(is_aware(column) for each in own for column in clocks(each))


def _problem(
    table: Table, columns: Sequence[Column], others: Sequence[Column], habit: Habit, severity: Severity
) -> Problem:
    named = [each.name for each in columns]
    told = quoted(named) if len(named) <= MOST_NAMED else f'"{named[0]}" and {len(named) - 1} more columns'
    has = "has" if len(named) == 1 else "have"
    evidence = ""
    if others:
        evidence = f', while "{others[0].name}" has one'
    elif habit.is_learnt:
        evidence = f", while {habit} with timestamps have one"
    return Problem(
        f'{told} of "{table.name}" {has} no time zone{evidence}: what now() writes there depends on the zone of '
        "the session",
        columns[0].span,
        object=f"{table.name}.{named[0]}",
        help=f"Declare {'it' if len(named) == 1 else 'them'} as sa.DateTime(timezone=True), which is TIMESTAMP WITH "
        "TIME ZONE.",
        related=tuple(Related(each.span, "this one has none either") for each in columns[1:]),
        severity=severity,
        confidence=Confidence.HIGH if habit.is_learnt or others else Confidence.MEDIUM,
    )
