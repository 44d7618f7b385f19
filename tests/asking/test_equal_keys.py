"""Whether equal keys of one CREATE TABLE share an index: asked of the databases."""

import sqlite3
from pathlib import Path

from migrate_guard.asking.design import merges_equal_keys
from migrate_guard.model.target import Target
from tests.servers import mariadb, needs_mariadb, needs_postgresql, postgresql

TABLE = "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER, PRIMARY KEY (a), UNIQUE (a), UNIQUE (b), UNIQUE (b))"


def test_postgresql(tmp_path: Path) -> None:
    needs_postgresql()
    with postgresql(tmp_path) as server, server.connect() as connection:
        connection.execute(TABLE)
        (indexes,) = connection.execute("SELECT count(*) FROM pg_indexes WHERE tablename = 't'").fetchone() or ()
    assert (indexes == 2) is merges_equal_keys(Target("postgresql", (15,)))
    assert indexes == 2


def test_sqlite() -> None:
    connection = sqlite3.connect(":memory:")
    # The key is no INTEGER PRIMARY KEY, which has no index at all.
    connection.execute(TABLE.replace("a INTEGER", "a TEXT"))
    indexes = connection.execute("PRAGMA index_list(t)").fetchall()
    connection.close()
    assert len(indexes) == 2
    assert merges_equal_keys(Target("sqlite", sqlite3.sqlite_version_info))


def test_mariadb(tmp_path: Path) -> None:
    needs_mariadb()
    with mariadb(tmp_path) as server, server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE d")
        cursor.execute("USE d")
        cursor.execute(TABLE)
        cursor.execute("SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_name = 't'")
        assert len(cursor.fetchall()) == 4
    assert not merges_equal_keys(Target("mariadb", server.version))
