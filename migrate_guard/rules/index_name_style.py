from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import quoted
from migrate_guard.asking.house import house_of, is_own
from migrate_guard.asking.house_patterns import UNIQUES, follows, index_named, spelled, was_called
from migrate_guard.asking.house_settings import HouseSettings, IndexNames
from migrate_guard.model.schema import Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule

Options = IndexNames


@rule("MG704", on=Table, severity=Severity.INFO, default=False, options=Options)
def index_name_style(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag an index whose name does not follow the pattern of the others."""
    table = view.table
    if not is_own(table, view.environment.version_table):
        return
    habit = house_of(view, HouseSettings(indexes=options)).indexes
    if not habit.value:
        return
    for index in table.indexes:
        if not index.name or index.inherited_from is not None:
            continue
        named = index_named(table, index)
        if follows(named, habit.value) or was_called(named, habit.value, table):
            continue
        if index.unique and any(follows(named, each) for each in UNIQUES):
            continue
        better = spelled(named, habit.value)
        evidence = f" as the indexes of {habit} do" if habit.is_learnt else ""
        yield Problem(
            f'the index "{index.name}" of "{table.name}" does not follow '
            f"{quoted(habit.value.split()).replace(' and ', ' or ')}{evidence}",
            index.span,
            object=f"{table.name}.{index.name}",
            help=f'Name it "{better}".' if better else f"Name it as {habit.value.split(maxsplit=1)[0]} says.",
            confidence=Confidence.HIGH if habit.is_learnt else Confidence.MEDIUM,
        )
