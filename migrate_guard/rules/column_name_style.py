from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard.asking.house import Habit, by_script, house_of, is_own
from migrate_guard.asking.house_names import STYLES, in_style, is_telling, styles
from migrate_guard.asking.house_settings import ColumnNames, HouseSettings
from migrate_guard.model.schema import Column, Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule

Options = ColumnNames


@rule("MG703", on=Table, severity=Severity.INFO, default=False, options=Options)
def column_name_style(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag columns that are named in another style than those of the other tables."""
    table = view.table
    if not is_own(table, view.environment.version_table):
        return
    habit = house_of(view, HouseSettings(columns=options)).column_style
    wanted = next((each for each in STYLES if each == habit.value), None)
    if wanted is None:
        return
    own = [each for each in table.columns if not each.is_inherited and not each.is_given]
    odd = [each for each in own if wanted not in styles(each.name) and in_style(each.name, wanted) != each.name]
    telling = [each for each in own if is_telling(each.name) or each in odd]
    if len(odd) > 1 and 2 * len(odd) > len(telling):
        # the table has a style of its own
        for columns in by_script(odd, lambda each: each.span):
            yield _problem(table, columns, habit, in_style(columns[0].name, wanted))
        return
    for each in odd:
        yield _problem(table, [each], habit, in_style(each.name, wanted))


def _problem(table: Table, columns: Sequence[Column], habit: Habit, better: str) -> Problem:
    first, others = columns[0], len(columns) - 1
    more = f" and {others} more column{'s' * (others > 1)}" if others else ""
    evidence = f", while those of {habit} are" if habit.is_learnt else ""
    return Problem(
        f'"{first.name}"{more} of "{table.name}" {"are" if others else "is"} not in {habit.value}{evidence}',
        first.span,
        object=f"{table.name}.{first.name}",
        help=f'Name the column "{better}".' if not others else f'Name it "{better}", and the others likewise.',
        confidence=Confidence.HIGH if habit.is_learnt else Confidence.MEDIUM,
    )
