"""INSERT, UPDATE, DELETE and queries, also in WITH."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import CreateTable, Delete, Insert, Operation, SetParameter, Update
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Contents, Expression, Row, Table
from migrate_guard.reading.sql.cursor import Cursor, qualified_name
from migrate_guard.reading.sql.errors import NotKnown, NotUnderstood
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.sql.tokens import Kind
from migrate_guard.reading.values import HOLE

_MAXIMUM_ROWS = 1_000
"""Rows of one INSERT that are read; of more none is known."""
_AFTER_WHERE = ("RETURNING", "ORDER", "LIMIT")


def query(cursor: Cursor) -> Iterator[Operation]:
    """Read a SELECT, VALUES, WITH or a change of rows from its start; one operation each, those in CTEs first."""
    while cursor.take("("):
        pass
    before = list(_ctes(cursor)) if cursor.take("WITH") else []
    yield from before
    keyword = cursor.keyword()
    if keyword in ROW_READERS:
        cursor.at += 1
        for change in ROW_READERS[keyword](cursor):
            yield change if before else replace(change, sql=cursor.sql)
    elif keyword == "MERGE":
        yield raw(cursor, "MERGE", cursor.query_tables(0, cursor.end))
    elif (setting := _set_config(cursor)) is not None:
        yield setting
    elif (table := _into(cursor)) is not None:
        reads = tuple(each for each in cursor.query_tables(0, cursor.end) if each != table)
        if _is_temporary(cursor):
            cursor.tables = [table]
            cursor.options |= {"WITH DATA"}
            yield raw(cursor, "CREATE TEMPORARY TABLE", objects=reads)
            return
        made = Table(table, cursor.span(), is_open=True)
        yield CreateTable(span=cursor.span(), is_sql=True, table=made, reads=reads, copies_rows=True)
    else:
        kind = "VALUES" if keyword == "VALUES" else "SELECT"
        yield _select(cursor, kind)


def _select(cursor: Cursor, kind: str) -> Operation:
    """A query: the tables it reads, the functions it calls, how it locks the rows."""
    begin = cursor.at
    whole = cursor.expression(0, cursor.end) if not any(word.has_hole for word in cursor.words) else None
    cursor.skip_until("WHERE", "FOR")
    predicate = _where(cursor)
    cursor.at = begin
    while not cursor.is_done:
        cursor.skip_until("FOR")
        if cursor.take("FOR"):
            cursor.note("NO KEY UPDATE", "UPDATE", "KEY SHARE", "SHARE")
        elif not cursor.is_done:
            cursor.skip()
    keywords = {word.keyword for word in cursor.words}
    if keywords & {"LIMIT", "FETCH"} and not keywords & {"ORDER", "GROUP"}:
        cursor.options.add("LIMIT")
    tables = cursor.query_tables(0, cursor.end)
    return raw(
        cursor,
        kind,
        tables,
        objects=_sequences(cursor),
        functions=whole.functions if whole else ("",),
        predicate=predicate,
    )


def _sequences(cursor: Cursor) -> tuple[QualifiedName, ...]:
    """The sequences that nextval() and setval() count on or set."""
    found = []
    for at, word in enumerate(cursor.words[:-2]):
        name = cursor.words[at + 2]
        if word.keyword in ("NEXTVAL", "SETVAL") and cursor.words[at + 1].keyword == "(" and name.kind is Kind.STRING:
            found.append(qualified_name(name.text.replace('"', "").split("."), cursor.dialect))
    return tuple(found)


def _ctes(cursor: Cursor) -> Iterator[Operation]:
    cursor.take("RECURSIVE")
    while not cursor.is_done:
        cursor.skip_until("AS")
        cursor.expect("AS")
        cursor.take("NOT")
        cursor.take("MATERIALIZED")
        first, last = cursor.skip_group()
        with cursor.within(first, last):
            if cursor.keyword() in ROW_READERS:
                cursor.at += 1
                yield from ROW_READERS[cursor.words[first].keyword](cursor)
        # SEARCH and CYCLE clauses of a recursive query.
        cursor.skip_until(",", *ROW_READERS, "SELECT", "VALUES", "TABLE", "MERGE", "(")
        if not cursor.take(","):
            return


def _into(cursor: Cursor) -> QualifiedName | None:
    """The table that PostgreSQL's SELECT … INTO creates; None for any other query."""
    if cursor.dialect != "postgresql" or not cursor.is_at("SELECT"):
        return None
    cursor.skip_until("INTO", "FROM")
    if not cursor.take("INTO"):
        return None
    cursor.take_any("TEMP", "TEMPORARY", "UNLOGGED")
    cursor.take("TABLE")
    return cursor.table()


