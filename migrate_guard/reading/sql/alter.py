"""ALTER TABLE: each action becomes an operation, in the order written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import (
    UNSET,
    AddColumn,
    AddConstraint,
    AddNotNull,
    AlterColumn,
    AttachPartition,
    ConstraintKind,
    CreateIndex,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropIndex,
    Opaque,
    Operation,
    RawSql,
    RenameColumn,
    RenameConstraint,
    RenameIndex,
    RenameTable,
    TableOperation,
    ValidateConstraint,
)
from migrate_guard.model.schema import ForeignKey
from migrate_guard.model.source import Span
from migrate_guard.reading.sql.alter_column import alter_column
from migrate_guard.reading.sql.columns import column_definition
from migrate_guard.reading.sql.constraints import constraint_name, starts_constraint, table_constraint
from migrate_guard.reading.sql.cursor import Cursor, distinct
from migrate_guard.reading.sql.errors import NotUnderstood
from migrate_guard.reading.sql.indexes import inline_index, qualified_index, starts_inline_index
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.sql.settings import storage_parameters


class Action(Struct, frozen=True):
    """One action of an ALTER TABLE; the cursor stands at its first word and ends with it."""

    cursor: Cursor
    table: QualifiedName
    span: Span


def alter_table(cursor: Cursor) -> Iterator[Operation]:
    """Read an ALTER TABLE from behind the keyword TABLE."""
    if cursor.take("ALL", "IN", "TABLESPACE"):
        yield raw(cursor, "ALTER TABLE ALL IN TABLESPACE")
        return
    guard = {"IF EXISTS"} if cursor.take("IF", "EXISTS") else set[str]()
    table = cursor.table()
    parts = _actions(cursor)
    operations: list[Operation] = []
    if not parts:
        raise cursor.not_understood()
    for first, last in parts:
        span = cursor.span() if len(parts) == 1 else cursor.span(first, last)
        cursor.tables, cursor.options = [table], set(guard)
        with cursor.within(first, last):
            try:
                found = _action(Action(cursor, table, span))
                operations.extend(_with_own_sql(each, cursor, parts, (first, last)) for each in found)
            except NotUnderstood as error:
                reason = f"ALTER TABLE: {error}"
                operations.append(Opaque(span=span, is_sql=True, reason=reason, tables=distinct(cursor.tables)))
    for part, operation in enumerate(operations):
        if isinstance(operation, TableOperation) and (cursor.only or guard):
            yield replace(operation, part=part, only=bool(cursor.only), if_table_exists=bool(guard))
        else:
            yield replace(operation, part=part)


def _with_own_sql(
    operation: Operation, cursor: Cursor, parts: list[tuple[int, int]], own: tuple[int, int]
) -> Operation:
    """The operation of one action among several, with a statement that does what this action does."""
    if len(parts) == 1 or not isinstance(operation, RawSql):
        return operation
    return replace(operation, sql=f"{cursor.source(0, parts[0][0])} {cursor.source(*own)}")


def _actions(cursor: Cursor) -> list[tuple[int, int]]:
    """The words of each action, from and up to."""
    # These have commas of their own, and nothing may follow them.
    if cursor.keyword() in ("ORDER", "PARTITION", "REORGANIZE", "ATTACH"):
        return [(cursor.at, cursor.end)]
    parts = list(cursor.items())
    # How MySQL shall do what the other actions say is no action of its own.
    return [each for each in parts if cursor.words[each[0]].keyword not in ("ALGORITHM", "LOCK")] or parts


def _action(action: Action) -> Iterable[Operation]:
    phrase = action.cursor.take_phrase(_PHRASES)
    if phrase is None:
        raise action.cursor.not_understood()
    return _ACTIONS[phrase](action)


def _raw_action(kind: str) -> Callable[[Action], Iterator[Operation]]:
    def read(action: Action) -> Iterator[Operation]:
        cursor = action.cursor
        if kind in _NAMES_TABLE:
            cursor.table()
        objects: tuple[QualifiedName, ...] = ()
        if kind in ("SET", "RESET") and cursor.is_at("("):
            cursor.options.update(storage_parameters(cursor))
        elif kind in _NAMES_OBJECT and not cursor.is_done:
            cursor.note("FULL", "NOTHING", "DEFAULT", "ALL", "USER")
            cursor.take("USING", "INDEX")
            objects = () if cursor.is_done else (cursor.qualified(),)
            cursor.note("NOT ENFORCED", "ENFORCED")
        cursor.skip_rest()
        yield raw(cursor, f"ALTER TABLE {kind}", span=action.span, objects=objects)

    return read


def _attach(action: Action) -> Iterator[Operation]:
    cursor = action.cursor
    if cursor.is_mysql:
        yield from _raw_action("ATTACH PARTITION")(action)
        return
    partition = cursor.table()
    bound = cursor.source(cursor.at, cursor.end) or None
    cursor.skip_rest()
    yield AttachPartition(span=action.span, is_sql=True, table=action.table, partition=partition, bound=bound)


def _detach(action: Action) -> Iterator[Operation]:
    cursor = action.cursor
    partition = cursor.table()
    how = cursor.take_any("CONCURRENTLY", "FINALIZE")
    cursor.expect_end()
    yield DetachPartition(
        span=action.span,
        is_sql=True,
        table=action.table,
        partition=partition,
        concurrently=how == "CONCURRENTLY",
        finalize=how == "FINALIZE",
    )


def _add(action: Action) -> Iterator[Operation]:
    cursor, table = action.cursor, action.table
    if starts_constraint(cursor):
        yield from _add_constraint(action)
        return
    if starts_inline_index(cursor):
        yield CreateIndex(span=action.span, is_sql=True, table=table, index=inline_index(cursor))
        return
    cursor.take("COLUMN")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    if not cursor.is_at("("):
        yield _add_column(action, if_not_exists)
        return
    # MySQL adds several columns in parentheses.
    first, last = cursor.skip_group()
    with cursor.within(first, last):
        for begin, end in cursor.items():
            with cursor.within(begin, end):
                yield _add_column(action, if_not_exists)


def _add_column(action: Action, if_not_exists: bool) -> Operation:
    column, constraints = column_definition(action.cursor)
    return AddColumn(
        span=action.span,
        is_sql=True,
        table=action.table,
        column=column,
        constraints=constraints,
        if_not_exists=if_not_exists,
        inline_references=any(isinstance(each, ForeignKey) for each in constraints),
    )


def _add_constraint(action: Action) -> Iterator[Operation]:
    cursor, begin = action.cursor, action.cursor.at
    name = constraint_name(cursor)
    if cursor.take("NOT", "NULL"):
        yield _add_not_null(action, name)
        return
    cursor.at = begin
    constraint, using_index = table_constraint(cursor)
    cursor.expect_end()
    yield AddConstraint(
        span=action.span, is_sql=True, table=action.table, constraint=constraint, using_index=using_index
    )


def _add_not_null(action: Action, name: str | None) -> Operation:
    cursor = action.cursor
    column = cursor.name("column name")
    if cursor.take("NOT", "VALID"):
        cursor.take("NO", "INHERIT")
        cursor.expect_end()
        return AddNotNull(span=action.span, is_sql=True, table=action.table, column=column, name=name)
    cursor.take("NO", "INHERIT")
    cursor.expect_end()
    return AlterColumn(span=action.span, is_sql=True, table=action.table, column=column, modify_nullable=False)


def _drop_column(action: Action) -> Iterator[Operation]:
    cursor = action.cursor
    if_exists = cursor.take("IF", "EXISTS")
    column = cursor.name("column name")
    cascade = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
    cursor.expect_end()
    yield DropColumn(
        span=action.span, is_sql=True, table=action.table, column=column, if_exists=if_exists, cascade=cascade
    )


def _drop_constraint(kind: ConstraintKind | None) -> Callable[[Action], Iterator[Operation]]:
    def read(action: Action) -> Iterator[Operation]:
        cursor = action.cursor
        if_exists = cursor.take("IF", "EXISTS")
        # The primary key of MySQL has this name, whatever was written.
        name = "PRIMARY" if kind == "primary" else cursor.name("constraint name")
        cascade = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
        cursor.expect_end()
        yield DropConstraint(
            span=action.span,
            is_sql=True,
            table=action.table,
            constraint=name,
            kind=kind,
            if_exists=if_exists,
            cascade=cascade,
        )

    return read


def _drop_index(action: Action) -> Iterator[Operation]:
    cursor = action.cursor
    if not cursor.is_mysql or cursor.peek() is None:
        # A column of this name.
        cursor.at -= 1
        yield from _drop_column(action)
        return
    if_exists = cursor.take("IF", "EXISTS")
    index = qualified_index(cursor, action.table)
    cursor.expect_end()
    yield DropIndex(span=action.span, is_sql=True, index=index, table=action.table, if_exists=if_exists)


def _rename_to(action: Action) -> Iterator[Operation]:
    cursor = action.cursor
    new_name = cursor.qualified("new table name")
    cursor.expect_end()
    if not cursor.is_mysql:
        # ALTER TABLE a.b RENAME TO c stays in its schema.
        new_name = QualifiedName(new_name.name, new_name.schema or action.table.schema)
    yield RenameTable(span=action.span, is_sql=True, table=action.table, new_name=new_name)


def _set_schema(action: Action) -> Iterator[Operation]:
    schema = action.cursor.name("schema name")
    action.cursor.expect_end()
    default = action.cursor.default_schema
    new_name = QualifiedName(action.table.name, None if schema == default else schema)
    yield RenameTable(span=action.span, is_sql=True, table=action.table, new_name=new_name)


def _rename_column(action: Action) -> Iterator[Operation]:
    old, new = _old_and_new(action, "column name")
    yield RenameColumn(span=action.span, is_sql=True, table=action.table, column=old, new_name=new)


def _rename_constraint(action: Action) -> Iterator[Operation]:
    old, new = _old_and_new(action, "constraint name")
    yield RenameConstraint(span=action.span, is_sql=True, table=action.table, constraint=old, new_name=new)


def _rename_index(action: Action) -> Iterator[Operation]:
    if not action.cursor.is_mysql:
        action.cursor.at -= 1
        yield from _rename_column(action)
        return
    index = qualified_index(action.cursor, action.table)
    action.cursor.expect("TO")
    yield RenameIndex(span=action.span, is_sql=True, index=index, new_name=action.cursor.name("new index name"))


def _old_and_new(action: Action, what: str) -> tuple[str, str]:
    cursor = action.cursor
    old = cursor.name(what)
    cursor.expect("TO")
    new = cursor.name(f"new {what}")
    cursor.expect_end()
    return old, new


def _validate(action: Action) -> Iterator[Operation]:
    name = action.cursor.name("constraint name")
    action.cursor.expect_end()
    yield ValidateConstraint(span=action.span, is_sql=True, table=action.table, constraint=name)


def _alter_column(action: Action) -> Iterator[Operation]:
    yield alter_column(action.cursor, action.table, action.span)


def _modify(action: Action) -> Iterator[Operation]:
    """MySQL's MODIFY, which tells a column anew; what it leaves out is gone afterwards."""
    action.cursor.take("IF", "EXISTS")
    yield from _redefine(action)


