from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.asking import is_association, words
from migrate_guard.asking.house import house_of, is_own, is_small, surrogate
from migrate_guard.asking.house_settings import HouseSettings, Keys
from migrate_guard.model.schema import Table
from migrate_guard.rule import Confidence, Problem, Severity, TableView, rule

Options = Keys
LAST: Final = {"SMALLINT": 2**15, "INT2": 2**15, "SMALLSERIAL": 2**15, "TINYINT": 2**7, "MEDIUMINT": 2**23}
"""One more than the last number that a type holds; the others are of four bytes."""


@rule(
    "MG614",
    on=Table,
    severity=Severity.WARNING,
    default=False,
    dialects=("postgresql", "mysql", "mariadb"),
    options=Options,
)
def small_primary_key(view: TableView, options: Options) -> Iterator[Problem]:
    """Flag a numbered primary key of four bytes or fewer."""
    table = view.table
    column = surrogate(table)
    if column is None or column.is_given or not is_small(column) or not is_own(table, view.environment.version_table):
        return
    if is_association(table) or _stays_small(table, options):
        return
    habit = house_of(view, HouseSettings(keys=options)).keys
    if habit.value != "big":
        return
    evidence = f", while the keys of {habit} are larger" if habit.is_learnt else ""
    name, is_unsigned = column.type.name.upper(), column.type.name.upper().endswith("UNSIGNED")
    last = LAST.get(name.removesuffix(" UNSIGNED"), 2**31) * (2 if is_unsigned else 1) - 1
    yield Problem(
        f'the key "{column.name}" of "{table.name}" is {name} and runs out at {last:,}{evidence}',
        column.span,
        object=f"{table.name}.{column.name}",
        help="Make it sa.BigInteger(), and the columns that refer to it too.",
        confidence=Confidence.HIGH if habit.is_learnt else Confidence.MEDIUM,
    )


def _stays_small(table: Table, options: Options) -> bool:
    """Whether the name of the table says that it has few rows."""
    return any(word in options.lookups for word in words(table.name.name)[-1:])
