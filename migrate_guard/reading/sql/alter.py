"""ALTER TABLE: each action becomes an operation, in the order written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import (
    UNSET,
    AddColumn,
    AddConstraint,
    AlterColumn,
    ChangeInheritance,
    ConstraintKind,
    CreateIndex,
    DropColumn,
    DropConstraint,
    DropIndex,
    InheritanceKind,
    Opaque,
    Operation,
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


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an ALTER TABLE; the cursor stands at its first word and ends with it."""

    cursor: Cursor
    table: QualifiedName
    span: Span


def alter_table(cursor: Cursor) -> Iterator[Operation]:
    """Read an ALTER TABLE from behind the keyword TABLE."""
    if cursor.take("ALL", "IN", "TABLESPACE"):
        yield raw(cursor, "ALTER TABLE ALL IN TABLESPACE")
        return
    cursor.take("IF", "EXISTS")
    is_only = cursor.is_at("ONLY")
    table = cursor.table()
    parts = _actions(cursor)
    if not parts:
        raise cursor.not_understood()
    for first, last in parts:
        span = cursor.span() if len(parts) == 1 else cursor.span(first, last)
        cursor.tables = [table]
        with cursor.within(first, last):
            try:
                found = list(_action(Action(cursor, table, span)))
                yield from [replace(each, only=is_only) if isinstance(each, TableOperation) else each for each in found]
            except NotUnderstood as error:
                yield Opaque(span=span, is_sql=True, reason=f"ALTER TABLE: {error}", tables=distinct(cursor.tables))


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
        cursor.skip_rest()
        yield raw(cursor, f"ALTER TABLE {kind}", span=action.span)

    return read


def _inheritance(kind: InheritanceKind) -> Callable[[Action], Iterator[Operation]]:
    def read(action: Action) -> Iterator[Operation]:
        cursor, other = action.cursor, action.cursor.table()
        is_partition = kind.endswith("PARTITION")
        how = cursor.take_any("CONCURRENTLY", "FINALIZE") if kind == "DETACH PARTITION" else None
        begin = cursor.at
        cursor.skip_rest()
        yield ChangeInheritance(
            span=action.span,
            is_sql=True,
            sql=cursor.sql,
            kind=f"ALTER TABLE {kind} {how}" if how else f"ALTER TABLE {kind}",
            tables=distinct(cursor.tables),
            action=kind,
            heir=other if is_partition else action.table,
            parent=action.table if is_partition else other,
            bound=cursor.source(begin, cursor.at) if kind == "ATTACH PARTITION" else None,
            concurrently=how == "CONCURRENTLY",
        )

    return read


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
    constraint_name(cursor)
    if cursor.take("NOT", "NULL"):
        yield _add_not_null(action)
        return
    cursor.at = begin
    constraint, using_index = table_constraint(cursor)
    cursor.expect_end()
    yield AddConstraint(
        span=action.span, is_sql=True, table=action.table, constraint=constraint, using_index=using_index
    )


def _add_not_null(action: Action) -> Operation:
    cursor = action.cursor
    column = cursor.name("column name")
    if cursor.take("NOT", "VALID"):
        return raw(cursor, "ALTER TABLE ADD NOT NULL NOT VALID", span=action.span)
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
_INHERITANCE: tuple[InheritanceKind, ...] = ("ATTACH PARTITION", "DETACH PARTITION", "INHERIT", "NO INHERIT")
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
    "MODIFY COLUMN": _modify,
    "MODIFY": _modify,
    "CHANGE COLUMN": _change,
    "CHANGE": _change,
    **{kind: _raw_action(kind) for kind in _RAW_ACTIONS},
    **{kind: _inheritance(kind) for kind in _INHERITANCE},
}
# Longer ones first: DROP alone is followed by a column.
_PHRASES = tuple(sorted(_ACTIONS, key=lambda phrase: -phrase.count(" ")))
