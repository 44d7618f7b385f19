"""What an operation does, for a sentence."""

from __future__ import annotations

from typing import Final

from migrate_guard.model import operations as ops

_VERBS: Final = {"Create": "creates", "Add": "adds", "Drop": "drops", "Rename": "renames", "Alter": "alters"}


def deed(operation: ops.Operation) -> str:
    """What an operation does, for a sentence: `adds "users.email"`."""
    if isinstance(operation, ops.RawSql):
        return f"runs {operation.kind}"
    kind = type(operation).__name__
    verb = next((verb for stem, verb in _VERBS.items() if kind.startswith(stem)), "changes")
    return f'{verb} "{subject(operation)}"'


def subject(operation: ops.Operation) -> str:
    """The object that an operation is about: `users.email`."""
    match operation:
        case ops.CreateTable(table=table):
            return str(table.name)
        case ops.AddColumn(table=name, column=column):
            return f"{name}.{column.name}"
        case ops.DropColumn(table=name, column=part) | ops.AlterColumn(table=name, column=part):
            return f"{name}.{part}"
        case ops.RenameColumn(table=name, column=part):
            return f"{name}.{part}"
        case ops.CreateIndex(table=name, index=index):
            return f"{name}.{index.name}" if index.name else str(name)
        case ops.DropIndex(index=index, table=owner):
            return f"{owner}.{index.name}" if owner else str(index)
        case ops.RenameIndex(index=index):
            return str(index)
        case ops.AddConstraint(table=name, constraint=added):
            return f"{name}.{added.name}" if added.name else str(name)
        case ops.DropConstraint(table=name, constraint=dropped):
            return f"{name}.{dropped}" if dropped else str(name)
        case ops.RenameConstraint(table=name, constraint=part) | ops.ValidateConstraint(table=name, constraint=part):
            return f"{name}.{part}"
        case ops.TableOperation(table=name):
            return str(name)
        case ops.CreateEnum(enum=enum):
            return str(enum.name)
        case ops.AddEnumValue(enum=type_name) | ops.RenameEnumValue(enum=type_name):
            return str(type_name)
        case ops.RenameType(type=type_name) | ops.DropType(type=type_name):
            return str(type_name)
        case ops.CreateView(view=view):
            return str(view.name)
        case ops.DropView(view=view_name):
            return str(view_name)
        case ops.CreateSequence(sequence=sequence):
            return str(sequence.name)
        case ops.DropSequence(sequence=sequence_name):
            return str(sequence_name)
    return "the schema"
