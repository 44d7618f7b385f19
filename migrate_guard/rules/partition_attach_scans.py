from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import safer
from migrate_guard.asking.locks import blocks_for_long, held, takes_long, who_waits, would_do
from migrate_guard.dialects.effects import BoundChecks, bound_checks
from migrate_guard.dialects.names import implicit_name
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Answer, Effects
from migrate_guard.model.finding import Confidence
from migrate_guard.model.instead import AutocommitBlock, Instead, OwnRevision
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import CheckConstraint, Expression, Index
from migrate_guard.rule import Problem, Severity, Statement, rule

_Coming: TypeAlias = ops.AttachPartition | ops.CreateTable


@rule("MG319", on=(Statement[ops.AttachPartition], Statement[ops.CreateTable]), severity=Severity.WARNING)
def partition_attach_scans(statement: Statement[_Coming]) -> Iterator[Problem]:
    """Flag a partition for whose coming rows of a table in use are read, or an index built, while everybody waits."""
    op, hazards = statement.op, statement.hazards
    parent, partition, bound = _names(op)
    if parent is None or not blocks_for_long(hazards):
        return
    work = _work(hazards)
    first = work.relations[0]
    verb = "reads every row of" if work.is_yes else "may read every row of"
    message = (
        f'{_deed(op)} "{partition}" {verb} {asking.quoted(map(str, work.relations))} under {held(hazards, first)} while'
        f" {who_waits(hazards, first)} wait: {work.why[0]}"
    )
    checks = bound_checks(parent, bound, statement.before, statement.target)
    instead = () if isinstance(checks, str) else _instead(statement, checks)
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(partition),
        help=_help(checks, has_code=bool(instead)),
        instead=instead,
        confidence=asking.confidence(op) if work.is_yes else Confidence.MEDIUM,
    )


def _names(op: _Coming) -> tuple[QualifiedName | None, QualifiedName, str | None]:
    """The partitioned table, its partition to be, and the bound."""
    if isinstance(op, ops.AttachPartition):
        return op.table, op.partition, op.bound
    return op.table.partition_of, op.table.name, op.table.partition_bound


def _deed(op: _Coming) -> str:
    return "attaching" if isinstance(op, ops.AttachPartition) else "creating"


def _work(hazards: Effects) -> Answer:
    """What takes long; building an index reads the rows, too."""
    return hazards.scans if hazards.scans.is_possible else hazards.builds_index


def _help(checks: BoundChecks | str, *, has_code: bool) -> str:
    if isinstance(checks, str):
        return f"Attach a partition before it is filled, or when nobody uses it: {checks}."
    if has_code:
        return "Let a CHECK that is validated before, without the lock, prove where the rows belong."
    return "Give the partition the keys and indexes of its parent, and a validated CHECK of its bound, before it."


def _instead(statement: Statement[_Coming], checks: BoundChecks) -> Instead:
    """What proves that no row has to be looked at, outside of a transaction; then the partition, and the proof goes."""
    op = statement.op
    parent, partition, _ = _names(op)
    assert parent is not None
    proofs: list[tuple[QualifiedName, CheckConstraint]] = []
    if isinstance(op, ops.AttachPartition):
        proofs.append((partition, _check(f"ck_{partition.name}_bound", checks.within, statement)))
    if checks.default is not None:
        named = f"ck_{checks.default.name}_without_{partition.name}"
        proofs.append((checks.default, _check(named, checks.outside, statement)))
    indexes = _indexes(statement, parent, partition) if isinstance(op, ops.AttachPartition) else []
    added = [ops.AddConstraint(span=op.span, table=table, constraint=check) for table, check in proofs]
    if takes_long(would_do(statement, op, after=[*added, *indexes])):
        return ()
    block = [part for table, check in proofs for part in safer.added_and_validated(statement, table, check)]
    if indexes:
        block += safer.without_timeouts(statement, [replace(each, concurrently=True) for each in indexes])
    dropped = [
        ops.DropConstraint(span=op.span, table=table, constraint=check.name, kind="check") for table, check in proofs
    ]
    whole = (AutocommitBlock(tuple(block)), replace(op, part=0), *dropped)
    return whole if statement.is_first else (OwnRevision(whole, "an autocommit block commits what stands before it"),)


def _check(name: str, expression: Expression, statement: Statement[_Coming]) -> CheckConstraint:
    return CheckConstraint(
        name=safer.cut(name), columns=expression.columns, span=statement.op.span, expression=expression
    )


def _indexes(statement: Statement[_Coming], parent: QualifiedName, partition: QualifiedName) -> list[ops.CreateIndex]:
    """The indexes of the parent that the partition has no equal of, as far as they are no keys."""
    whole, part = statement.before.table(parent), statement.before.table(partition)
    have = [_likeness(each) for each in part.indexes] if part else []
    missing = [each for each in (whole.indexes if whole else ()) if _likeness(each) not in have]
    found: list[ops.CreateIndex] = []
    for each in missing:
        columns = [*(column or "expr" for column in each.columns), *each.include]
        taken = [one.index.name for one in found if one.index.name]
        name = implicit_name("index", partition.name, columns, taken, statement.target.dialect)
        own = replace(each, name=name, inherited_from=None, span=statement.op.span)
        found.append(ops.CreateIndex(span=statement.op.span, table=partition, index=own))
    return found


def _likeness(index: Index) -> object:
    return tuple(each.column for each in index.elements), index.unique, index.method, index.include, index.where
