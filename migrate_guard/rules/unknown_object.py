from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.history.missing import may_be_made_again, missing
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.rule import Problem, Severity, Step, rule

OPERATIONS: Final = (
    ops.CreateTable,
    ops.DropTable,
    ops.RenameTable,
    ops.AddColumn,
    ops.AlterColumn,
    ops.DropColumn,
    ops.RenameColumn,
    ops.CreateIndex,
    ops.DropIndex,
    ops.RenameIndex,
    ops.AddConstraint,
    ops.DropConstraint,
    ops.RenameConstraint,
    ops.ValidateConstraint,
    ops.AddEnumValue,
    ops.RenameEnumValue,
    ops.RenameType,
    ops.DropType,
    ops.Insert,
    ops.Update,
    ops.Delete,
)


@rule(
    "MG120",
    on=OPERATIONS,
    severity=Severity.ERROR,
    directions=("upgrade", "downgrade"),
    yields_to=("MG204", "MG206"),
    speaks_first=True,
)
def unknown_object(step: Step[ops.Operation]) -> Iterator[Problem]:
    """Flag an operation on something that the history never made, or has dropped or renamed before."""
    op = step.op
    if op.is_tolerated or op.is_guarded:
        return
    if step.direction == "downgrade" and ("upgrade" in step.revision.empty or may_be_made_again(op, step.before)):
        # Half of a pair: another revision does what this one takes back. Or the application does.
        return
    for each in missing(op, step.before, step.target):
        if asking.is_asked_for(each.name, op):
            continue
        close = asking.nearest(each.name, each.known)
        hint = f' (did you mean "{close}"?)' if close else ""
        yield Problem(
            asking.hedged(f"{each.what}{hint}, so this fails", op),
            each.at or op.span,
            object=each.object,
            help=f'Name "{close}".' if close else "Name what is there at this point of the history, or drop the call.",
            related=(Related(each.lost, f'"{each.name}" is taken away here'),) if each.lost else (),
            confidence=asking.confidence(op),
        )
