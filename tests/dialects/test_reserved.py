"""The lists of reserved words, held against the databases themselves."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pymysql
import pytest
from pymysql.cursors import Cursor
from sqlglot.dialects.mysql import MySQL

from migrate_guard.dialects.mysql.reserved import reserved_words as mysql_words
from migrate_guard.dialects.postgresql.reserved import reserved_words as postgresql_words
from migrate_guard.dialects.sqlite.reserved import reserved_words as sqlite_words
from tests.servers import mariadb, postgresql

SQLITE_KEYWORDS = """
    abort action add after all alter always analyze and as asc attach autoincrement before begin between by cascade case
    cast check collate column commit conflict constraint create cross current current_date current_time
    current_timestamp database default deferrable deferred delete desc detach distinct do drop each else end escape
    except exclude exclusive exists explain fail filter first following for foreign from full generated glob group
    groups having if ignore immediate in index indexed initially inner insert instead intersect into is isnull join key
    last left like limit match materialized natural no not nothing notnull null nulls of offset on or order others outer
    over partition plan pragma preceding primary query raise range recursive references regexp reindex release rename
    replace restrict returning right rollback row rows savepoint select set table temp temporary then ties to
    transaction trigger unbounded union unique update using vacuum values view virtual when where window with without
"""
"""What sqlite.org/lang_keywords.html lists."""


def test_sqlite_list_is_what_the_running_sqlite_needs_quoted() -> None:
    keywords = SQLITE_KEYWORDS.split()
    refused = {word for word in keywords if not _sqlite_takes(word)}
    assert len(keywords) == 147
    assert refused == sqlite_words(sqlite3.sqlite_version_info)


def test_postgresql_list_is_the_server_s_own(tmp_path: Path) -> None:
    with postgresql(tmp_path) as server, server.connect() as connection:
        rows = connection.execute("SELECT word FROM pg_get_keywords() WHERE catcode IN ('R', 'T')").fetchall()
        assert {word for (word,) in rows} == postgresql_words(server.version)


def test_mariadb_list_is_what_the_server_needs_quoted(tmp_path: Path) -> None:
    with mariadb(tmp_path) as server, closing(server.connect()) as connection, connection.cursor() as cursor:
        expected = mysql_words("mariadb", server.version)
        candidates = _mariadb_keywords(cursor) | mysql_words("mysql", ()) | expected
        refused = {word for word in candidates if not _mariadb_takes(cursor, word)}
        assert refused == expected


def test_mysql_list_is_sqlglot_s() -> None:
    """No MySQL server is at hand; sqlglot copied the manual of 8.0 on its own, but for the remark about _FILENAME."""
    copied = {word.lower() for word in MySQL.Generator.RESERVED_KEYWORDS}
    assert mysql_words("mysql", (8, 0)) - {"_filename"} == copied


@pytest.mark.parametrize(
    ("word", "last_without", "first_with"),
    [
        ("row", (5, 7, 44), (8, 0, 11)),
        ("lateral", (8, 0, 13), (8, 0, 14)),
        ("intersect", (8, 0, 30), (8, 0, 31)),
        ("qualify", (8, 3, 0), (8, 4, 0)),
        ("library", (9, 1, 0), (9, 2, 0)),
    ],
)
def test_mysql_words_come(word: str, last_without: tuple[int, ...], first_with: tuple[int, ...]) -> None:
    assert word not in mysql_words("mysql", last_without)
    assert word in mysql_words("mysql", first_with)


@pytest.mark.parametrize(
    ("word", "last_with", "first_without"),
    [("admin", (8, 0, 11), (8, 0, 12)), ("array", (8, 0, 18), (8, 0, 19)), ("master_bind", (8, 3, 0), (8, 4, 0))],
)
def test_mysql_words_go(word: str, last_with: tuple[int, ...], first_without: tuple[int, ...]) -> None:
    assert word in mysql_words("mysql", last_with)
    assert word not in mysql_words("mysql", first_without)


def test_a_shortened_version_is_the_newest_it_covers() -> None:
    assert mysql_words("mysql", (8, 0)) == mysql_words("mysql", (8, 0, 44))
    assert mysql_words("mysql", (8,)) == mysql_words("mysql", (8, 4, 8))
    assert mysql_words("mysql", ()) == mysql_words("mysql", (9, 5, 0))
    assert postgresql_words(()) == postgresql_words((18,)) == postgresql_words((16, 14)) != postgresql_words((15, 18))
    assert sqlite_words((3,)) == sqlite_words((3, 35, 0)) != sqlite_words((3, 33, 0))


def _sqlite_takes(word: str) -> bool:
    return all(
        _sqlite_answers(statements) == expected
        for statements, expected in [
            ([f"CREATE TABLE t (a, {word} INTEGER)", "SELECT name FROM pragma_table_info('t')"], [("a",), (word,)]),
            ([f"CREATE TABLE {word} (x)", "SELECT name FROM sqlite_master"], [(word,)]),
            ([f'CREATE TABLE t ("{word}")', "INSERT INTO t VALUES (7)", f"SELECT {word} FROM t"], [(7,)]),
        ]
    )


def _sqlite_answers(statements: Iterable[str]) -> list[tuple[object, ...]] | None:
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            return [connection.execute(statement).fetchall() for statement in statements][-1]
        except sqlite3.Error:
            return None


def _mariadb_keywords(cursor: Cursor) -> set[str]:
    cursor.execute(
        "SELECT lower(word) FROM information_schema.keywords WHERE word RLIKE '^[A-Z]'"
        " UNION SELECT lower(function) FROM information_schema.sql_functions"
    )
    return {word for (word,) in cursor.fetchall()}


def _mariadb_takes(cursor: Cursor, word: str) -> bool:
    return all(
        _mariadb_answers(cursor, statements) == expected
        for statements, expected in [
            ([f"CREATE TABLE t (a INTEGER, {word} INTEGER)", "SHOW COLUMNS FROM t LIKE '_%'"], ["a", word]),
            ([f"CREATE TABLE {word} (x INTEGER)", "SHOW TABLES"], [word]),
            ([f"CREATE TABLE t (`{word}` INTEGER)", "INSERT INTO t VALUES (7)", f"SELECT 0 + {word} FROM t"], [7]),
        ]
    )


def _mariadb_answers(cursor: Cursor, statements: Iterable[str]) -> list[object] | None:
    """Return the first column of the last answer, in a database that is empty at the start."""
    for statement in ("CREATE OR REPLACE DATABASE proof", "USE proof", "SET default_storage_engine = MEMORY"):
        cursor.execute(statement)
    try:
        for statement in statements:
            cursor.execute(statement)
    except pymysql.Error:
        return None
    return [row[0] for row in cursor.fetchall()]
