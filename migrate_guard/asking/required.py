"""A NOT NULL column without a value for the rows that are there: what databases do with it, and what to write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking.running import mapped_by
from migrate_guard.model.instead import Instead, Note
from migrate_guard.model.operations import AddColumn
from migrate_guard.model.schema import Column, Expression, ForeignKey, PrimaryKey, UniqueConstraint
from migrate_guard.model.target import Target
from migrate_guard.rule import Problem, Step


def missing_values(step: Step[AddColumn], where: str = "") -> Iterator[Problem]:
    """What is to be said of a NOT NULL column that has no value for rows that may be there, after the words `where`."""
    op, column = step.op, step.op.column
    if column.nullable is not False or fills_itself(column) or not step.has_rows(op.table):
        return
    existing = step.before.table(op.table)
    if existing and existing.column(column.name):
        return
    yield Problem(
        asking.hedged(f"{where}{_refused(op, step.target)}{_inserted_by(step)}", op),
        op.span,
        object=f"{op.table}.{column.name}",
        help="Add the column with a server_default, or nullable, fill the rows, and set NOT NULL once all are filled.",
        instead=_added(op, step.target),
        confidence=asking.confidence(op),
    )


def _inserted_by(step: Step[AddColumn]) -> str:
    """Who of the running code inserts rows without the column, for the end of a sentence."""
    classes = mapped_by(step, step.op.table) if not mapped_by(step, step.op.table, step.op.column.name) else ""
    return f"; {classes} of the running code inserts rows without it" if classes else ""


def fills_itself(column: Column) -> bool:
    """Whether the database has a value for the rows that are there."""
    if column.is_identity or column.is_serial or column.computed:
        return True
    return column.default is not None and column.default.text.partition("::")[0].strip("() ").upper() != "NULL"


def _refused(op: AddColumn, target: Target) -> str:
    """What the database does with the column, for a sentence."""
    name, table = op.column.name, op.table
    why = (
        "its default= is filled in by the application only, the database has none"
        if op.column.has_client_default
        else "the column has no server default"
    )
    silent = asking.silent_default(op.column.type, target)
    product = asking.PRODUCTS[target.dialect]
    if silent is not None:
        return f'{product} writes {silent} as "{name}" into every row of "{table}": {why}'
    if asking.refuses_missing_values(target):
        return f'{product} refuses to add NOT NULL "{name}" as soon as "{table}" has a row: {why}'
    return f'adding NOT NULL "{name}" has no value for the rows of "{table}": {why}'


DEFAULTS: Final = {"text": "", "integer": "0", "decimal": "0", "float": "0"}


def _added(op: AddColumn, target: Target) -> Instead:
    """The column with a value for all rows, or nullable until each has one."""
    if not op.column.type.is_known:
        return ()
    default = None if _needs_own_values(op, target) else _default(op.column, target)
    column = replace(op.column, default=default, nullable=default is None)
    add = replace(op, column=column)
    return (add,) if default else (add, Note("fill the rows next, and set NOT NULL when all have a value"))


def _default(column: Column, target: Target) -> Expression | None:
    """A value for all rows, in types that have one that stands for none."""
    if column.type.family == "boolean":
        return asking.false(target)
    value = DEFAULTS.get(column.type.family)
    return None if value is None else asking.constant(value)


def _needs_own_values(op: AddColumn, target: Target) -> bool:
    """Whether one value for all rows would be refused: a key, a reference, a type that takes no default."""
    if any(isinstance(each, PrimaryKey | UniqueConstraint | ForeignKey) for each in op.constraints):
        return True
    if any(index.unique for index in op.indexes):
        return True
    return op.column.type.name == "TEXT" and target.dialect == "mysql"
