from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.history.existing import existing
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.rule import Problem, Severity, Step, rule

OPERATIONS: Final = (
    ops.CreateTable,
    ops.RenameTable,
    ops.AddColumn,
    ops.RenameColumn,
    ops.CreateIndex,
    ops.RenameIndex,
    ops.AddConstraint,
    ops.RenameConstraint,
    ops.CreateEnum,
    ops.AddEnumValue,
)


@rule(
    "MG121",
    on=OPERATIONS,
    severity=Severity.ERROR,
    directions=("upgrade", "downgrade"),
    yields_to=("MG131", "MG204"),
    speaks_first=True,
)
def duplicate_object(step: Step[ops.Operation]) -> Iterator[Problem]:
    """Flag an operation that creates what already exists at this point of the history."""
    op = step.op
    if op.is_tolerated or op.is_guarded or getattr(op, "if_not_exists", False):
        return
    if step.direction == "downgrade" and "upgrade" in step.revision.empty:
        # Half of a pair: another revision does what this one takes back.
        return
    for each in existing(op, step.before, step.target):
        if asking.is_asked_for(each.object.rpartition(".")[2], op):
            continue
        yield Problem(
            asking.hedged(f"{each.what}, so this fails", op),
            op.span,
            object=each.object,
            help="Drop the call, give the new object another name, or take the old one away first.",
            related=(Related(each.span, f'"{each.object}" is made here'),),
            confidence=asking.confidence(op),
        )
