from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.history.reversal import Impossible, reasons
from migrate_guard.model import folding
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import Schema
from migrate_guard.rule import Problem, RevisionView, Severity, rule

MOST_TRIED: Final = 200
"""Operations of a downgrade among which the right place for one is looked for."""


@rule("MG204", on=Revision, severity=Severity.ERROR, yields_to=("MG206",))
def downgrade_fails(view: RevisionView) -> Iterator[Problem]:
    """Flag an operation of a downgrade that the database refuses at its place."""
    reversal = view.reversal
    if reversal is None or reversal.outcome != "downgrade-raises":
        return
    said: set[int] = set()
    for each in reversal.impossible:
        if id(each.operation) in said or _drops_without_name(each.operation):
            continue
        said.add(id(each.operation))
        close = asking.nearest(each.name, each.known) if each.name else None
        hint = f' (did you mean "{close}"?)' if close else ""
        yield Problem(
            f"{each.what}{hint}, so the downgrade fails here",
            each.operation.span,
            object=each.object,
            help=_help(each, close, view),
            instead=_instead(each.operation, close) if close else (),
            related=tuple(_related(each)),
            direction="downgrade",
        )


def _drops_without_name(operation: ops.Operation) -> bool:
    return isinstance(operation, ops.DropConstraint) and operation.constraint is None


def _help(impossible: Impossible, close: str | None, view: RevisionView) -> str:
    if close:
        return f'Name "{close}".'
    if moved := _moved(impossible, view):
        return f"{moved}: a downgrade undoes the steps of its upgrade in the opposite order."
    if impossible.name:
        return "Name what is there after upgrade(), take it away before what it belongs to, or drop the call."
    return "Take away first what stands in the way: a downgrade undoes the steps of its upgrade in the opposite order."


def _moved(impossible: Impossible, view: RevisionView) -> str:
    """Where in the downgrade the operation would work; empty where that is nowhere."""
    operation, because = impossible.operation, impossible.because
    transitions = view.downgrade.transitions if view.downgrade else ()
    if len(transitions) > MOST_TRIED:
        return ""
    place = next((at for at, each in enumerate(transitions) if each.operation is operation), len(transitions))
    if impossible.name:
        taking = (each.operation.span for each in transitions[:place])
        is_before = because is not None and because.line < operation.span.line and because in taking
        return f"Move it above line {because.line}" if because is not None and is_before else ""
    schema = transitions[place].before if place < len(transitions) else Schema()
    for each in transitions[place + 1 :]:
        schema = folding.apply(schema, each.operation)
        if not any(reasons(operation, schema, schema, view.target)):
            line = each.operation.span.line
            return f"Move it below line {line}" if line > operation.span.line else ""
    return ""


def _related(impossible: Impossible) -> Iterator[Related]:
    if impossible.because:
        yield Related(
            impossible.because,
            f'"{impossible.name}" is taken away here' if impossible.name else "this is what stands in the way",
        )


def _instead(operation: ops.Operation, name: str) -> Instead:
    """The operation with the name that was meant."""
    match operation:
        case ops.DropColumn():
            return (replace(operation, column=name),)
        case ops.DropIndex(index=index):
            return (replace(operation, index=index._replace(name=name)),)
        case ops.DropConstraint():
            return (replace(operation, constraint=name),)
    return ()
