"""Operations written into a batch block, in which Alembic copies a table of SQLite into a new one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import AnyConstraint, CheckConstraint, Index, constraint_kind

_KEYS: Final[Mapping[str, str]] = {"primary": "pk", "unique": "uq", "foreignkey": "fk", "check": "ck", "exclude": "ex"}
"""What a naming convention calls the kinds of constraints."""


def batched(op: ops.TableOperation) -> Instead:
    """The operation in a batch block.

    A constraint gets a name there: Alembic refuses one without ("Constraint must have a name").
    """
    match op:
        case ops.AddConstraint(constraint=constraint):
            op = replace(op, constraint=_with_name(constraint, op.table))
        case ops.AddColumn(constraints=constraints):
            op = replace(op, constraints=tuple(_with_name(each, op.table) for each in constraints))
    return (replace(op, in_batch=True, is_sql=False, part=0),)


def dropped_in_block(op: ops.DropColumn, on_it: Iterable[object]) -> Instead:
    """A column dropped in a batch block, behind the indexes and CHECKs without which the copy cannot be made."""
    drops: list[ops.Operation] = []
    for each in on_it:
        if isinstance(each, Index):
            drops.append(index_dropped(op, each, in_batch=True))
        elif isinstance(each, CheckConstraint) and each.name:
            drops.append(
                ops.DropConstraint(span=op.span, table=op.table, constraint=each.name, kind="check", in_batch=True)
            )
    return (*drops, *batched(replace(op, if_exists=False)))


def index_dropped(op: ops.TableOperation, index: Index, *, in_batch: bool) -> ops.DropIndex:
    """An index of the table of an operation, dropped."""
    name = QualifiedName(index.name or "", op.table.schema)
    return ops.DropIndex(span=op.span, index=name, table=op.table, in_batch=in_batch)


def _with_name(constraint: AnyConstraint, table: QualifiedName) -> AnyConstraint:
    """The constraint under the name that SQLAlchemy's own example of a convention gives it."""
    if constraint.name is not None or not constraint.columns:
        return constraint
    name = "_".join((_KEYS[constraint_kind(constraint)], table.name, *constraint.columns))
    return replace(constraint, name=name, is_implicit_name=False)
