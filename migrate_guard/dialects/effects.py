"""What statements do to a database in use, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, NOTHING, Answer, Effects
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Expression, Schema
from migrate_guard.model.target import Target


def effect(
    operation: ops.Operation,
    statement: Sequence[ops.Operation],
    schema: Schema,
    target: Target,
    time_zone: str | None = None,
    *,
    checks_foreign_keys: bool = True,
) -> Effects:
    """What one operation of a statement does, in the schema before that statement.

    `time_zone` is the TimeZone of the session; `checks_foreign_keys` that it does not switch `foreign_key_checks` off.
    """
    if target.dialect == "sqlite":
        from migrate_guard.dialects.sqlite.effects import effect as of_sqlite

        return of_sqlite(operation)
    if target.dialect in ("mysql", "mariadb"):
        from migrate_guard.dialects.mysql.effects import effect as of_mysql

        return of_mysql(operation, statement, schema, target, checks_foreign_keys=checks_foreign_keys)
    if target.dialect != "postgresql":
        return NOTHING
    from migrate_guard.dialects.postgresql.effects import effect as of_postgresql

    return of_postgresql(operation, statement, schema, target, time_zone)


def is_known(target: Target) -> bool:
    """Whether it is known what statements do there."""
    return target.dialect in ("postgresql", "sqlite", "mysql", "mariadb")


def builds_concurrently(target: Target) -> bool:
    """Whether an index can be built while rows are written: CREATE INDEX CONCURRENTLY."""
    return target.dialect == "postgresql"


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


class BoundChecks(NamedTuple):
    """The CHECKs that say as much as the bound of a partition."""

    within: Expression
    """Of the partition."""
    outside: Expression
    """Of the default partition."""
    default: QualifiedName | None
    """The default partition, if there is one."""


def bound_checks(parent: QualifiedName, bound: str | None, schema: Schema, target: Target) -> BoundChecks | str:
    """The CHECKs for which nobody has to look at rows when a partition comes; else why there are none."""
    if target.dialect != "postgresql":
        return "the database attaches no partitions"
    from migrate_guard.dialects.postgresql.effects import partitions
    from migrate_guard.dialects.postgresql.effects.scene import Scene

    scene = Scene(schema, target.version[0])
    proof = partitions.proof_of(parent, bound, scene)
    if isinstance(proof, str):
        return proof
    return BoundChecks(proof.within, proof.outside, next(iter(partitions.default_of(parent, scene)), None))
