"""CREATE, ALTER and DROP INDEX, and the indexes that MySQL writes among columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import CreateIndex, DropIndex, Operation, RenameIndex
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Expression, Index, IndexElement
from migrate_guard.reading.sql.cursor import Cursor
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.sql.settings import storage_parameters
from migrate_guard.reading.sql.tokens import Kind

_SPECIAL_METHODS = {"FULLTEXT": "fulltext", "SPATIAL": "spatial"}


def create_index(cursor: Cursor, *, unique: bool = False, method: str | None = None) -> Iterator[Operation]:
    """Read a CREATE INDEX from behind the keyword INDEX."""
    concurrently = cursor.take("CONCURRENTLY")
    if_not_exists = cursor.take("IF", "NOT", "EXISTS")
    name = None
    if not cursor.is_at("ON"):
        name = _index_name(cursor)
    method = _method(cursor) or method
    cursor.expect("ON")
    is_only = cursor.is_at("ONLY")
    table = cursor.table()
    is_only = bool(cursor.only)
    index = _index(cursor, name, unique=unique, method=_method(cursor) or method, begin=0)
    yield CreateIndex(
        span=cursor.span(),
        is_sql=True,
        table=table,
        only=is_only,
        index=index,
        concurrently=concurrently,
        if_not_exists=if_not_exists,
    )


def drop_index(cursor: Cursor) -> Iterator[Operation]:
    """Read a DROP INDEX from behind the keyword INDEX: one operation an index."""
    concurrently = cursor.take("CONCURRENTLY")
    if_exists = cursor.take("IF", "EXISTS")
    names = cursor.listed(lambda: cursor.qualified("index name"))
    table = cursor.table() if cursor.take("ON") else None
    cursor.take_any("CASCADE", "RESTRICT")
    if not cursor.is_mysql:
        cursor.expect_end()
    for name in names:
        yield DropIndex(
            span=cursor.span(), is_sql=True, index=name, table=table, concurrently=concurrently, if_exists=if_exists
        )


def alter_index(cursor: Cursor) -> Iterator[Operation]:
    """Read an ALTER INDEX from behind the keyword INDEX."""
    if_exists = cursor.take("IF", "EXISTS")
    if cursor.is_at("ALL", "IN"):
        yield raw(cursor, "ALTER INDEX ALL IN TABLESPACE")
        return
    name = cursor.qualified("index name")
    if cursor.take("RENAME", "TO"):
        new_name = cursor.name("new index name")
        cursor.expect_end()
        yield RenameIndex(span=cursor.span(), is_sql=True, index=name, new_name=new_name, if_exists=if_exists)
        return
    action = cursor.take_phrase(_INDEX_ACTIONS)
    if action is None:
        raise cursor.not_understood()
    objects = [name]
    if action in ("SET", "RESET") and cursor.is_at("("):
        cursor.options.update(storage_parameters(cursor))
    elif action == "ATTACH PARTITION":
        objects.append(cursor.qualified("index name"))
    if if_exists:
        cursor.options.add("IF EXISTS")
    yield raw(cursor, f"ALTER INDEX {action}", objects=tuple(objects))


_INDEX_ACTIONS = (
    "SET TABLESPACE",
    "SET",
    "RESET",
    "ATTACH PARTITION",
    "ALTER COLUMN",
    "ALTER",
    "DEPENDS ON EXTENSION",
    "NO DEPENDS ON EXTENSION",
)


def starts_inline_index(cursor: Cursor) -> bool:
    """Whether one of MySQL's indexes comes next, and not a column named "key" or "index"."""
    if not cursor.is_mysql:
        return False
    if cursor.keyword() in _SPECIAL_METHODS:
        return True
    return cursor.keyword() in ("KEY", "INDEX") and (cursor.keyword(1) in ("(", "USING") or cursor.keyword(2) != "")


def inline_index(cursor: Cursor) -> Index:
    """Read `KEY name (columns)` as MySQL has it in CREATE TABLE and in ALTER TABLE ADD."""
    begin = cursor.at
    special = cursor.take_any(*_SPECIAL_METHODS)
    cursor.take_any("KEY", "INDEX")
    cursor.take("IF", "NOT", "EXISTS")
    name = None if cursor.keyword() in ("(", "USING") else _index_name(cursor)
    method = _method(cursor) or (_SPECIAL_METHODS[special] if special else None)
    return _index(cursor, name, unique=False, method=method, begin=begin)


def special_method(keyword: str) -> str | None:
    """The index method that a word of MySQL before INDEX stands for."""
    return _SPECIAL_METHODS.get(keyword)


def _index_name(cursor: Cursor) -> str | None:
    name = cursor.name_or_hole("index name")
    while cursor.take("."):
        name = cursor.name_or_hole("index name")
    return name


def _method(cursor: Cursor) -> str | None:
    return cursor.name("index method").lower() if cursor.take("USING") else None


