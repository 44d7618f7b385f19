"""What databases can do about constraints while a table is in use."""

from __future__ import annotations

from typing import Final

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import AnyConstraint, ForeignKey, Schema
from migrate_guard.model.target import Target

_SINCE: Final = 18
"""PostgreSQL 18: NOT NULL … NOT VALID, and NOT VALID foreign keys of partitioned tables (release notes, E.1.3.4)."""


def takes_unproven_not_null(target: Target) -> bool:
    """Whether a column becomes NOT NULL for new rows first, and for the others by VALIDATE CONSTRAINT."""
    return target.dialect == "postgresql" and target.version[0] >= _SINCE


def takes_unproven(constraint: AnyConstraint, table: QualifiedName, schema: Schema, target: Target) -> bool:
    """Whether a table takes the constraint NOT VALID: one that is partitioned takes no foreign key so before 18."""
    known = schema.table(table)
    is_partitioned = bool(known and known.is_partitioned) or any(
        schema.tables[each].partition_of == table for each in schema.heirs.get(table, ())
    )
    return not (is_partitioned and isinstance(constraint, ForeignKey)) or target.version[0] >= _SINCE


def takes_not_valid(target: Target) -> bool:
    """Whether a CHECK is added for new rows first, and proven for the others by VALIDATE CONSTRAINT."""
    return target.dialect == "postgresql"
