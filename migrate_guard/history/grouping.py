"""Which operations are one statement, or belong to one thing that a script wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard.model import operations as ops
from migrate_guard.model.revision import Transition
from migrate_guard.model.statement import Statement


def statements(transitions: Sequence[Transition]) -> Iterator[tuple[Transition, ...]]:
    """The operations of each statement: an ALTER TABLE with several actions is read as one operation an action."""
    group: list[Transition] = []
    for transition in transitions:
        if group and transition.operation.part == 0:
            yield tuple(group)
            group = []
        group.append(transition)
    if group:
        yield tuple(group)


def types_ahead(groups: Sequence[tuple[Transition, ...]], number: int) -> tuple[ops.Operation, ...]:
    """The enum types that a directive creates for the columns of its own."""
    operation = groups[number][0].operation
    found: list[ops.Operation] = []
    while number and not operation.is_sql and not isinstance(operation, ops.CreateEnum):
        number -= 1
        earlier = groups[number][0].operation
        if not isinstance(earlier, ops.CreateEnum) or earlier.is_sql or not operation.span.contains(earlier.span):
            break
        found.insert(0, earlier)
    return tuple(found)


def renamed_along(
    group: tuple[Transition, ...], following: Sequence[tuple[Transition, ...]]
) -> tuple[ops.RenameColumn, ...]:
    """What `alter_column(new_column_name=…)` does after all else that it says."""
    for each in following:
        match group[0].operation, each[0].operation:
            case ops.AlterColumn(is_sql=False) as changed, ops.RenameColumn(is_sql=False) as renamed:
                if (changed.span, changed.table, changed.column) == (renamed.span, renamed.table, renamed.column):
                    return (renamed,)
    return ()


def together(found: Sequence[Statement[ops.Operation]]) -> Iterator[tuple[Statement[ops.Operation], ...]]:
    """The parts of each statement that the database gets."""
    group: list[Statement[ops.Operation]] = []
    for each in found:
        if group and (each.number != group[0].number or not each.op.is_sql):
            yield tuple(group)
            group = []
        group.append(each)
    if group:
        yield tuple(group)


def are_exclusive(one: ops.Operation, other: ops.Operation) -> bool:
    """Whether two operations stand in the two branches of one condition."""
    texts = {one.condition or "", other.condition or ""}
    return any(each.startswith("if ") and f"unless {each[3:]}" in texts for each in texts)
