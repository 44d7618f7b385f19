from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.dialects.names import conventional_name
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.model.generated_names import Kind
from migrate_guard.model.revision import Direction, Revision, Run, Transition
from migrate_guard.model.schema import AnyConstraint, Table, constraint_kind
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG206", on=Revision, severity=Severity.ERROR)
def unnamed_constraint_dropped(view: RevisionView) -> Iterator[Problem]:
    """Flag drop_constraint(None, …), which no naming convention gives the right name."""
    for run in (view.upgrade, view.downgrade):
        dropped: list[AnyConstraint] = []
        for each in run.transitions if run else ():
            operation = each.operation
            if isinstance(operation, ops.DropConstraint) and operation.constraint is None:
                meant = _meant(operation, each, view, dropped)
                yield from _problem(operation, each, view, run.direction if run else "upgrade", meant)


KINDS: Final[Mapping[ops.ConstraintKind | None, Kind]] = {
    "primary": "primary",
    "unique": "unique",
    "foreignkey": "foreignkey",
    "check": "check",
}


def _problem(
    operation: ops.DropConstraint,
    transition: Transition,
    view: RevisionView,
    direction: Direction,
    meant: AnyConstraint | None,
) -> Iterator[Problem]:
    environment, table = view.environment, operation.table
    kind = KINDS.get(operation.kind)
    made = None
    if kind is not None:
        convention = environment.naming_convention
        made = conventional_name(kind, convention, table.name, (), None, None, view.target.dialect, schema=table.schema)
    if kind == "primary" and not environment.knows_naming_convention:
        return  # one that nobody could read may name it after its table alone
    if made is not None and _is_right(made, transition.before.table(table)):
        return
    fails = (
        f'makes it "{made}", which is no constraint of "{table}"'
        if made is not None
        else "has no name to write into DROP CONSTRAINT and raises CompileError"
    )
    name = meant.name if meant and not meant.is_assumed_name else None
    known = f' ({asking.PRODUCTS[view.target.dialect]} calls it "{name}")' if name else ""
    yield Problem(
        asking.hedged(f'drop_constraint(None) on "{table}" fails: SQLAlchemy {fails}{known}', operation),
        operation.span,
        object=str(table),
        help="Give the constraint a name where it is created, and drop it by that name."
        if name is None
        else f'Drop "{name}"; where a constraint is created with a name, every database has it under that.',
        instead=(replace(operation, constraint=name),) if name else (),
        related=(Related(meant.span, "it is created here"),) if meant else (),
        confidence=asking.confidence(operation),
        direction=direction,
    )


def _is_right(name: str, table: Table | None) -> bool:
    """Whether the table has a constraint of the name that SQLAlchemy makes, as far as anybody knows."""
    if table is None or table.constraint(name):
        return True
    return not table.is_told and not name.endswith("_")


def _meant(
    operation: ops.DropConstraint, transition: Transition, view: RevisionView, dropped: list[AnyConstraint]
) -> AnyConstraint | None:
    """The constraint that was meant: the one without a name that the script made last, or the only one there is."""
    table = (view.upgrade.after if view.upgrade and _is_back(transition, view.downgrade) else transition.before).table(
        operation.table
    )
    if table is None:
        return None
    of_kind = [
        each
        for each in table.constraints()
        if constraint_kind(each) == operation.kind and all(each is not one for one in dropped)
    ]
    nameless = [each for each in of_kind if each.is_implicit_name or each.name is None]
    own = [each for each in nameless if each.span.path == view.revision.path]
    candidates = own or nameless or of_kind
    if not candidates or (not own and len(candidates) > 1):
        return None
    meant = max(candidates, key=lambda each: (each.span.line, each.span.column))
    dropped.append(meant)
    return meant


def _is_back(transition: Transition, downgrade: Run | None) -> bool:
    return downgrade is not None and any(each is transition for each in downgrade.transitions)
