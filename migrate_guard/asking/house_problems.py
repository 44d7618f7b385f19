"""What rules of names say of one that is not as the house has it."""

from __future__ import annotations

from migrate_guard.asking import quoted
from migrate_guard.asking.house import Habit
from migrate_guard.asking.house_patterns import Named, spelled
from migrate_guard.model.schema import Table
from migrate_guard.model.source import Span
from migrate_guard.rule import Confidence, Problem


def misnamed(what: str, named: Named, table: Table, at: Span, habit: Habit, others: str) -> Problem:
    """The problem of an object of a table whose name does not follow a pattern that `others` of the house do."""
    better = spelled(named, habit.value)
    evidence = f" as {others} of {habit} do" if habit.is_learnt else ""
    patterns = habit.value.split()
    return Problem(
        f'{what} of "{table.name}" does not follow {quoted(patterns).replace(" and ", " or ")}{evidence}',
        at,
        object=f"{table.name}.{named.name}",
        help=f'Name it "{better}".' if better else f"Name it as {patterns[0]} says.",
        confidence=Confidence.HIGH if habit.is_learnt else Confidence.MEDIUM,
    )
