"""Batch mode where it copies the table into a new one: Alembic 1.20, operations/batch.py and ddl/sqlite.py."""

from __future__ import annotations

from typing import TypeVar

from msgspec.structs import replace

from migrate_guard.dialects.sqlite.copying import copied
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
from migrate_guard.reading.computing import is_set
from migrate_guard.reading.values import Batch, Clause, ColumnValue, ConstraintValue, Generated, SqlType

C = TypeVar("C", PrimaryKey, UniqueConstraint, ForeignKey, CheckConstraint, ExclusionConstraint)


def recreates(a: Arguments) -> bool:
    """Whether a directive makes its block copy the table (`SQLiteImpl.requires_recreate_in_batch`)."""
    batch = a.batch
    if batch is None or batch.recreate == "never":
        return False
    if batch.recreate == "always":
        return True
    if a.call.machine.target.dialect != "sqlite" or a.directive in ("create_index", "drop_index", "execute"):
        return False
    if a.directive != "add_column":
        return True
    column = a.get("column")
    return isinstance(column, ColumnValue) and (
        _has_computed_default(column) or _brings_constraint(column, is_inline=a.flag("inline_references"))
    )


def _has_computed_default(column: ColumnValue) -> bool:
    """Whether its default is an expression or it is stored: neither can be added to a table that is there."""
    stored = [
        each.kind == "computed" and each.options.get("persisted") is True
        for each in column.arguments
        if isinstance(each, Generated)
    ]
    return isinstance(column.option("server_default"), Clause) or any(stored)


def _brings_constraint(column: ColumnValue, *, is_inline: bool) -> bool:
    """Whether Alembic adds a constraint after the column (alembic/operations/toimpl.py, `add_column`)."""
    kinds = {each.kind for each in column.arguments if isinstance(each, ConstraintValue)}
    is_unique = is_set(column.option("unique")) and not is_set(column.option("index"))
    is_checked = isinstance(column.type, SqlType) and is_set(column.type.kwargs.get("create_constraint"))
    return "unique" in kinds or is_unique or is_checked or ("foreignkey" in kinds and not is_inline)


def recreate(machine: CallEvaluator, batch: Batch, span: Span) -> None:
    """Emit what the copy changes by itself, at the first directive that needs it."""
    batch.is_recreated = True
    if machine.target.dialect == "sqlite" and not batch.copied:
        machine.needs_database_at("batch", span)
    if not isinstance(batch.table, QualifiedName):
        return
    table = machine.schema.table(batch.table)
    if machine.target.dialect == "sqlite":
        copy = _copied(machine, table, batch) if table is not None else None
        machine.emit(ops.RecreateTable(span=batch.span, table=batch.table, copy=copy))
    elif table is not None and batch.copied:
        reason = f"batch mode makes of {table.name} what copy_from says, which is not compared with what it was"
        machine.opaque(span, reason, table.name, may_create=False)


def _copied(machine: CallEvaluator, table: Table, batch: Batch) -> Table:
    """The table as it is written again; what `copy_from` says of it is taken for what it is."""
    if batch.copied:
        return table
    restated = {
        each.name: ddl.collation(each.type) if isinstance(each.type, SqlType) else None
        for each in batch.reflect_args
        if isinstance(each, ColumnValue)
    }

    def named(constraint: C) -> C | None:
        """The constraint by the convention of the block, if it has no name."""
        if constraint.name or not batch.naming_convention:
            return constraint
        name, implicit = ddl.conventional(machine, constraint, table.name, batch.naming_convention)
        return replace(constraint, name=name, is_implicit_name=implicit)

    keeps_numbers = is_set(batch.table_kwargs.get("sqlite_autoincrement"))
    return with_constraints_changed(copied(table, restated, keeps_numbers=keeps_numbers), named)


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
