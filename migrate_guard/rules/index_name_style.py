from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking.house import house_of, is_own
from migrate_guard.asking.house_patterns import UNIQUES, follows, index_named, was_called
from migrate_guard.asking.house_problems import misnamed
from migrate_guard.asking.house_settings import HouseSettings, IndexNames
from migrate_guard.model.schema import Table
from migrate_guard.rule import Problem, Severity, TableView, rule

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
        yield misnamed(f'the index "{index.name}"', named, table, index.span, habit, "the indexes")
