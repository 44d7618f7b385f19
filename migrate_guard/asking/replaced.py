"""What takes the place of a column or table in one revision, and what its values are copied to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, TypeGuard

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.rule import Step


class Replacement(NamedTuple):
    """The column or table that has a name at the end of a revision, instead of the one that had it before."""

    name: str
    """What it is called before it takes the name: the name itself, where it is created under it."""
    is_filled: bool
    """It has the values: it was there before the revision, or the revision copies them."""


def column_replacement(step: Step[ops.Operation], table: QualifiedName, column: str) -> Replacement | None:
    """What has a column's name at the end of the revision; None: nothing has."""
    name = original_column(step, table, column)
    left = step.left.table(table)
    if left is None or left.column(name) is None or step.run is None:
        return None
    operations = [each.operation for each in step.run.transitions]
    source = name
    for each in reversed(operations):
        if isinstance(each, ops.RenameColumn) and (each.table, each.new_name) == (table, source):
            source = each.column
    if not any(_adds(each, table, source) for each in operations):
        return Replacement(source, is_filled=True)
    added = next(each.column for each in operations if isinstance(each, ops.AddColumn) and _adds(each, table, source))
    is_computed = added.computed is not None or added.is_identity or added.is_serial
    is_filled = is_computed or any(_writes(each, table, {source, name}) for each in operations)
    return Replacement(source, is_filled)


def _adds(operation: ops.Operation, table: QualifiedName, column: str) -> bool:
    return isinstance(operation, ops.AddColumn) and (operation.table, operation.column.name) == (table, column)


def _writes(operation: ops.Operation, table: QualifiedName, columns: set[str]) -> bool:
    if not isinstance(operation, ops.Update) or operation.table != table:
        return False
    return not operation.columns or not columns.isdisjoint(operation.columns)


def original_column(step: Step[ops.Operation], table: QualifiedName, column: str) -> str:
    """What a column is called before the revision."""
    for operation in reversed(step.earlier_of(ops.RenameColumn)):
        if (operation.table, operation.new_name) == (table, column):
            column = operation.column
    return column


def original_table(step: Step[ops.Operation], table: QualifiedName) -> QualifiedName:
    """What a table is called before the revision."""
    for operation in reversed(step.earlier_of(ops.RenameTable)):
        if operation.new_name == table:
            table = operation.table
    return table


def table_replacement(step: Step[ops.Operation], table: QualifiedName) -> Replacement | None:
    """What table has a table's name at the end of the revision; None: none has."""
    name = original_table(step, table)
    if step.run is None or name not in step.left.tables:
        return None
    operations = [each.operation for each in step.run.transitions]
    source = name
    for each in reversed(operations):
        if isinstance(each, ops.RenameTable) and each.new_name == source and each.table != table:
            source = each.table
    if not any(isinstance(each, ops.CreateTable) and each.table.name == source for each in operations):
        return Replacement(str(source), is_filled=True)
    return Replacement(
        str(source), is_filled=any(_takes_rows(each, {source, name}, {table, name}) for each in operations)
    )


def _takes_rows(operation: ops.Operation, into: set[QualifiedName], tables: set[QualifiedName]) -> bool:
    """Whether an operation puts rows into one of some tables that it takes from others."""
    match operation:
        case ops.Insert():
            return operation.table in into and not tables.isdisjoint((operation.source, *operation.reads))
        case ops.CreateTable(copies_rows=True):
            return operation.table.name in into and not tables.isdisjoint(operation.reads)
    return False


def _writing(step: Step[ops.Operation]) -> Sequence[ops.Operation]:
    """What the revision has done before that may have written rows."""
    return step.earlier_of(ops.CreateTable, ops.Insert, ops.Update, ops.Opaque)


def rows_copied_to(step: Step[ops.Operation], table: QualifiedName) -> QualifiedName | None:
    """The table into which the revision has put the rows of another, or into new columns of which their values."""
    for operation in _writing(step):
        name = operation.table.name if isinstance(operation, ops.CreateTable) else None
        if isinstance(operation, ops.Insert):
            name = operation.table
        if name is not None and name != table and _takes_rows(operation, {name}, {table}):
            return name
        if _fills_new_column(operation, table, step):
            return operation.table
    return None


