"""What a downgrade does not give back, sorted by the rule that speaks of it, and the words for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from migrate_guard.asking.required import fills_itself
from migrate_guard.asking.scripts import facts
from migrate_guard.history.reversal import Reversal, found, untold
from migrate_guard.model import operations as ops
from migrate_guard.model.difference import Difference, Part
from migrate_guard.model.facts import ImportTimeCall
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Run, Transition
from migrate_guard.model.schema import EnumType
from migrate_guard.rule import RevisionView


def left_enums(view: RevisionView) -> Iterator[EnumType]:
    """The enum types that the upgrade creates without a check, and that the downgrade leaves."""
    reversal = view.reversal
    if reversal is None or reversal.fault is None or view.upgrade is None or view.downgrade is None:
        return
    if reversal.outcome == "downgrade-raises":
        # It does not get to its end: what it would leave then is another matter.
        return
    for difference in reversal.differences:
        if difference.is_certain and is_left_enum(difference, view.upgrade):
            yield view.downgrade.before.enums[difference.part.owner]


def is_left_enum(difference: Difference, upgrade: Run) -> bool:
    """Whether the difference is an enum type whose CREATE TYPE fails the next time."""
    if difference.verdict != "left behind" or difference.part.kind != "type":
        return False
    return any(
        isinstance(operation := each.operation, ops.CreateEnum)
        and operation.enum.name == difference.part.owner
        and not (operation.if_not_exists or operation.condition or operation.is_tolerated)
        for each in upgrade.transitions
    )


class Poorer(NamedTuple):
    """What the downgrade brings back other than it was, or without what belonged to it."""

    operation: ops.Operation
    """The operation of the downgrade that brings it back."""
    difference: Difference


def poorer(view: RevisionView) -> list[Poorer]:
    """The differences of what the upgrade drops and the downgrade creates again."""
    return [
        Poorer(operation, each)
        for each in faults(view)
        if not _has_only_more(each) and (operation := recreated(each, view)) and not _is_refused(operation, each)
    ]


def _is_refused(operation: ops.Operation, difference: Difference) -> bool:
    """Whether all that is lost is the default without which rows refuse the column: a rule of its own speaks of it."""
    return (
        isinstance(operation, ops.AddColumn)
        and operation.column.nullable is False
        and not fills_itself(operation.column)
        and difference.part == Part("column", operation.table, operation.column.name)
        and {each.name for each in difference.facts} == {"default"}
    )


def _has_only_more(difference: Difference) -> bool:
    """Whether all that is new is a default, without which no row could get the column back."""
    return bool(difference.facts) and all(
        each.name == "default" and each.before == "none" and difference.part.kind == "column"
        for each in difference.facts
        if each.is_certain
    )


def is_minor(difference: Difference) -> bool:
    """Whether it is an extension that stays, or only the name of a constraint, or which values an enum type has more.

    PostgreSQL has no statement that takes a value away, and an extension is nobody's own.
    """
    if difference.verdict != "different":
        return difference.verdict == "left behind" and difference.part.kind == "extension"
    return all(
        each.name == "name" or (each.name == "values" and set(each.before.split(", ")) <= set(each.after.split(", ")))
        for each in difference.facts
        if each.is_certain
    )


def is_taken(difference: Difference, view: RevisionView) -> bool:
    """Whether it is the downgrade that takes away what was there before the upgrade, and after it."""
    return (
        difference.verdict == "missing"
        and view.upgrade is not None
        and found(difference.part, view.upgrade.after) is not None
    )


def unmade(differences: Iterable[Difference], view: RevisionView) -> list[Part]:
    """What the downgrade drops beside what it leaves behind, of the same kind and table, and no revision has made."""
    left = {
        (each.part.owner, _dropped_by(each.part)): each.part for each in differences if each.verdict == "left behind"
    }
    parts = []
    known = {part for each in view.upgrade.transitions for part in untold(each)} if view.upgrade else set()
    for each in view.downgrade.transitions if view.downgrade else ():
        operation = each.operation
        if operation.condition is not None or operation.is_tolerated or getattr(operation, "if_exists", False):
            continue
        for owner, name in untold(each) - known:
            if name and (beside := left.get((owner, type(operation)))):
                parts.append(beside._replace(name=name))
    return parts


def _dropped_by(part: Part) -> type[ops.Operation]:
    if part.kind == "column":
        return ops.DropColumn
    return ops.DropIndex if part.kind == "index" else ops.DropConstraint


def faults(view: RevisionView) -> list[Difference]:
    """What is not restored for certain, without the enum types that a rule of their own speaks of."""
    reversal = view.reversal
    if reversal is None or view.upgrade is None or not _speaks(reversal):
        return []
    if any(facts(view, ImportTimeCall)):
        # What runs whenever the script is imported is part of neither direction.
        return []
    return [
        each
        for each in reversal.differences
        if each.is_certain
        and not is_left_enum(each, view.upgrade)
        and not _is_shared(each, view.upgrade)
        and not _is_of_copy(each, view.upgrade)
    ]


def _is_of_copy(difference: Difference, upgrade: Run) -> bool:
    """Whether it is batch mode that has lost it when it copied the table: a rule of its own speaks of it."""
    part = difference.part
    if difference.verdict == "left behind" or any(each.name == "name" for each in difference.facts):
        return False
    return any(
        isinstance(operation, ops.RecreateTable)
        and operation.table == part.owner
        and found(part, before) != found(part, after)
        for operation, before, after in upgrade.transitions
    )


def _is_shared(difference: Difference, upgrade: Run) -> bool:
    """Whether it is an extension that the upgrade makes sure of: others may have made it, and may need it."""
    return (
        difference.verdict == "left behind"
        and difference.part.kind == "extension"
        and all(
            _IF_NOT_EXISTS.search(operation.sql)
            for each in upgrade.transitions
            if isinstance(operation := each.operation, ops.RawSql) and difference.part.owner in operation.objects
        )
    )


_IF_NOT_EXISTS: Final = lazily(r"\bIF\s+NOT\s+EXISTS\b", re.IGNORECASE)


def _speaks(reversal: Reversal) -> bool:
    """Whether the differences are what is wrong: a downgrade that fails, or does nothing, is wrong before that."""
    return reversal.outcome in ("second-upgrade-raises", "schema-not-restored", "downgrade-changes-nothing")


def recreated(difference: Difference, view: RevisionView) -> ops.Operation | None:
    """The operation of the downgrade that brings back what the upgrade dropped and is not as it was."""
    if difference.verdict == "left behind" or view.upgrade is None or view.downgrade is None:
        return None
    part = difference.part
    if difference.verdict == "different":
        return _brings(part, view.downgrade) if _takes(part, view.upgrade) else None
    container = _container(part, view.upgrade)
    return _brings(container, view.downgrade) if container else None


def _container(part: Part, upgrade: Run) -> Part | None:
    """What the upgrade dropped and the part went along with: its table, or a column of it."""
    taken = _takes(part, upgrade)
    if taken is None or part.kind == "table":
        return None
    match taken.operation:
        case ops.DropTable(table=name):
            return Part("table", name)
        case ops.DropColumn(table=name, column=column) if part.kind != "column":
            return Part("column", name, column)
    return None


def _takes(part: Part, run: Run) -> Transition | None:
    """Where a run takes something away."""
    for each in run.transitions:
        if found(part, each.before) is not None and found(part, each.after) is None:
            return each
    return None


def _brings(part: Part, run: Run) -> ops.Operation | None:
    for each in reversed(run.transitions):
        if found(part, each.before) is None and found(part, each.after) is not None:
            return each.operation
    return None