_INTO_TEMPORARY: Final = lazily(r"\bINTO\s+TEMP(ORARY)?\b", re.IGNORECASE)


def _is_temporary(cursor: Cursor) -> bool:
    return _INTO_TEMPORARY.search(cursor.sql) is not None


def _set_config(cursor: Cursor) -> SetParameter | None:
    """SELECT set_config('name', 'value', is_local), which is SET as a function."""
    begin = cursor.at
    found = _setting_call(cursor)
    cursor.at = begin
    return found


def _setting_call(cursor: Cursor) -> SetParameter | None:
    if not cursor.take("SELECT"):
        return None
    cursor.take("PG_CATALOG", ".")
    if not cursor.take("SET_CONFIG", "("):
        return None
    name, value = cursor.take_kind(Kind.STRING), None
    if name and cursor.take(","):
        value = cursor.take_kind(Kind.STRING)
    is_local = cursor.take_any("TRUE", "FALSE") if value and cursor.take(",") else None
    if not name or not value or not is_local or not cursor.take(")") or not cursor.is_done:
        return None
    return SetParameter(
        span=cursor.span(), is_sql=True, name=name.text.lower(), value=value.text, is_local=is_local == "TRUE"
    )


def _insert(cursor: Cursor) -> Iterator[Insert]:
    first = cursor.at
    cursor.take_any("IGNORE", "LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY")
    _skip_or(cursor)
    cursor.take("IGNORE")
    is_replaced = cursor.words[max(first - 1, 0)].keyword == "REPLACE"
    skips = is_replaced or any(each.keyword in ("IGNORE", "OR") for each in cursor.words[first : cursor.at])
    if not cursor.take("INTO") and not cursor.is_mysql:
        raise cursor.not_understood()
    table = cursor.table()
    begin = cursor.at
    rows, source = _inserted(cursor)
    columns = _named_columns(cursor, begin)
    is_query = cursor.keyword() in ("SELECT", "WITH", "TABLE")
    has_ctes = cursor.words[0].keyword == "WITH"
    reads = cursor.query_tables(0 if has_ctes else cursor.at, cursor.end) if is_query else ()
    if has_ctes:
        # the whole statement names the table that is written, too
        reads = tuple(each for each in reads if each != table)
        source = source if source in reads else None
    predicate = None
    if is_query:
        cursor.skip_until("WHERE")
        predicate = _where(cursor)
    behind = [each.keyword for each in cursor.words[begin : cursor.end]]
    skips = skips or "CONFLICT" in behind or "DUPLICATE" in behind or "EXISTS" in behind
    texts = () if is_query else tuple(_texts(cursor, begin))
    cursor.skip_rest()
    yield Insert(
        span=cursor.span(),
        is_sql=True,
        table=table,
        rows=rows,
        source=source,
        into=columns,
        reads=reads,
        predicate=predicate,
        texts=texts,
        skips_present=skips,
    )


