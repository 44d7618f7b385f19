from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking.constraints import called
from migrate_guard.asking.design import copies_to_alter
from migrate_guard.dialects.namespaces import names_constraints_predictably
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Transition
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    PrimaryKey,
    Table,
    constraint_kind,
)
from migrate_guard.rule import Problem, RevisionView, Severity, rule

KEYS: Final[Mapping[str, str]] = {"unique": "uq", "foreignkey": "fk", "check": "ck"}
"""What a naming convention calls the kinds of constraints."""
MOST_NAMED: Final = 3
WORDS: Final[Mapping[str, str]] = {
    "unique": "unique constraint",
    "foreignkey": "foreign key",
    "check": "check constraint",
}


@rule("MG207", on=Revision, severity=Severity.WARNING)
def unnamed_constraint(view: RevisionView) -> Iterator[Problem]:
    """Flag a constraint without a name where no later revision can drop it by one, or none does."""
    if view.upgrade is None or not view.environment.knows_naming_convention:
        return
    is_predictable = names_constraints_predictably(view.target)
    for each in view.upgrade.transitions:
        if is_predictable:
            yield from _dropped_otherwise(each, view)
        else:
            yield from _made(each, view)


def _made(transition: Transition, view: RevisionView) -> Iterator[Problem]:
    """What is created without a name where the database has none that a script could count on."""
    operation = transition.operation
    nameless = [(table, each) for table, each in _new(operation) if _is_nameless(each, view)]
    if not nameless:
        return
    table, first = nameless[0]
    names = [called(WORDS[constraint_kind(each)], table, each) for _, each in nameless]
    told = names if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} more"]
    which = " and ".join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)
    has, it = ("has", "it") if len(names) == 1 else ("have", "them")
    product = asking.PRODUCTS[view.target.dialect]
    so = f"so no revision can drop {it} on {product} by a name that every database has"
    is_refused = copies_to_alter(view.target) and _refuses_batch(operation)
    if is_refused:
        so = 'so the batch block fails: "Constraint must have a name"'
    yield Problem(
        asking.hedged(f"{which} {has} no name and no naming convention gives {it} one, {so}", operation),
        operation.span,
        object=f"{table}.{first.columns[0]}" if len(nameless) == 1 and len(first.columns) == 1 else str(table),
        help="Name it, or give target_metadata a naming_convention.",
        instead=_instead(operation, first, table),
        severity=Severity.ERROR if is_refused else None,
        confidence=asking.confidence(operation),
        direction="upgrade",
    )


def _refuses_batch(operation: ops.Operation) -> bool:
    """Whether Alembic refuses it in a batch block (`ApplyBatchImpl.add_constraint`); a CHECK stands at its column."""
    match operation:
        case ops.AddConstraint(in_batch=True):
            return True
        case ops.AddColumn(in_batch=True, inline_references=False, constraints=constraints):
            return any(not isinstance(each, CheckConstraint) and each.name is None for each in constraints)
    return False


def _new(operation: ops.Operation) -> Iterator[tuple[QualifiedName, AnyConstraint]]:
    match operation:
        case ops.CreateTable(table=Table(name=name) as table):
            yield from ((name, each) for each in table.constraints())
        case ops.AddColumn(table=name, constraints=constraints):
            yield from ((name, each) for each in constraints)
        case ops.AddConstraint(table=name, constraint=constraint, using_index=None):
            yield name, constraint


def _is_nameless(constraint: AnyConstraint, view: RevisionView) -> bool:
    """Whether nobody has named it: neither the script nor a convention."""
    if isinstance(constraint, PrimaryKey | ExclusionConstraint):
        return False
    key = KEYS[constraint_kind(constraint)]
    is_named = constraint.name is not None and not constraint.is_implicit_name
    return not is_named and key not in view.environment.naming_convention


def _dropped_otherwise(transition: Transition, view: RevisionView) -> Iterator[Problem]:
    """What an earlier revision made without a name, and this one drops by none or by another."""
    operation = transition.operation
    if not isinstance(operation, ops.DropConstraint) or operation.if_exists or operation.is_tolerated:
        return
    before, after = transition.before.table(operation.table), transition.after.table(operation.table)
    if before is None or (operation.constraint and before.constraint(operation.constraint)):
        return
    left = tuple(after.constraints()) if after else ()
    nameless = [
        each
        for each in before.constraints()
        if _is_nameless(each, view)
        and constraint_kind(each) == operation.kind
        and each.span.path != operation.span.path
        and not each.is_assumed_name
    ]
    taken = [each for each in nameless if all(kept is not each for kept in left)] or nameless
    if len(taken) != 1:
        return
    meant = taken[0]
    kind = WORDS[constraint_kind(meant)]
    by = f'as "{operation.constraint}"' if operation.constraint else "without a name"
    yield Problem(
        asking.hedged(
            f"{called(kind, operation.table, meant)} is created without a name and dropped {by} by "
            f'"{view.revision.id}", while {asking.PRODUCTS[view.target.dialect]} calls it "{meant.name}"',
            operation,
        ),
        meant.span,
        object=f"{operation.table}.{meant.name}",
        help="Name it where it is created, or give target_metadata a naming_convention, and drop it by that name.",
        related=(Related(operation.span, "it is dropped here"),),
        confidence=asking.confidence(operation),
        direction="upgrade",
    )


def _instead(operation: ops.Operation, constraint: AnyConstraint, table: QualifiedName) -> Instead:
    """The constraint under the name that SQLAlchemy's own example of a convention gives it."""
    if not isinstance(operation, ops.AddConstraint) or not constraint.columns or operation.condition:
        return ()
    name = f"{KEYS[constraint_kind(constraint)]}_{table.name}_{'_'.join(constraint.columns)}"
    return (replace(operation, constraint=replace(constraint, name=name, is_implicit_name=False)),)
