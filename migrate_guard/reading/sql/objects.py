"""Types, views and sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import (
    AddEnumValue,
    AlterColumn,
    CreateEnum,
    CreateSequence,
    CreateView,
    DropSequence,
    DropType,
    DropView,
    Operation,
    RenameEnumValue,
    RenameType,
)
from migrate_guard.model.schema import EnumType, Sequence, View
from migrate_guard.reading.sql.cursor import Cursor, qualified_name
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.values import HOLE


def create_type(cursor: Cursor) -> Iterator[Operation]:
    """Read a CREATE TYPE from behind the keyword TYPE."""
    name = cursor.qualified("type name")
    if not cursor.take("AS", "ENUM"):
        yield raw(cursor, "CREATE TYPE", objects=(name,))
        return
    first, last = cursor.skip_group()
    with cursor.within(first, last):
        values = () if cursor.is_done else tuple(cursor.listed(lambda: cursor.string("list of values")))
        cursor.expect_end()
    yield CreateEnum(span=cursor.span(), is_sql=True, enum=EnumType(name, values, cursor.span()))


def alter_type(cursor: Cursor) -> Iterator[Operation]:
    """Read an ALTER TYPE from behind the keyword TYPE."""
    name = cursor.qualified("type name")
    action = cursor.take_phrase(tuple(_TYPE_ACTIONS))
    if action is None:
        kind = cursor.take_phrase(_RAW_TYPE_ACTIONS)
        if kind is None:
            raise cursor.not_understood()
        cursor.skip_until("CASCADE", "RESTRICT")
        cursor.note("CASCADE")
        yield raw(cursor, f"ALTER TYPE {kind}", objects=(name,))
        return
    yield _TYPE_ACTIONS[action](cursor, name)
    cursor.expect_end()


_RAW_TYPE_ACTIONS = (
    "OWNER TO",
    "ADD ATTRIBUTE",
    "DROP ATTRIBUTE",
    "ALTER ATTRIBUTE",
    "RENAME ATTRIBUTE",
    "SET",
)


def drop_type(cursor: Cursor) -> Iterator[Operation]:
    """Read a DROP TYPE from behind the keyword TYPE: one operation a type."""
    if_exists, names, cascade = _dropped(cursor, "type name")
    for name in names:
        yield DropType(span=cursor.span(), is_sql=True, type=name, if_exists=if_exists, cascade=cascade)


def create_view(cursor: Cursor, *, is_materialized: bool = False, replace: bool = False) -> Iterator[Operation]:
    """Read a CREATE VIEW from behind the keyword VIEW."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.qualified("view name")
    begin = cursor.at
    cursor.skip_until("AS")
    cursor.expect("AS")
    # A recursive view reads itself.
    tables = tuple(each for each in cursor.query_tables(*_query(cursor)) if each != name)
    text = cursor.source(begin, cursor.at)
    definition = None if HOLE in text else text
    view = View(name, cursor.span(), is_materialized=is_materialized, tables=tables, definition=definition)
    is_empty = [word.keyword for word in cursor.words[-3:]] == ["WITH", "NO", "DATA"]
    yield CreateView(
        span=cursor.span(),
        is_sql=True,
        view=view,
        replace=replace,
        if_not_exists=if_not_exists,
        with_data=not is_empty,
    )


def _query(cursor: Cursor) -> tuple[int, int]:
    """The words of a view's query, without WITH CHECK OPTION and WITH NO DATA after it."""
    begin = end = cursor.at
    while not cursor.is_done:
        _, end = cursor.skip_until("WITH")
        if cursor.is_done or cursor.take_phrase(_AFTER_QUERY):
            break
        # The WITH of a CTE; a stray parenthesis leads nowhere.
        cursor.expect("WITH")
    cursor.skip_rest()
    if begin == end:
        raise cursor.not_understood()
    return begin, end


_AFTER_QUERY = (
    "WITH CHECK OPTION",
    "WITH LOCAL CHECK OPTION",
    "WITH CASCADED CHECK OPTION",
    "WITH DATA",
    "WITH NO DATA",
)