def _texts(cursor: Cursor, begin: int) -> Iterator[tuple[str, str]]:
    """The strings behind VALUES, each with its column; the cursor stays where it is."""
    here = cursor.at
    columns = _named_columns(cursor, begin)
    count = 0
    if columns and cursor.take("VALUES"):
        while cursor.is_at("(") and count < _MAXIMUM_ROWS:
            first, last = cursor.skip_group()
            with cursor.within(first, last):
                values = cursor.listed(lambda: _constant(cursor))
            for name, each in zip(columns, values, strict=False):
                if each is not None and isinstance(each.value, str):
                    yield name, each.value
            cursor.take(",")
            count += 1
    cursor.at = here


def _named_columns(cursor: Cursor, begin: int) -> tuple[str, ...]:
    """The columns in parentheses behind the table; the cursor stands behind them afterwards."""
    cursor.at = begin
    if not cursor.is_at("(") or cursor.keyword(1) in ("SELECT", "WITH", "VALUES"):
        return ()
    try:
        return cursor.names()
    except (NotKnown, NotUnderstood):
        return ()


def _inserted(cursor: Cursor) -> tuple[Contents, QualifiedName | None]:
    """The rows behind VALUES, or the first table that the query reads; nothing of them has to be known."""
    try:
        columns = cursor.names() if cursor.is_at("(") and cursor.keyword(1) != "SELECT" else ()
        if columns and cursor.take("VALUES"):
            return _values(cursor, columns), None
        return None, _source_of_rows(cursor) if cursor.is_at("SELECT") else None
    except (NotKnown, NotUnderstood):
        return None, None


def _values(cursor: Cursor, columns: tuple[str, ...]) -> Contents:
    """The rows behind VALUES; None where a value is anything but a constant."""
    found: list[Row] = []
    while cursor.is_at("("):
        begin, end = cursor.skip_group()
        with cursor.within(begin, end):
            values = cursor.listed(lambda: _constant(cursor))
        if len(values) != len(columns) or not all(isinstance(each, _Constant) for each in values):
            return None
        found.append(tuple((name, each.value) for name, each in zip(columns, values, strict=True) if each))
        cursor.take(",")
        if len(found) > _MAXIMUM_ROWS:
            return None
    return tuple(found)


class _Constant(Struct, frozen=True):
    value: str | int | float | bool | None


_WORDS: dict[str, bool | None] = {"NULL": None, "TRUE": True, "FALSE": False}


def _constant(cursor: Cursor) -> _Constant | None:
    word = cursor.peek()
    begin, end = cursor.skip_until(",")
    if word is None or end - begin != 1 or HOLE in word.text:
        return None
    if word.kind is Kind.STRING:
        return _Constant(word.text)
    if word.kind is Kind.NUMBER and word.text.isdigit():
        return _Constant(int(word.text))
    return _Constant(_WORDS[word.keyword]) if word.keyword in _WORDS else None


def _source_of_rows(cursor: Cursor) -> QualifiedName | None:
    """The first table that the query of an INSERT reads."""
    cursor.skip_until("FROM", "UNION")
    if not cursor.take("FROM") or cursor.is_at("("):
        return None
    return cursor.table()


def _skip_or(cursor: Cursor) -> None:
    """SQLite's OR REPLACE, OR IGNORE and the like."""
    if cursor.take("OR"):
        cursor.skip()


def _update(cursor: Cursor) -> Iterator[Update]:
    _skip_or(cursor)
    cursor.take_any("LOW_PRIORITY")
    cursor.take_any("IGNORE")
    sources = _sources(cursor, "SET")
    cursor.expect("SET")
    first, last = cursor.skip_until("FROM", "WHERE", *_AFTER_WHERE)
    with cursor.within(first, last):
        targets = list(_assigned(cursor))
    reads = _read_besides(cursor, first)
    cursor.skip_until("WHERE", *_AFTER_WHERE)
    where = _where(cursor)
    aliases = {qualifier for qualifier, _ in targets if qualifier}
    table = next((name for alias, name in sources if alias in aliases), sources[0][1])
    columns = tuple(dict.fromkeys(column for _, column in targets))
    others = tuple(each for each in reads if each != table)
    yield Update(
        span=cursor.span(),
        is_sql=True,
        table=table,
        only=table in cursor.only,
        columns=columns,
        where=where,
        reads=others,
    )


