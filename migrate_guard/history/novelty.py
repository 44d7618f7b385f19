"""What is new to a database that stands at the parent of a revision, what has no rows there, and what no NULL."""

from __future__ import annotations

from migrate_guard.model import operations as ops
from migrate_guard.model.filling import leaves_no_null
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema

Names = frozenset[QualifiedName]
Columns = frozenset[tuple[QualifiedName, str]]


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
        case ops.RenameTable(table=table, new_name=renamed, condition=None):
            return (emptied - {table, renamed}) | ({renamed} if table in emptied else set())
    return emptied


def filled_after(operation: ops.Operation, filled: Columns, before: Schema) -> Columns:
    """The columns that the history has given a value in every row since they may be NULL; `filled` are those before."""
    match operation:
        case ops.Update() | ops.Delete():
            table = before.table(operation.table)
            told = operation.columns if isinstance(operation, ops.Update) else ()
            asked = operation.where.columns if operation.where else ()
            names = {*told, *asked, *(each.name for each in (table.columns if table else ()))}
            return filled | {(operation.table, each) for each in names if leaves_no_null(operation, each, table)}
        case ops.AlterColumn(table=name, column=column, modify_nullable=True):
            return filled - {(name, column)}
        case ops.DropColumn(table=name, column=column):
            return filled - {(name, column)}
        case ops.DropTable(table=name):
            return frozenset(each for each in filled if each[0] != name)
        case ops.RenameColumn(table=name, column=column, new_name=new) if (name, column) in filled:
            return (filled - {(name, column)}) | {(name, new)}
        case ops.RenameTable(table=name, new_name=renamed):
            return frozenset((renamed if table == name else table, column) for table, column in filled)
    return filled
