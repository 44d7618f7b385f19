"""SET, RESET and SQLite's PRAGMA."""

from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.operations import Operation, SetParameter
from migrate_guard.reading.sql.cursor import Cursor
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.sql.tokens import Kind

_RAW = ("TRANSACTION", "CONSTRAINTS", "SESSION CHARACTERISTICS", "PASSWORD", "DEFAULT ROLE")
# Settings with a spelling of their own, and the parameter they set.
_NAMED = {
    "TIME ZONE": "timezone",
    "SESSION AUTHORIZATION": "session_authorization",
    "SCHEMA": "search_path",
    "NAMES": "client_encoding",
    "ROLE": "role",
    "CHARACTER SET": "character_set",
}
_SCOPES = ("LOCAL", "SESSION", "GLOBAL", "PERSIST")


def set_parameter(cursor: Cursor) -> Iterator[Operation]:
    """Read a SET from behind its keyword: one operation a parameter."""
    if (kind := cursor.take_phrase(_RAW)) is not None:
        yield raw(cursor, f"SET {kind}")
    elif cursor.is_mysql and not cursor.is_done:
        for first, last in cursor.items():
            with cursor.within(first, last):
                yield _setting(cursor)
    else:
        yield _setting(cursor)


def reset_parameter(cursor: Cursor) -> Iterator[Operation]:
    """Read a RESET from behind its keyword."""
    named = cursor.take_phrase(tuple(_NAMED))
    name = _NAMED[named] if named else _name(cursor)
    cursor.expect_end()
    yield SetParameter(span=cursor.span(), is_sql=True, name=name, value="DEFAULT")


def pragma(cursor: Cursor) -> Iterator[Operation]:
    """Read SQLite's PRAGMA from behind its keyword: a setting if it has a value."""
    name = _name(cursor).rpartition(".")[2]
    if cursor.take("="):
        yield SetParameter(span=cursor.span(), is_sql=True, name=name, value=_value(cursor))
    elif name in _CALLED and cursor.is_at("("):
        begin, end = cursor.skip_group()
        with cursor.within(begin, end):
            yield SetParameter(span=cursor.span(), is_sql=True, name=name, value=_value(cursor))
    else:
        yield raw(cursor, "PRAGMA")


_CALLED = frozenset({"defer_foreign_keys", "foreign_keys", "legacy_alter_table"})
"""Those that may have their value in parentheses; with others, what stands there is mostly a question."""


def storage_parameters(cursor: Cursor) -> frozenset[str]:
    """Read the names in the parenthesis of SET (fillfactor = 70) and RESET (fillfactor), in lower case."""
    begin, end = cursor.skip_group()
    with cursor.within(begin, end):
        return frozenset(cursor.source(first, last).partition("=")[0].strip().lower() for first, last in cursor.items())


def _setting(cursor: Cursor) -> Operation:
    named = cursor.take_phrase(tuple(_NAMED))
    scope = None
    if named is None:
        scope = cursor.take_any(*_SCOPES)
        named = cursor.take_phrase(tuple(_NAMED))
    name = _NAMED[named] if named else _name(cursor)
    cursor.take_any("TO", "=", ":=")
    return SetParameter(span=cursor.span(), is_sql=True, name=name, value=_value(cursor), is_local=scope == "LOCAL")


def _name(cursor: Cursor) -> str:
    """The name of a parameter, in lower case; that of MySQL's user variables begins with @."""
    prefix = ""
    if cursor.take("@@"):
        if cursor.take_any(*_SCOPES):
            cursor.expect(".")
    elif cursor.take("@"):
        prefix = "@"
    parts = [cursor.name("parameter name")]
    while cursor.take("."):
        parts.append(cursor.name("parameter name"))
    return prefix + ".".join(parts).lower()


def _value(cursor: Cursor) -> str:
    """The value as written, a single string without its quotes."""
    begin = cursor.at
    if begin >= cursor.end:
        raise cursor.not_understood()
    cursor.skip_rest()
    word = cursor.words[begin]
    if cursor.end - begin == 1 and word.kind is Kind.STRING:
        return word.text
    return cursor.source(begin, cursor.end)
