"""Batch mode where it copies the table into a new one: Alembic 1.20, operations/batch.py and ddl/sqlite.py."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.folding_tables import with_constraints_changed
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    PrimaryKey,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span
from migrate_guard.reading import ddl
from migrate_guard.reading.arguments import Arguments
from migrate_guard.reading.calls import CallEvaluator
from migrate_guard.reading.values import Batch, Clause, ColumnValue, ConstraintValue, Generated

C = TypeVar("C", PrimaryKey, UniqueConstraint, ForeignKey, CheckConstraint, ExclusionConstraint)


def recreates(a: Arguments) -> bool:
    """Whether a directive makes its block copy the table."""
    batch = a.batch
    if batch is None or batch.recreate == "never":
        return False
    if batch.recreate == "always":
        return True
    if a.call.machine.target.dialect != "sqlite" or a.directive in ("create_index", "drop_index", "execute"):
        return False
    column = a.get("column")
    return a.directive != "add_column" or (isinstance(column, ColumnValue) and _has_computed_default(column))


def _has_computed_default(column: ColumnValue) -> bool:
    """Whether its default is an expression or it is stored: neither can be added to a table that is there."""
    stored = [
        each.kind == "computed" and each.options.get("persisted") is True
        for each in column.arguments
        if isinstance(each, Generated)
    ]
    return isinstance(column.option("server_default"), Clause) or any(stored)


def recreate(machine: CallEvaluator, batch: Batch, span: Span) -> None:
    """Emit what the copy changes by itself, at the first directive that needs it."""
    batch.is_recreated = True
    if machine.target.dialect == "sqlite" and not batch.copied:
        machine.needs_database_at("batch", span)
    table = machine.schema.table(batch.table) if isinstance(batch.table, QualifiedName) else None
    if table is None:
        return
    if machine.target.dialect != "sqlite":
        if batch.copied:
            reason = f"batch mode makes of {table.name} what copy_from says, which is not compared with what it was"
            machine.opaque(span, reason, table.name, may_create=False)
        return
    copy = _copied(machine, table, batch)
    if copy != table:
        machine.emit(ops.RecreateTable(span=span, table=table.name, copy=copy))


def _copied(machine: CallEvaluator, table: Table, batch: Batch) -> Table:
    """The table as SQLAlchemy reflects it and writes it again: the convention of the block names what has no name,
    and a CHECK without a name and an index of expressions are lost."""

    def named(constraint: C) -> C | None:
        if isinstance(constraint, CheckConstraint):
            return constraint if constraint.name else None
        if constraint.name or not batch.naming_convention:
            return constraint
        name, implicit = ddl.conventional(machine, constraint, table.name, batch.naming_convention)
        return replace(constraint, name=name, is_implicit_name=implicit)

    indexes = tuple(each for each in table.indexes if None not in each.columns)
    copy = with_constraints_changed(table, named)
    return replace(copy, indexes=indexes) if indexes != table.indexes else copy


def end_block(machine: CallEvaluator, batch: Batch, span: Span) -> None:
    """Add the constraints that a block gives to the table it recreates, when their columns are there."""
    if not batch.is_recreated and batch.recreate == "always":
        recreate(machine, batch, span)
    if not batch.is_recreated or not isinstance(batch.table, QualifiedName):
        return
    for each in batch.table_args:
        _add(machine, batch.table, each)


def _add(machine: CallEvaluator, table: QualifiedName, value: ConstraintValue) -> None:
    known = machine.schema.table(table)
    taken = [constraint.name for constraint in known.constraints()] if known else []
    made = ddl.constraint(machine, value, table, taken)
    machine.emit(ops.AddConstraint(span=value.span, table=table, constraint=made))