def _read_besides(cursor: Cursor, begin: int) -> tuple[QualifiedName, ...]:
    """The tables after FROM and USING and in subqueries of an UPDATE or DELETE, from a word on."""
    if cursor.words[0].keyword == "WITH":
        begin = 0
    words = cursor.words[begin:]
    if not any(word.keyword in ("FROM", "USING", "SELECT") for word in words):
        return ()
    return cursor.query_tables(begin, cursor.end)


def _delete(cursor: Cursor) -> Iterator[Delete]:
    cursor.take_any("LOW_PRIORITY")
    cursor.take_any("QUICK")
    cursor.take_any("IGNORE")
    target = None
    if cursor.is_mysql and not cursor.is_at("FROM"):
        # DELETE a FROM a JOIN b: rows go from the table before FROM.
        target = cursor.name("table name")
        cursor.skip_until("FROM")
    cursor.expect("FROM")
    sources = _sources(cursor, "WHERE", "USING", *_AFTER_WHERE)
    table = next((name for alias, name in sources if alias == target), sources[0][1])
    reads = _read_besides(cursor, cursor.at)
    cursor.skip_until("WHERE", *_AFTER_WHERE)
    others = tuple(each for each in reads if each != table)
    only = table in cursor.only
    yield Delete(span=cursor.span(), is_sql=True, table=table, only=only, where=_where(cursor), reads=others)


def _sources(cursor: Cursor, *stops: str) -> list[tuple[str, QualifiedName]]:
    """Read the tables of an UPDATE or DELETE, each with the name it goes by."""
    found = [_source(cursor, stops)]
    while not cursor.is_done and cursor.keyword() not in stops:
        if cursor.take(",") or cursor.take("JOIN"):
            found.append(_source(cursor, stops))
        else:
            cursor.skip_one()
    return found


def _source(cursor: Cursor, stops: tuple[str, ...]) -> tuple[str, QualifiedName]:
    if cursor.is_at("("):
        cursor.skip_group()
        name = QualifiedName("")
    else:
        name = cursor.table()
    cursor.take("AS")
    word = cursor.peek()
    if word and word.kind in (Kind.NAME, Kind.QUOTED) and word.keyword not in (*stops, *_AFTER_SOURCE):
        return cursor.name("alias"), name
    return name.name, name


_AFTER_SOURCE = (
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "CROSS",
    "STRAIGHT_JOIN",
    "NATURAL",
    "ON",
    "USING",
    "PARTITION",
    "INDEXED",
)


def _assigned(cursor: Cursor) -> Iterator[tuple[str | None, str]]:
    """Yield the columns that SET assigns to, with the table or alias written before them."""
    for first, last in cursor.items():
        with cursor.within(first, last):
            if not cursor.is_at("("):
                yield _target(cursor)
                continue
            for column in cursor.names():
                yield None, column


def _target(cursor: Cursor) -> tuple[str | None, str]:
    parts = [cursor.name("column name")]
    while cursor.take("."):
        parts.append(cursor.name("column name"))
    return (parts[-2] if len(parts) > 1 else None), parts[-1]


def _where(cursor: Cursor) -> Expression | None:
    if not cursor.take("WHERE"):
        return None
    begin, end = cursor.skip_until(*_AFTER_WHERE)
    return cursor.expression(begin, end)


ROW_READERS: dict[str, Callable[[Cursor], Iterator[Insert | Update | Delete]]] = {
    "INSERT": _insert,
    "REPLACE": _insert,
    "UPDATE": _update,
    "DELETE": _delete,
}