def drop_view(cursor: Cursor, *, is_materialized: bool = False) -> Iterator[Operation]:
    """Read a DROP VIEW from behind the keyword VIEW: one operation a view."""
    if_exists, names, cascade = _dropped(cursor, "view name")
    for name in names:
        yield DropView(
            span=cursor.span(),
            is_sql=True,
            view=name,
            if_exists=if_exists,
            cascade=cascade,
            is_materialized=is_materialized,
        )


def create_sequence(cursor: Cursor) -> Iterator[Operation]:
    """Read a CREATE SEQUENCE from behind the keyword SEQUENCE."""
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = cursor.qualified("sequence name")
    begin = cursor.at
    cursor.skip_until("OWNED")
    definition = cursor.source(begin, cursor.at)
    owned_by = column_of_table(cursor) if cursor.take("OWNED", "BY") and not cursor.is_at("NONE") else None
    yield CreateSequence(
        span=cursor.span(),
        is_sql=True,
        sequence=Sequence(name, cursor.span(), owned_by, "" if HOLE in definition else definition),
        if_not_exists=if_not_exists,
    )


def drop_sequence(cursor: Cursor) -> Iterator[Operation]:
    """Read a DROP SEQUENCE from behind the keyword SEQUENCE: one operation a sequence."""
    if_exists, names, cascade = _dropped(cursor, "sequence name")
    for name in names:
        yield DropSequence(span=cursor.span(), is_sql=True, sequence=name, if_exists=if_exists, cascade=cascade)


def comment_on_column(cursor: Cursor) -> Iterator[Operation]:
    """Read a COMMENT ON COLUMN from behind the keyword COLUMN."""
    table, column = column_of_table(cursor)
    cursor.expect("IS")
    comment = None if cursor.take("NULL") else cursor.string("comment")
    yield AlterColumn(span=cursor.span(), is_sql=True, table=table, column=column, modify_comment=comment)


def column_of_table(cursor: Cursor) -> tuple[QualifiedName, str]:
    """Read `table.column`, with or without a schema."""
    parts = [cursor.name("table name")]
    while cursor.take("."):
        parts.append(cursor.name("column name"))
    if len(parts) < 2:
        raise cursor.not_understood()
    table = qualified_name(parts[:-1], cursor.dialect)
    cursor.tables.append(table)
    return table, parts[-1]


def _dropped(cursor: Cursor, what: str) -> tuple[bool, list[QualifiedName], bool]:
    """Read `[IF EXISTS] a, b [CASCADE]` to the end."""
    if_exists = cursor.take("IF", "EXISTS")
    names = cursor.listed(lambda: cursor.qualified(what))
    cascade = cursor.take_any("CASCADE", "RESTRICT") == "CASCADE"
    cursor.expect_end()
    return if_exists, names, cascade


def _add_value(cursor: Cursor, name: QualifiedName) -> Operation:
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    value = cursor.string()
    before = cursor.string() if cursor.take("BEFORE") else None
    after = cursor.string() if cursor.take("AFTER") else None
    return AddEnumValue(
        span=cursor.span(),
        is_sql=True,
        enum=name,
        value=value,
        before=before,
        after=after,
        if_not_exists=if_not_exists,
    )


def _rename_value(cursor: Cursor, name: QualifiedName) -> Operation:
    old = cursor.string()
    cursor.expect("TO")
    return RenameEnumValue(span=cursor.span(), is_sql=True, enum=name, value=old, new_value=cursor.string("new value"))


def _rename_type(cursor: Cursor, name: QualifiedName) -> Operation:
    new_name = QualifiedName(cursor.name("new type name"), name.schema)
    return RenameType(span=cursor.span(), is_sql=True, type=name, new_name=new_name)


def _move_type(cursor: Cursor, name: QualifiedName) -> Operation:
    schema = cursor.name("schema name")
    new_name = QualifiedName(name.name, None if schema == cursor.default_schema else schema)
    return RenameType(span=cursor.span(), is_sql=True, type=name, new_name=new_name)


_TYPE_ACTIONS: dict[str, Callable[[Cursor, QualifiedName], Operation]] = {
    "ADD VALUE": _add_value,
    "RENAME VALUE": _rename_value,
    "RENAME TO": _rename_type,
    "SET SCHEMA": _move_type,
}