class _Tail(Struct):
    """What follows the elements of an index."""

    where: Expression | None = None
    include: tuple[str, ...] = ()
    method: str | None = None
    nulls_not_distinct: bool = False


def _index(cursor: Cursor, name: str | None, *, unique: bool, method: str | None, begin: int) -> Index:
    first, last = cursor.skip_group()
    elements: list[IndexElement] = []
    with cursor.within(first, last):
        for start, end in cursor.items():
            with cursor.within(start, end):
                elements.append(_element(cursor))
    tail = _Tail(method=method)
    while not cursor.is_done:
        read = _TAIL.get(cursor.keyword())
        if read is None:
            raise cursor.not_understood()
        cursor.at += 1
        read(cursor, tail)
    span = cursor.span(begin, cursor.at)
    return Index(
        name,
        tuple(elements),
        span,
        unique=unique,
        where=tail.where,
        method=tail.method or "btree",
        include=tail.include,
        nulls_not_distinct=tail.nulls_not_distinct,
    )


_BARE = lazily(r'[\s(]*("[^"]+"|[A-Za-z_]\w*)[\s)]*')
"""A column in brackets, which PostgreSQL stores as the plain column."""


def _element(cursor: Cursor) -> IndexElement:
    begin = cursor.at
    expression = None
    column = None
    if cursor.is_at("("):
        expression = cursor.group_expression()
        if _BARE.fullmatch(expression.text) and len(expression.columns) == 1:
            column, expression = expression.columns[0], None
    elif _is_call(cursor):
        while not cursor.is_at("("):
            cursor.at += 1
        cursor.skip_group()
        expression = cursor.expression(begin, cursor.at)
    else:
        column = cursor.name("column name")
    element = IndexElement(column, expression)
    while not cursor.is_done:
        element = _element_option(cursor, element)
    return element


def _element_option(cursor: Cursor, element: IndexElement) -> IndexElement:
    """Read one of what may follow a key: MySQL's length, a collation, an operator class, a direction."""
    if cursor.is_at("("):
        first, last = cursor.skip_group()
        size = cursor.source(first, last)
        # what follows an operator class are its options
        return replace(element, length=int(size)) if size.isdigit() and cursor.is_mysql else element
    if cursor.take("COLLATE"):
        return replace(element, collation=str(cursor.qualified("collation")))
    if direction := cursor.take_any("ASC", "DESC"):
        return replace(element, is_descending=direction == "DESC")
    if cursor.take("NULLS", "FIRST"):
        return replace(element, nulls="FIRST")
    if cursor.take("NULLS", "LAST"):
        return replace(element, nulls="LAST")
    if cursor.peek() is not None and cursor.dialect == "postgresql":
        return replace(element, opclass=str(cursor.qualified("operator class")))
    cursor.skip()
    return element


def _is_call(cursor: Cursor) -> bool:
    offset = 0
    while cursor.keyword(offset + 1) == ".":
        offset += 2
    if cursor.keyword(offset + 1) != "(":
        return False
    argument = cursor.peek(offset + 2)
    # MySQL's index on the first characters of a column: name(20).
    return not (cursor.is_mysql and argument is not None and argument.kind is Kind.NUMBER)


def _where(cursor: Cursor, tail: _Tail) -> None:
    begin, end = cursor.skip_until("ALGORITHM", "LOCK")
    tail.where = cursor.expression(begin, end)


def _include(cursor: Cursor, tail: _Tail) -> None:
    cursor.at -= 1
    cursor.expect("INCLUDE")
    tail.include = cursor.names()


def _using(cursor: Cursor, tail: _Tail) -> None:
    tail.method = cursor.name("index method").lower()


def _nulls(cursor: Cursor, tail: _Tail) -> None:
    tail.nulls_not_distinct = cursor.take("NOT")
    cursor.expect("DISTINCT")


def _group(cursor: Cursor, tail: _Tail) -> None:
    if cursor.take("PARSER"):
        cursor.skip()
    else:
        cursor.skip_group()


def _setting(cursor: Cursor, tail: _Tail) -> None:
    cursor.take("=")
    cursor.skip()


def _nothing(cursor: Cursor, tail: _Tail) -> None:
    pass


_TAIL: dict[str, Callable[[Cursor, _Tail], None]] = {
    "WHERE": _where,
    "INCLUDE": _include,
    "USING": _using,
    "NULLS": _nulls,
    "WITH": _group,
    "TABLESPACE": _setting,
    "COMMENT": _setting,
    "ALGORITHM": _setting,
    "LOCK": _setting,
    "KEY_BLOCK_SIZE": _setting,
    "VISIBLE": _nothing,
    "INVISIBLE": _nothing,
    "IGNORED": _nothing,
}


def qualified_index(cursor: Cursor, table: QualifiedName, what: str = "index name") -> QualifiedName:
    """Read the name of an index of a table that MySQL names beside it."""
    return QualifiedName(cursor.name(what), table.schema)
