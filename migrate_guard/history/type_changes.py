"""Changes of a column's type that a database does not make by itself."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from migrate_guard.dialects.dependencies import casts_by_itself
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, Expression, Schema, Type
from migrate_guard.model.target import Target


class Uncast(NamedTuple):
    """A column whose values, or whose default, do not become those of another type without being told how."""

    column: Column
    """As it is before."""
    new: Type
    default: Expression | None = None
    """The default that has to go before: it does not become one of the new type."""


def uncast(op: ops.AlterColumn, schema: Schema, target: Target) -> Uncast | None:
    """What a change of type says too little about; None where it is enough, or the type before is not known.

    What the script says of the column counts where the history does not know it.
    """
    column = _before(op, schema)
    if op.modify_type is None or column is None or column.computed is not None:
        return None
    old, new = (as_enum(each, schema) for each in (column.type, op.modify_type))
    if casts_by_itself(old, new, target) is not False:
        return None
    return Uncast(replace(column, type=old), new, _held_back(column, op.table))


def _before(op: ops.AlterColumn, schema: Schema) -> Column | None:
    table = schema.table(op.table)
    column = table.column(op.column) if table and table.is_sure_of(op.column) else None
    if column is not None and column.type.is_known:
        return column
    if op.existing_type is None or not op.existing_type.is_known or (table and table.is_told):
        return None
    default = op.existing_default if isinstance(op.existing_default, Expression) else None
    return Column(op.column, op.existing_type, op.span, nullable=None, default=default, is_given=True)


def _held_back(column: Column, table: QualifiedName) -> Expression | None:
    """A default of the column's own type: a constant, or the next number of a SERIAL column.

    What another function gives may be of another type, and NULL is of all.
    """
    default = column.default
    if default is None and column.is_serial and not column.is_identity:
        return Expression(f"nextval('{column.sequence_in(table)}')", functions=("nextval",))
    if default is None or not default.is_literal or default.text.partition("::")[0].strip("() ").upper() == "NULL":
        return None
    return default


def as_enum(each: Type, schema: Schema) -> Type:
    """The type with what the schema knows of it: raw SQL tells the name alone."""
    if QualifiedName(each.name, each.schema) not in schema.enums:
        return each
    return replace(each, family="enum")
