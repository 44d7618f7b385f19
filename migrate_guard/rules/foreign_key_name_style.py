from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking.house import house_of, is_own
from migrate_guard.asking.house_names import in_number, parts
from migrate_guard.asking.house_patterns import Named, follows
from migrate_guard.asking.house_references import FORMS, Reference, form, references, stem_number, suggested
from migrate_guard.asking.house_settings import HouseSettings, ReferenceNames
from migrate_guard.model.schema import Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule

Options = ReferenceNames


@rule("MG706", on=Table, severity=Severity.INFO, default=False, options=Options)
def foreign_key_name_style(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a column of a foreign key that is called otherwise than those of the others."""
    table = view.table
    if not is_own(table, view.environment.version_table):
        return
    conventions = house_of(view, HouseSettings(references=options))
    habit, number = conventions.references, conventions.reference_number
    for each in references(table, view.schema):
        if habit.value and not _follows(each, habit.value):
            pattern = habit.value.split(maxsplit=1)[0]
            better = suggested(each, pattern)
            evidence = f", as those of {habit} are" if habit.is_learnt else ""
            yield _problem(
                table, each, f"is not called {_told(pattern, each)}{evidence}", better, is_sure=habit.is_learnt
            )
        elif number.value and stem_number(each) not in (number.value, None):
            own = parts(each.column.name)
            wanted = "singular" if number.value == "singular" else "plural"
            better = f"{'_'.join(parts(in_number(each.table, wanted)))}_{own[-1]}"
            told = f"has the table in another number than those of {number}"
            yield _problem(table, each, told, better, is_sure=True)


def _told(pattern: str, reference: Reference) -> str:
    return f'"{pattern.replace("{key}", parts(reference.referred)[-1])}"'


def _follows(reference: Reference, patterns: str) -> bool:
    if patterns in FORMS:
        return form(reference) == patterns
    name, key = reference.column.name, parts(reference.referred)[-1]
    filled = patterns.replace("{key}", key)
    return follows(Named(name, reference.table), filled)


def _problem(table: Table, reference: Reference, told: str, better: str, *, is_sure: bool) -> Problem:
    column = reference.column
    return Problem(
        f'"{column.name}" of "{table.name}" refers to "{reference.key.referred_table}" and {told}',
        column.span,
        object=f"{table.name}.{column.name}",
        help=f'Name the column "{better}".' if better != column.name else "Name the column after what it refers to.",
        confidence=Confidence.HIGH if is_sure else Confidence.MEDIUM,
    )
