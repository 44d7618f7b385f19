"""What is new to a database that stands at the parent of a revision, what has no rows there, and what no NULL."""

from __future__ import annotations

from collections.abc import Mapping

from migrate_guard.model import operations as ops
from migrate_guard.model.filling import leaves_no_null
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, Schema, Table

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


Unfilled = Mapping[tuple[QualifiedName, str], str]


def unfilled_after(operation: ops.Operation, unfilled: Unfilled, revision: str) -> Unfilled:
    """The columns that came after their table, and that the history has given no value since, each with the revision
    that added it; `unfilled` are those before. A row from before such a column has NULL in it."""
    match operation:
        case ops.AddColumn(table=name, column=column) if _may_be_null(column):
            return {**unfilled, (name, column.name): revision}
        case ops.Update(table=name, columns=columns):
            gone = {each for each in unfilled if each[0] == name and (not columns or each[1] in columns)}
        case ops.DropColumn(table=name, column=column):
            gone = {(name, column)}
        case ops.AlterColumn(table=name, column=column, modify_nullable=False):
            gone = {(name, column)}
        case ops.DropTable(table=name) | ops.CreateTable(table=Table(name=name)):
            gone = {each for each in unfilled if each[0] == name}
        case ops.RenameColumn(table=name, column=column, new_name=new):
            return {(each[0], new if each == (name, column) else each[1]): by for each, by in unfilled.items()}
        case ops.RenameTable(table=name, new_name=new):
            return {(new if each[0] == name else each[0], each[1]): by for each, by in unfilled.items()}
        case _:
            return unfilled
    return {each: by for each, by in unfilled.items() if each not in gone} if gone else unfilled


def _may_be_null(column: Column) -> bool:
    has_value = column.default is not None or column.computed is not None
    return column.nullable is not False and not (has_value or column.is_serial or column.is_identity)
