"""The operations that take an upgrade back, with what they brought back as the schema before tells it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard.asking import inverse
from migrate_guard.history.comparison import differences
from migrate_guard.model import folding
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Code
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import UNSET
from migrate_guard.model.revision import Run, Transition
from migrate_guard.model.schema import Column, Index, Table, constraint_kind
from migrate_guard.model.target import Target

_LEAVES_SCHEMA: Final = (
    ops.Insert,
    ops.Update,
    ops.Delete,
    ops.SetParameter,
    ops.ValidateConstraint,
)
"""What changes rows or the session only; their rows are not the schema's."""


def way_back(upgrade: Run, target: Target) -> tuple[ops.Operation | Code, ...]:
    """The body of a downgrade that takes all of an upgrade back; empty where that cannot be written for certain."""
    body: list[ops.Operation] = []
    for transition in reversed(upgrade.transitions):
        operation = transition.operation
        if isinstance(operation, _LEAVES_SCHEMA):
            continue
        found = list(_back(transition)) if operation.condition is None and not operation.is_tolerated else []
        if not found:
            return ()
        body += [replace(each, in_batch=operation.in_batch) for each in found]
    schema = upgrade.after
    for each in body:
        schema = folding.apply(schema, each)
    if any(differences(upgrade.before, schema, target)):
        return ()
    return tuple(enum_dropped(each.type) if isinstance(each, ops.DropType) else each for each in body)


def as_written(downgrade: Run) -> tuple[ops.Operation, ...]:
    """The operations of a downgrade that does nothing but change the schema, whatever happens; else none."""
    operations = tuple(each.operation for each in downgrade.transitions)
    is_plain = not any(
        isinstance(each, ops.Insert | ops.Update | ops.Delete | ops.Opaque | ops.RawSql)
        or each.condition
        or each.is_tolerated
        for each in operations
    )
    return operations if is_plain else ()


def enum_dropped(name: QualifiedName) -> Code:
    """The line that drops an enum type, if it is there."""
    place = f', schema="{name.schema}"' if name.schema else ""
    return Code(f'sa.Enum(name="{name.name}"{place}).drop(op.get_bind())')


def _back(transition: Transition) -> Iterator[ops.Operation]:
    """What takes one operation back; nothing where that is not known."""
    operation, before, span = transition.operation, transition.before, transition.operation.span
    match operation:
        case ops.CreateEnum(enum=enum, if_not_exists=False):
            yield ops.DropType(span=span, type=enum.name)
        case ops.CreateView(view=view, replace=False, if_not_exists=False):
            yield ops.DropView(span=span, view=view.name)
        case ops.CreateSequence(sequence=sequence, if_not_exists=False):
            yield ops.DropSequence(span=span, sequence=sequence.name)
        case ops.DropTable(table=name, cascade=False):
            if (table := before.table(name)) and table.is_told and _is_known(table):
                yield ops.CreateTable(span=span, table=replace(table, indexes=(), lost=()))
                for index in table.indexes:
                    yield ops.CreateIndex(span=span, table=name, index=index)
        case ops.DropColumn(table=name, column=dropped, cascade=False):
            yield from _column_back(name, dropped, transition)
        case ops.AlterColumn(table=name, column=altered):
            if (table := before.table(name)) and (column := table.column(altered)) and not column.is_given:
                yield from _unaltered(operation, column)
        case ops.DropIndex(index=dropped_index, concurrently=False):
            for owner in before.tables_of_index(dropped_index.name, dropped_index.schema)[:1]:
                if found := owner.index(dropped_index.name):
                    yield ops.CreateIndex(span=span, table=owner.name, index=found)
        case ops.DropConstraint(table=name, constraint=str(dropped), cascade=False):
            if (table := before.table(name)) and (constraint := table.constraint(dropped)):
                yield ops.AddConstraint(span=span, table=name, constraint=constraint)
        case ops.RenameConstraint(table=name, constraint=old, new_name=new):
            yield replace(operation, constraint=new, new_name=old)
        case ops.RenameIndex(index=index_name, new_name=new):
            yield replace(operation, index=QualifiedName(new, index_name.schema), new_name=index_name.name)
        case ops.AddConstraint(table=name, constraint=constraint) if constraint.is_implicit_name:
            # by the name that the database gave it, unless a naming convention that nobody could read says otherwise
            if constraint.name and not constraint.is_assumed_name:
                kind = constraint_kind(constraint)
                yield ops.DropConstraint(
                    span=span, table=name, constraint=constraint.name, kind=None if kind == "exclude" else kind
                )
        case _:
            yield from inverse((operation,))


def _is_known(table: Table) -> bool:
    return all(each.type.is_known for each in table.columns)


def _column_back(name: QualifiedName, dropped: str, transition: Transition) -> Iterator[ops.Operation]:
    """A column as it was, with the indexes and keys that went along."""
    before, after = transition.before.table(name), transition.after.table(name)
    column = before.column(dropped) if before else None
    if not before or not after or not column or column.is_given or not column.type.is_known or _lacks_values(column):
        return
    span = transition.operation.span
    yield ops.AddColumn(span=span, table=name, column=column)
    for constraint in before.constraints():
        if all(each is not constraint for each in after.constraints()):
            yield ops.AddConstraint(span=span, table=name, constraint=constraint)
    for index in _gone(before.indexes, after.indexes):
        yield ops.CreateIndex(span=span, table=name, index=index)


def _gone(before: tuple[Index, ...], after: tuple[Index, ...]) -> list[Index]:
    return [each for each in before if all(kept is not each for kept in after)]


def _lacks_values(column: Column) -> bool:
    """Whether the rows that are there have no value for it."""
    fills_itself = column.default or column.is_identity or column.is_serial or column.computed
    return column.nullable is False and not fills_itself


def _unaltered(operation: ops.AlterColumn, column: Column) -> Iterator[ops.Operation]:
    """The change of a column that makes it what it was."""
    is_plain = operation.modify_identity is UNSET and operation.modify_computed is UNSET
    if not is_plain or (operation.modify_type is not None and not column.type.is_known):
        return
    yield replace(
        operation,
        existing_type=operation.modify_type or operation.existing_type,
        existing_nullable=None if operation.modify_nullable is not None else operation.existing_nullable,
        existing_default=UNSET,
        existing_comment=UNSET,
        modify_type=column.type if operation.modify_type is not None else None,
        modify_nullable=column.nullable if operation.modify_nullable is not None else None,
        modify_default=column.default if operation.modify_default is not UNSET else UNSET,
        modify_comment=column.comment if operation.modify_comment is not UNSET else UNSET,
        using=None,
    )