def _change(action: Action) -> Iterator[Operation]:
    """MySQL's CHANGE: MODIFY with a new name."""
    cursor = action.cursor
    cursor.take("IF", "EXISTS")
    old = cursor.name("column name")
    new = cursor.peek()
    redefinition = list(_redefine(action))
    if new is not None and cursor.fold(new) != old:
        yield RenameColumn(span=action.span, is_sql=True, table=action.table, column=old, new_name=cursor.fold(new))
    yield from redefinition


def _redefine(action: Action) -> Iterator[Operation]:
    column, constraints = column_definition(action.cursor)
    yield AlterColumn(
        span=action.span,
        is_sql=True,
        table=action.table,
        column=column.name,
        modify_type=column.type,
        modify_nullable=column.nullable,
        modify_default=column.default,
        modify_comment=column.comment,
        modify_computed=column.computed or UNSET,
        collation=column.collation,
        redefines=True,
        is_serial=column.is_serial,
    )
    for constraint in constraints:
        yield AddConstraint(span=action.span, is_sql=True, table=action.table, constraint=constraint)


_RAW_ACTIONS = (
    "ADD PARTITION",
    "DROP PARTITION",
    "TRUNCATE PARTITION",
    "REORGANIZE PARTITION",
    "EXCHANGE PARTITION",
    "COALESCE PARTITION",
    "MERGE PARTITIONS",
    "SPLIT PARTITION",
    "PARTITION BY",
    "REMOVE PARTITIONING",
    "ENABLE ROW LEVEL SECURITY",
    "DISABLE ROW LEVEL SECURITY",
    "FORCE ROW LEVEL SECURITY",
    "NO FORCE ROW LEVEL SECURITY",
    "ENABLE ALWAYS TRIGGER",
    "ENABLE REPLICA TRIGGER",
    "ENABLE TRIGGER",
    "DISABLE TRIGGER",
    "ENABLE ALWAYS RULE",
    "ENABLE REPLICA RULE",
    "ENABLE RULE",
    "DISABLE RULE",
    "ENABLE KEYS",
    "DISABLE KEYS",
    "ALTER CONSTRAINT",
    "ALTER INDEX",
    "ALTER CHECK",
    "CLUSTER ON",
    "SET WITHOUT CLUSTER",
    "SET WITHOUT OIDS",
    "SET ACCESS METHOD",
    "SET TABLESPACE",
    "SET LOGGED",
    "SET UNLOGGED",
    "SET",
    "RESET",
    "NO INHERIT",
    "INHERIT",
    "NOT OF",
    "OF",
    "OWNER TO",
    "REPLICA IDENTITY",
    "CONVERT TO CHARACTER SET",
    "DEFAULT CHARACTER SET",
    "DEFAULT CHARSET",
    "DEFAULT COLLATE",
    "CHARACTER SET",
    "CHARSET",
    "COLLATE",
    "ENGINE",
    "ROW_FORMAT",
    "KEY_BLOCK_SIZE",
    "AUTO_INCREMENT",
    "COMMENT",
    "STATS_PERSISTENT",
    "DISCARD TABLESPACE",
    "IMPORT TABLESPACE",
    "ORDER BY",
    "FORCE",
    "ALGORITHM",
    "LOCK",
)
# Those in which another table follows.
_NAMES_TABLE = frozenset({"INHERIT", "NO INHERIT"})
# Those in which a trigger, constraint, index or place follows.
_NAMES_OBJECT = frozenset(
    {"ALTER CONSTRAINT", "CLUSTER ON", "REPLICA IDENTITY", "SET TABLESPACE", "SET ACCESS METHOD"}
) | {f"{verb} TRIGGER" for verb in ("ENABLE", "DISABLE", "ENABLE ALWAYS", "ENABLE REPLICA")}
_ACTIONS: dict[str, Callable[[Action], Iterable[Operation]]] = {
    "ADD": _add,
    "ALTER COLUMN": _alter_column,
    "ALTER": _alter_column,
    "DROP CONSTRAINT": _drop_constraint(None),
    "DROP PRIMARY KEY": _drop_constraint("primary"),
    "DROP FOREIGN KEY": _drop_constraint("foreignkey"),
    "DROP CHECK": _drop_constraint("check"),
    "DROP INDEX": _drop_index,
    "DROP KEY": _drop_index,
    "DROP COLUMN": _drop_column,
    "DROP": _drop_column,
    "RENAME TO": _rename_to,
    "RENAME AS": _rename_to,
    "RENAME COLUMN": _rename_column,
    "RENAME CONSTRAINT": _rename_constraint,
    "RENAME INDEX": _rename_index,
    "RENAME KEY": _rename_index,
    "RENAME": _rename_column,
    "SET SCHEMA": _set_schema,
    "VALIDATE CONSTRAINT": _validate,
    "ATTACH PARTITION": _attach,
    "DETACH PARTITION": _detach,
    "MODIFY COLUMN": _modify,
    "MODIFY": _modify,
    "CHANGE COLUMN": _change,
    "CHANGE": _change,
    **{kind: _raw_action(kind) for kind in _RAW_ACTIONS},
}
# Longer ones first: DROP alone is followed by a column.
_PHRASES = tuple(sorted(_ACTIONS, key=lambda phrase: -phrase.count(" ")))
