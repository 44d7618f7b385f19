"""What to write for a change of type that the database does not make by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard.asking import safer
from migrate_guard.history.type_changes import Uncast
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Expression, Type
from migrate_guard.model.statement import Statement
from migrate_guard.model.target import Target

_NUMBERS: Final = frozenset({"integer", "decimal", "float"})
_TRUTH: Final = {"true": "1", "false": "0", "1": "true", "0": "false"}


def using(found: Uncast, target: Target) -> Expression | None:
    """The expression that makes a value of the new type; None where nobody can know it from the types.

    Source: the explicit casts of pg_cast (BOOLEAN and INTEGER alone), and that everything is read from text.
    """
    name = safer.written_name(found.column.name, target)
    old, new = found.column.type, found.new
    if old.family == "text" or old.name == "VARCHAR" or (new.dimensions and old.dimensions):
        return _cast(f"{name}::{_spelled(new, target)}", found)
    if old.family == "enum" and new.family == "enum":
        return _cast(f"{name}::text::{_spelled(new, target)}", found)
    if old.family in _NUMBERS and new.family == "boolean":
        return _cast(f"{name} <> 0", found)
    if old.family == "boolean" and new.family in _NUMBERS:
        return _cast(f"{name}::integer", found)
    return None


def _cast(text: str, found: Uncast) -> Expression:
    return Expression(text, columns=(found.column.name,))


def _spelled(each: Type, target: Target) -> str:
    """The type as a cast names it."""
    if each.family != "enum":
        return str(each) if each.schema else str(each).lower()
    return safer.written_table(QualifiedName(each.name, each.schema), target) + "[]" * each.dimensions


def told(statement: Statement[ops.AlterColumn], found: Uncast, how: Expression | None) -> Instead:
    """The change with its USING, between the loss of a default that does not come along and the new one."""
    op = statement.op
    if how is None:
        return ()
    change = replace(op, using=how, is_sql=False, in_batch=False, part=0)
    if found.default is None:
        return safer.in_place(statement, (change,))
    span, table = op.span, op.table
    dropped = ops.AlterColumn(span=span, table=table, column=op.column, modify_default=None)
    parts: list[ops.Operation] = [dropped, change]
    if not any(isinstance(each, ops.AlterColumn) and each.modify_default is not ops.UNSET for each in _same(statement)):
        default = _default(found)
        if default is None:
            return ()
        parts.append(ops.AlterColumn(span=span, table=table, column=op.column, modify_default=default))
    return safer.in_place(statement, tuple(parts))


def _same(statement: Statement[ops.AlterColumn]) -> Iterator[ops.Operation]:
    """The changes of the same column that the script made in one go."""
    for each in statement.siblings:
        if isinstance(each, ops.AlterColumn) and each.column == statement.op.column:
            yield each


def drops_default(statement: Statement[ops.AlterColumn]) -> bool:
    """Whether the same ALTER TABLE drops the default, which PostgreSQL does before it changes the type."""
    return statement.op.is_sql and any(
        isinstance(each, ops.AlterColumn) and each.modify_default is None for each in _same(statement)
    )


def _default(found: Uncast) -> Expression | None:
    """The old default as one of the new type."""
    text = found.default.text.partition("::")[0].strip() if found.default else ""
    bare = text.strip("()").strip("'")
    old, new = found.column.type, found.new
    if {old.family, new.family} <= {"boolean", *_NUMBERS} or (new.family == "boolean" and old.family == "text"):
        value = bare.lower() if old.family == "text" and bare.lower() in ("true", "false") else _TRUTH.get(bare.lower())
        return None if value is None else Expression(value, is_literal=True)
    if new.family in _NUMBERS:
        return Expression(bare, is_literal=True) if bare.replace(".", "", 1).lstrip("-").isdigit() else None
    if new.values is not None and bare not in new.values:
        return None
    return Expression(text, is_literal=True) if text.startswith("'") else None
