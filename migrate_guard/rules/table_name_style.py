from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import is_association
from migrate_guard.asking.house import Habit, house_of, is_own
from migrate_guard.asking.house_names import in_number, in_style, number, styles
from migrate_guard.asking.house_settings import HouseSettings, TableNames
from migrate_guard.model.schema import Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule

Options = TableNames


@rule("MG702", on=Table, severity=Severity.INFO, default=False, options=Options)
def table_name_style(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a table that is named in another style than the others, or by one thing where they are many."""
    table = view.table
    if not is_own(table, view.environment.version_table):
        return
    conventions = house_of(view, HouseSettings(tables=options))
    style, many = conventions.table_style, conventions.table_number
    name = better = table.name.name
    told = ""
    if style.value and style.value not in styles(name):
        better, told = in_style(better, style.value), _in_another_style(name, style)
    is_counted = number(name) is not None and not is_association(table)
    if many.value and is_counted and number(name) != many.value:
        better = in_number(better, many.value)
        told = told or _in_another_number(name, many)
    if not told or better == name:
        return
    is_of_style = style.value != "" and style.value not in styles(name)
    habit = style if is_of_style else many
    yield Problem(
        told,
        table.renamed_at or table.span,
        object=str(table.name),
        help=f'Name the table "{better}".',
        confidence=Confidence.LOW if not is_of_style else Confidence.HIGH if habit.is_learnt else Confidence.MEDIUM,
    )


def _in_another_style(name: str, habit: Habit) -> str:
    if habit.is_learnt:
        return f'the table "{name}" is not in {habit.value}, while {habit} are'
    return f'the table "{name}" is not in {habit.value}'


def _in_another_number(name: str, habit: Habit) -> str:
    other = "singular" if habit.value == "plural" else "plural"
    evidence = f", while {habit} have a {habit.value} one" if habit.is_learnt else ""
    return f'the table "{name}" has a {other} name{evidence}'