def _fills_new_column(
    operation: ops.Operation, source: QualifiedName, step: Step[ops.Operation]
) -> TypeGuard[ops.Update]:
    """Whether an UPDATE gives a new column of another table what it reads from a table."""
    return (
        isinstance(operation, ops.Update)
        and source in operation.reads
        and operation.table != source
        and any(step.is_new_column(operation.table, each) for each in operation.columns)
    )


def values_copied_to(step: Step[ops.DropColumn]) -> str | None:
    """The column or table that the revision fills from the column that it drops: "users.full_name"."""
    table, column = step.op.table, step.op.column
    for operation, _, _ in step.earlier:
        match operation:
            case ops.Update() if operation.table == table or table in operation.reads:
                new = [
                    each for each in operation.columns if each != column and step.is_new_column(operation.table, each)
                ]
                if new and mentions(operation.sql, column):
                    return f"{operation.table}.{_assigned(operation.sql, new, column)}"
                by_row = _by_row(step, operation, new)
                if by_row is not None:
                    return f"{operation.table}.{by_row}"
            case ops.Insert() if table in (operation.source, *operation.reads) and mentions(operation.sql, column):
                return str(operation.table)
            case ops.CreateTable(copies_rows=True) if table in operation.reads:
                return str(operation.table.name)
    return None


def may_be_moved(step: Step[ops.Operation], table: QualifiedName, column: str | None = None) -> bool:
    """Whether the revision may have put values of a table, or of one column, elsewhere: it writes what it computes.

    What a script makes of the rows that it reads is not known; what SQL makes of them is, as far as it names them.
    """
    for operation in _writing(step):
        match operation:
            case ops.Opaque(tables=tables) if not tables or tables != (table,):
                return True
            case ops.Insert(table=into, rows=None) if into != table:
                if (
                    not operation.sql
                    or _PARAMETER.search(operation.sql)
                    or table in (operation.source, *operation.reads)
                ):
                    return True
            case ops.Update(sql=sql):
                if not sql or _PARAMETER.search(sql) or (mentions(sql, column) if column else table in operation.reads):
                    return True
    return False


def _assigned(sql: str, columns: list[str], source: str) -> str:
    """The column to which an UPDATE gives what it makes of another: the one before the first mention of that."""
    at = min((found.start() for found in re.finditer(rf"(?<!\w){re.escape(source)}(?!\w)", sql)), default=len(sql))
    places = {each: sql.rfind(each, 0, at) for each in columns}
    return max(columns, key=lambda each: places[each])


def mentions(sql: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql) is not None


def _by_row(step: Step[ops.DropColumn], operation: ops.Update, new: list[str]) -> str | None:
    """The column into which it writes what the script makes of the rows, if that can be nothing else's successor."""
    written = {each: _written(operation.sql, each, new) for each in new}
    computed = [each for each, text in written.items() if not operation.sql or _PARAMETER.search(text)]
    run = step.run.transitions if step.run else ()
    dropped = [each for each, _, _ in run if isinstance(each, ops.DropColumn) and each.table == step.op.table]
    table = step.before.table(step.op.table)
    if len(computed) != 1 or len(dropped) != 1 or operation.table != step.op.table or table is None:
        return None
    old, added = table.column(step.op.column), table.column(computed[0])
    is_translated = _CASE.search(written[computed[0]]) is not None
    fits = old is not None and added is not None and (is_translated or old.type.family == added.type.family)
    return computed[0] if fits else None


_PARAMETER: Final = lazily(r"(?<!:)[:%?\ufffc]")
_CASE: Final = lazily(r"\bCASE\b", re.IGNORECASE)
_END_OF_SET: Final = lazily(r"\b(?:WHERE|FROM)\b", re.IGNORECASE)


def _written(sql: str, column: str, columns: list[str]) -> str:
    """What an UPDATE sets a column to, as far as the next of the columns or its WHERE; empty where that is not told."""
    found = re.search(rf"(?<!\w){re.escape(column)}\W?\s*=", sql)
    if found is None:
        return ""
    rest = sql[found.end() :]
    ends = [each.start() for name in columns for each in re.finditer(rf"(?<!\w){re.escape(name)}\W?\s*=", rest)]
    ends += [each.start() for each in _END_OF_SET.finditer(rest)]
    return rest[: min(ends, default=len(rest))]


def names(columns: Iterable[str]) -> str:
    """Columns of a key in a sentence: ("tenant_id", "id")."""
    listed = ", ".join(f'"{each}"' for each in columns)
    return f"({listed})"
