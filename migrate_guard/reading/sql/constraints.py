"""Constraints of tables and of columns: what stands after their keywords, the same in CREATE and in ALTER TABLE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    PrimaryKey,
    UniqueConstraint,
)
from migrate_guard.reading.sql.cursor import Cursor
from migrate_guard.reading.sql.tokens import Kind
from migrate_guard.reading.values import HOLE

_ACTIONS = ("NO ACTION", "RESTRICT", "CASCADE", "SET NULL", "SET DEFAULT")
_MYSQL_KEYS = ("KEY", "INDEX")


class Options(Struct):
    """What may follow any constraint."""

    deferrable: bool = False
    initially_deferred: bool = False
    not_valid: bool = False
    ondelete: str | None = None
    onupdate: str | None = None
    using_index: str | None = None
    nulls_not_distinct: bool = False
    not_enforced: bool = False
    no_inherit: bool = False


def starts_constraint(cursor: Cursor) -> bool:
    """Whether a table constraint comes next, and not a column that has one of its keywords as name."""
    keyword = cursor.keyword()
    if keyword == "EXCLUDE":
        return cursor.keyword(1) in ("USING", "(")
    if keyword in ("PRIMARY", "FOREIGN"):
        return cursor.keyword(1) == "KEY"
    if keyword == "NOT":
        return cursor.keyword(1) == "NULL"
    return keyword in ("CONSTRAINT", "UNIQUE", "CHECK")


def table_constraint(cursor: Cursor) -> tuple[AnyConstraint, str | None]:
    """Read a table constraint, and the index that becomes it (USING INDEX)."""
    begin = cursor.at
    name = constraint_name(cursor)
    read = _TABLE_CONSTRAINTS.get(cursor.keyword())
    if read is None:
        raise cursor.not_understood()
    cursor.at += 1
    options = Options()
    constraint = read(cursor, name, begin, options)
    return constraint, options.using_index


def constraint_name(cursor: Cursor) -> str | None:
    """Read `CONSTRAINT name` where it stands; None without one, and for a name that is not known."""
    if not cursor.take("CONSTRAINT"):
        return None
    # MySQL has CONSTRAINT without a name.
    if cursor.is_mysql and cursor.keyword() in _TABLE_CONSTRAINTS:
        return None
    return cursor.name_or_hole("constraint name")


def key_columns(cursor: Cursor) -> tuple[str, ...]:
    """Read the columns of a key; lengths, directions and operator classes are passed over."""
    begin, end = cursor.skip_group()
    columns: list[str] = []
    with cursor.within(begin, end):
        for first, last in cursor.items():
            with cursor.within(first, last):
                columns.append(cursor.name("column name"))
    return tuple(columns)


def take_options(cursor: Cursor, options: Options, *, of_column: bool = False) -> None:
    """Read what follows a constraint, up to the first word that does not belong to it.

    Of a constraint `of_column`, a comment and the like belong to the column.
    """
    _take(cursor, options, _COLUMN_PHRASES if of_column else _OPTION_PHRASES)


def _take(cursor: Cursor, options: Options, phrases: tuple[str, ...]) -> None:
    while (phrase := cursor.take_phrase(phrases)) is not None:
        _OPTIONS[phrase](cursor, options)


def references(cursor: Cursor, options: Options) -> tuple[QualifiedName, tuple[str, ...]]:
    """Read what follows REFERENCES: the table and its columns; the actions go to the options."""
    table = cursor.table()
    columns = cursor.names() if cursor.is_at("(") else ()
    _take(cursor, options, _REFERENCES_PHRASES)
    return table, columns


def _primary_key(cursor: Cursor, name: str | None, begin: int, options: Options) -> AnyConstraint:
    cursor.expect("KEY")
    name = _index_name(cursor) or name
    take_options(cursor, options)
    columns = () if options.using_index else key_columns(cursor)
    take_options(cursor, options)
    return PrimaryKey(name=name, columns=columns, span=cursor.span(begin, cursor.at), not_valid=options.not_valid)


def _unique(cursor: Cursor, name: str | None, begin: int, options: Options) -> AnyConstraint:
    cursor.take_any(*_MYSQL_KEYS) if cursor.is_mysql else None
    name = _index_name(cursor) or name
    take_options(cursor, options)
    columns = () if options.using_index else key_columns(cursor)
    take_options(cursor, options)
    return UniqueConstraint(
        name=name,
        columns=columns,
        span=cursor.span(begin, cursor.at),
        deferrable=options.deferrable,
        initially_deferred=options.initially_deferred,
        nulls_not_distinct=options.nulls_not_distinct,
        not_valid=options.not_valid,
    )


def _index_name(cursor: Cursor) -> str | None:
    """The name that MySQL has after PRIMARY KEY, UNIQUE KEY and FOREIGN KEY."""
    word = cursor.peek()
    if not cursor.is_mysql or word is None or word.kind not in (Kind.NAME, Kind.QUOTED) or word.keyword == "USING":
        return None
    return cursor.name_or_hole("constraint name")


def _foreign_key(cursor: Cursor, name: str | None, begin: int, options: Options) -> AnyConstraint:
    cursor.expect("KEY")
    index_name = _index_name(cursor)
    name = name or index_name
    columns = cursor.names()
    cursor.expect("REFERENCES")
    table, referred = references(cursor, options)
    return foreign_key(cursor, name, columns, table, referred, options, begin)


def foreign_key(
    cursor: Cursor,
    name: str | None,
    columns: tuple[str, ...],
    table: QualifiedName,
    referred: tuple[str, ...],
    options: Options,
    begin: int,
) -> ForeignKey:
    return ForeignKey(
        name=name,
        columns=columns,
        span=cursor.span(begin, cursor.at),
        referred_table=table,
        referred_columns=referred,
        ondelete=options.ondelete,
        onupdate=options.onupdate,
        deferrable=options.deferrable,
        initially_deferred=options.initially_deferred,
        not_valid=options.not_valid or options.not_enforced,
        not_enforced=options.not_enforced,
    )


def _check(cursor: Cursor, name: str | None, begin: int, options: Options) -> AnyConstraint:
    expression = cursor.group_expression()
    take_options(cursor, options)
    return CheckConstraint(
        name=name,
        columns=expression.columns,
        span=cursor.span(begin, cursor.at),
        expression=expression,
        not_valid=options.not_valid or options.not_enforced,
        not_enforced=options.not_enforced,
        no_inherit=options.no_inherit,
    )


def _exclude(cursor: Cursor, name: str | None, begin: int, options: Options) -> AnyConstraint:
    body = cursor.at
    if cursor.take("USING"):
        cursor.name("index method")
    first, last = cursor.skip_group()
    columns: list[str] = []
    with cursor.within(first, last):
        for start, end in cursor.items():
            with cursor.within(start, end):
                _, until = cursor.skip_until("WITH")
                columns.extend(cursor.expression(start, until).columns)
    take_options(cursor, options)
    if cursor.take("WHERE"):
        cursor.skip_group()
    definition = cursor.source(body, cursor.at)
    take_options(cursor, options)
    return ExclusionConstraint(
        name=name,
        definition=None if HOLE in definition else definition,
        columns=tuple(dict.fromkeys(columns)),
        span=cursor.span(begin, cursor.at),
        not_valid=options.not_valid,
    )


_TABLE_CONSTRAINTS: dict[str, Callable[[Cursor, str | None, int, Options], AnyConstraint]] = {
    "PRIMARY": _primary_key,
    "UNIQUE": _unique,
    "FOREIGN": _foreign_key,
    "CHECK": _check,
    "EXCLUDE": _exclude,
}


def _nothing(cursor: Cursor, options: Options) -> None:
    pass


def _sets(**values: Any) -> Callable[[Cursor, Options], None]:
    def apply(cursor: Cursor, options: Options) -> None:
        for name, value in values.items():
            setattr(options, name, value)

    return apply


def _skip_name(cursor: Cursor, options: Options) -> None:
    cursor.skip()


def _skip_setting(cursor: Cursor, options: Options) -> None:
    cursor.take("=")
    cursor.skip()


def _skip_group(cursor: Cursor, options: Options) -> None:
    cursor.skip_group()


def _on_delete(cursor: Cursor, options: Options) -> None:
    options.ondelete = _action(cursor)


def _on_update(cursor: Cursor, options: Options) -> None:
    options.onupdate = _action(cursor)


def _action(cursor: Cursor) -> str:
    action = cursor.take_phrase(_ACTIONS)
    if action is None:
        raise cursor.not_understood()
    if action.startswith("SET") and cursor.is_at("("):
        cursor.skip_group()
    return action


def _using_index(cursor: Cursor, options: Options) -> None:
    options.using_index = cursor.name("index name")


_OPTIONS: dict[str, Callable[[Cursor, Options], None]] = {
    "NOT VALID": _sets(not_valid=True),
    "NOT DEFERRABLE": _nothing,
    "DEFERRABLE": _sets(deferrable=True),
    "INITIALLY DEFERRED": _sets(deferrable=True, initially_deferred=True),
    "INITIALLY IMMEDIATE": _nothing,
    "ON DELETE": _on_delete,
    "ON UPDATE": _on_update,
    "MATCH": _skip_name,
    "NULLS NOT DISTINCT": _sets(nulls_not_distinct=True),
    "NULLS DISTINCT": _nothing,
    "USING INDEX TABLESPACE": _skip_name,
    "USING INDEX": _using_index,
    "USING": _skip_name,
    "INCLUDE": _skip_group,
    "WITH": _skip_group,
    "NO INHERIT": _sets(no_inherit=True),
    "NOT ENFORCED": _sets(not_enforced=True),
    "ENFORCED": _nothing,
    "ON CONFLICT": _skip_name,
    "COMMENT": _skip_name,
    "KEY_BLOCK_SIZE": _skip_setting,
}
_OPTION_PHRASES = tuple(_OPTIONS)
_REFERENCES_PHRASES = tuple(phrase for phrase in _OPTIONS if phrase not in ("COMMENT", "USING", "KEY_BLOCK_SIZE"))
_COLUMN_PHRASES = tuple(phrase for phrase in _REFERENCES_PHRASES if phrase not in ("ON DELETE", "ON UPDATE", "MATCH"))
