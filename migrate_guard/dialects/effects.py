"""What statements do to a database in use, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence

from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, NOTHING, Answer, Effects
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import Target


def effect(
    operation: ops.Operation,
    statement: Sequence[ops.Operation],
    schema: Schema,
    target: Target,
    time_zone: str | None = None,
) -> Effects:
    """What one operation of a statement does, in the schema before that statement and the TimeZone of the session."""
    if target.dialect != "postgresql":
        return NOTHING
    from migrate_guard.dialects.postgresql.effects import effect as of_postgresql

    return of_postgresql(operation, statement, schema, target, time_zone)


def detaches_concurrently(operation: ops.DetachPartition, schema: Schema, target: Target) -> Answer:
    """Whether the partition can be detached while the table is used; else why not."""
    if target.dialect != "postgresql":
        return NO
    from migrate_guard.dialects.postgresql.effects import partitions
    from migrate_guard.dialects.postgresql.effects.scene import Scene

    return partitions.detaches_concurrently(operation, Scene(schema, target.version[0], (operation,)))


def converts_alike(operation: ops.AlterColumn, schema: Schema, target: Target) -> bool:
    """Whether a column gets the same values without its USING."""
    if target.dialect != "postgresql":
        return False
    from migrate_guard.dialects.postgresql.effects import columns
    from migrate_guard.dialects.postgresql.effects.scene import Scene

    return columns.converts_alike(operation, Scene(schema, target.version[0], (operation,)))
