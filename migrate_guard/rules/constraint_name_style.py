from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking.house import house_of, is_own
from migrate_guard.asking.house_patterns import constraint_named, follows, kind, was_called
from migrate_guard.asking.house_problems import misnamed
from migrate_guard.asking.house_settings import ConstraintNames, HouseSettings
from migrate_guard.dialects.names import is_numbered_key, names_primary_keys
from migrate_guard.model.schema import CheckConstraint, Table
from migrate_guard.rule import Problem, Severity, TableView, rule

Options = ConstraintNames
NOUNS: Final = {
    "primary_key": "primary key",
    "unique": "unique constraint",
    "foreign_key": "foreign key",
    "check": "check constraint",
}


@rule("MG705", on=Table, severity=Severity.INFO, default=False, options=Options)
def constraint_name_style(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a constraint whose name does not follow the pattern of the others of its kind."""
    table = view.table
    if not is_own(table, view.environment.version_table):
        return
    conventions = house_of(view, HouseSettings(constraints=options)).constraints
    for each in table.constraints():
        of = kind(each)
        if of not in conventions or not each.name or each.inherited_from is not None or each.is_assumed_name:
            continue
        if is_numbered_key(each.name):
            continue
        if (each.is_implicit_name and not options.unnamed) or (isinstance(each, CheckConstraint) and each.is_of_type):
            continue
        if of == "primary_key" and not names_primary_keys(view.target.dialect):
            continue
        habit, named = conventions[of], constraint_named(table, each)
        if not habit.value or follows(named, habit.value) or was_called(named, habit.value, table):
            continue
        yield misnamed(f'the {NOUNS[of]} "{each.name}"', named, table, each.span, habit, "those")
