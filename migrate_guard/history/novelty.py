"""What is new to a database that stands at the parent of a revision, and what has no rows there any more."""

from __future__ import annotations

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema

Names = frozenset[QualifiedName]


def new_after(operation: ops.Operation, new: Names, before: Schema) -> Names:
    """The relations that are new after an operation; `new` are those before it. They go by the names they have then."""
    match operation:
        case ops.CreateTable(table=table) if not (operation.if_not_exists and table.name in before.tables):
            return new | {table.name}
        case ops.CreateView(view=view) if view.name not in before.views:
            return new | {view.name}
        case ops.CreateSequence(sequence=sequence) if sequence.name not in before.sequences:
            return new | {sequence.name}
        case ops.RawSql(kind="CREATE TEMPORARY TABLE", tables=tables):
            return new | set(tables)
        case ops.RenameTable(table=name, new_name=new_name, condition=None):
            return (new - {name, new_name}) | ({new_name} if name in new else set())
        case ops.RenameTable(table=name, new_name=new_name) if name in new:
            return new | {new_name}
        case ops.DropTable(table=name, condition=None):
            return new - {name}
    return new


def emptied_after(operation: ops.Operation, emptied: Names) -> Names:
    """The tables that certainly have no row after an operation; `emptied` are those before it."""
    match operation:
        case ops.Delete(table=table, where=None, condition=None):
            return emptied | {table}
        case ops.RawSql(kind="TRUNCATE" | "TRUNCATE TABLE", tables=tables, condition=None):
            return emptied | set(tables)
        case ops.Insert(table=table) if table in emptied:
            return emptied - {table}
    return emptied
