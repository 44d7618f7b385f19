"""What statements do to a PostgreSQL 12 to 18 in use: locks, who waits, rewrites, scans, index builds.

The functions here are pure: an operation, the schema before it and the version in, `Effects` out. Nothing is looked up
by statement; the rules of PostgreSQL are applied to the state. They were measured on real servers and are tested
against every measurement (tests/dialects/postgresql).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from migrate_guard.dialects.postgresql.effects import (
    columns,
    constraints,
    definitions,
    indexes,
    other,
    partitions,
    rows,
    tables,
)
from migrate_guard.dialects.postgresql.effects.scene import Scene
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Effects, together
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import Target

__all__ = ["effect", "together"]


def effect(
    operation: ops.Operation,
    statement: Sequence[ops.Operation],
    schema: Schema,
    target: Target,
    time_zone: str | None = None,
) -> Effects:
    """What one operation of a statement does, in the schema before that statement."""
    return _effect(operation, Scene(schema, target.version[0], tuple(statement), time_zone))


def _effect(operation: ops.Operation, scene: Scene) -> Effects:
    effect = _EFFECTS.get(type(operation))
    if effect is None:
        return other.unknown(f"it is not known what {type(operation).__name__} does")
    if isinstance(operation, ops.TableOperation) and operation.if_table_exists and scene.is_absent(operation.table):
        return NOTHING
    return effect(operation, scene)


def _nothing(_: ops.Operation, __: Scene) -> Effects:
    return NOTHING


def _opaque(operation: ops.Opaque, _: Scene) -> Effects:
    return other.unknown(operation.reason, operation.tables)


_EFFECTS: Final[Mapping[type[ops.Operation], Callable[[Any, Scene], Effects]]] = {
    ops.CreateTable: tables.create,
    ops.DropTable: tables.drop,
    ops.RenameTable: tables.rename,
    ops.AddColumn: columns.add,
    ops.DropColumn: columns.drop,
    ops.AlterColumn: columns.alter,
    ops.RenameColumn: columns.rename,
    ops.CreateIndex: indexes.create,
    ops.DropIndex: indexes.drop,
    ops.RenameIndex: indexes.rename,
    ops.AddConstraint: constraints.add,
    ops.DropConstraint: constraints.drop,
    ops.RenameConstraint: constraints.rename,
    ops.ValidateConstraint: constraints.validate,
    ops.AddNotNull: constraints.add_not_null,
    ops.AttachPartition: partitions.attach,
    ops.DetachPartition: partitions.detach,
    ops.CreateView: tables.create_view,
    ops.DropView: tables.drop_view,
    ops.CreateSequence: tables.create_sequence,
    ops.DropSequence: tables.drop_sequence,
    ops.DropType: definitions.drop_type,
    ops.Insert: rows.insert,
    ops.Update: rows.update,
    ops.Delete: rows.delete,
    ops.RawSql: other.raw,
    ops.Opaque: _opaque,
    # they change the catalogs only (measured: no lock on a table)
    **dict.fromkeys(
        (ops.CreateEnum, ops.AddEnumValue, ops.RenameEnumValue, ops.RenameType, ops.SetParameter), _nothing
    ),
}
