"""How MariaDB alters tables, as predicted and as a server says by what it refuses; and what MySQL's manual says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pymysql
import pytest
from pymysql.cursors import Cursor

from migrate_guard.dialects.effects import effect
from migrate_guard.model.effects import Algorithm, Effects, together
from migrate_guard.model.folding import apply
from migrate_guard.model.locks import OnlineLock
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.sql import read_sql
from tests import servers
from tests.dialects.mysql.forms import FORMS, TABLES, UNCHECKED

HERE = Span("s.sql", 1, 1, 1, 1)


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cursor]:
    with (
        servers.mariadb(tmp_path_factory.mktemp("mariadb")) as server,
        server.connect() as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CREATE DATABASE forms CHARACTER SET utf8mb4")
        cursor.execute("USE forms")
        yield cursor


@cache
def before(target: Target) -> Schema:
    schema = Schema.of_empty_database()
    for operation in read_sql(TABLES, target, lambda _start, _end: HERE):
        schema = apply(schema, operation)
    return schema


def predicted(sql: str, target: Target, *, checks_foreign_keys: bool = True) -> Effects:
    statement = read_sql(sql, target, lambda _start, _end: HERE)
    schema = before(target)
    return together(
        effect(each, statement, schema, target, checks_foreign_keys=checks_foreign_keys) for each in statement
    )


def told(effects: Effects) -> str:
    """The algorithm and the lock, as "INPLACE NONE"."""
    lock = max(effects.locks.values(), default=OnlineLock.NONE)
    return f"{max(effects.algorithms.values()).name} {lock.name}"


def asked(sql: str, cursor: Cursor, before_it: str = "DO 1") -> str:
    """The best algorithm that the server takes for a statement, and the weakest lock with it."""
    refused = "nothing"
    for algorithm in Algorithm:
        for lock in OnlineLock:
            _make_tables(sql, cursor)
            cursor.execute(before_it)
            try:
                cursor.execute(_with(sql, f"ALGORITHM={algorithm.name}", f"LOCK={lock.name}"))
            except pymysql.Error as error:
                refused = str(error)
            else:
                return f"{algorithm.name} {lock.name}"
    return f"refused: {refused}"


def _with(sql: str, *clauses: str) -> str:
    return " ".join([sql, *clauses]) if sql.startswith("CREATE") else ", ".join([sql, *clauses])


def _make_tables(sql: str, cursor: Cursor) -> None:
    """The table of a statement anew, and the one that foreign keys refer to."""
    cursor.execute("SET foreign_key_checks = 0")
    name = sql.split()[2] if sql.startswith("ALTER") else sql.partition(" ON ")[2].split()[0]
    cursor.execute("DROP TABLE IF EXISTS users, fk, tt")
    for statement in TABLES.strip().split(";\n"):
        if statement.startswith(("CREATE TABLE users ", f"CREATE TABLE {name} ")):
            cursor.execute(statement.replace("CREATE", "CREATE OR REPLACE", 1))
    cursor.execute("SET foreign_key_checks = 1")


@pytest.mark.parametrize("sql", FORMS.strip().splitlines())
def test_mariadb(sql: str, cursor: Cursor) -> None:
    assert told(predicted(sql, Target("mariadb", (10, 11)))) == asked(sql, cursor)


def test_foreign_key_that_nobody_checks(cursor: Cursor) -> None:
    effects = predicted(UNCHECKED, Target("mariadb", (10, 11)), checks_foreign_keys=False)
    assert told(effects) == asked(UNCHECKED, cursor, "SET foreign_key_checks = 0")


MYSQL = """
# 17.12.1, table 17.16 index operations, 17.17 primary keys
CREATE INDEX ix ON t (a)                                        | 8.0    | INPLACE NONE
ALTER TABLE t DROP INDEX ix_b                                   | 8.0    | INPLACE NONE
ALTER TABLE t RENAME INDEX ix_b TO ix_bb                        | 8.0    | INPLACE NONE
CREATE FULLTEXT INDEX ix ON t (f)                               | 8.0    | INPLACE SHARED
CREATE SPATIAL INDEX ix ON t (pt)                               | 8.0    | INPLACE SHARED
ALTER TABLE nopk ADD PRIMARY KEY (id)                           | 8.0    | INPLACE NONE
ALTER TABLE pk DROP PRIMARY KEY                                 | 8.0    | COPY SHARED
ALTER TABLE pk DROP PRIMARY KEY, ADD PRIMARY KEY (b)            | 8.0    | INPLACE NONE
# table 17.18 columns; INSTANT for DROP since 8.0.29, for RENAME since 8.0.28
ALTER TABLE t ADD COLUMN z INT                                  | 8.0.27 | INSTANT NONE
ALTER TABLE ft ADD COLUMN z INT                                 | 8.4    | COPY SHARED
ALTER TABLE t ADD COLUMN z INT AUTO_INCREMENT UNIQUE            | 8.4    | INPLACE SHARED
ALTER TABLE t DROP COLUMN a                                     | 8.0    | INSTANT NONE
ALTER TABLE t DROP COLUMN a                                     | 8.0.29 | INSTANT NONE
ALTER TABLE t DROP COLUMN a                                     | 8.0.28 | INPLACE NONE
ALTER TABLE t RENAME COLUMN a TO aa                             | 8.0.28 | INSTANT NONE
ALTER TABLE t RENAME COLUMN a TO aa                             | 8.0.27 | INPLACE NONE
ALTER TABLE t ALTER COLUMN c SET DEFAULT 'y'                    | 8.0    | INSTANT NONE
ALTER TABLE t ALTER COLUMN c DROP DEFAULT                       | 8.0    | INSTANT NONE
ALTER TABLE t MODIFY b BIGINT NULL                              | 8.4    | COPY SHARED
ALTER TABLE t MODIFY a VARCHAR(63) NULL                         | 8.4    | INPLACE NONE
ALTER TABLE t MODIFY a VARCHAR(64) NULL                         | 8.4    | COPY SHARED
ALTER TABLE t MODIFY big VARCHAR(400) NULL                      | 8.4    | INPLACE NONE
ALTER TABLE t MODIFY a VARCHAR(10) NULL                         | 8.4    | COPY SHARED
ALTER TABLE nn MODIFY b INT NULL                                | 8.4    | INPLACE NONE
ALTER TABLE t MODIFY b INT NOT NULL                             | 8.4    | INPLACE NONE
ALTER TABLE t MODIFY e ENUM('a','b','c') NULL                   | 8.4    | INSTANT NONE
ALTER TABLE t MODIFY e ENUM('b','a') NULL                       | 8.4    | COPY SHARED
# table 17.19 generated columns
ALTER TABLE t ADD COLUMN z INT AS (b+2) STORED                  | 8.4    | COPY SHARED
ALTER TABLE t ADD COLUMN z INT AS (b+2) VIRTUAL                 | 8.4    | INSTANT NONE
ALTER TABLE st DROP COLUMN s                                    | 8.4    | INPLACE NONE
ALTER TABLE vc DROP COLUMN v                                    | 8.4    | INSTANT NONE
# table 17.20 foreign keys; bug 117450 of CHECK
ALTER TABLE t ADD FOREIGN KEY (u) REFERENCES users (id)         | 8.4    | COPY SHARED
ALTER TABLE fk DROP FOREIGN KEY f1                              | 8.4    | INPLACE NONE
ALTER TABLE t ADD COLUMN z INT CHECK (z > 0)                    | 8.4    | COPY SHARED
# table 17.21 tables
ALTER TABLE t CONVERT TO CHARACTER SET utf8mb4                  | 8.4    | COPY SHARED
ALTER TABLE t ENGINE=InnoDB                                     | 8.4    | INPLACE NONE
ALTER TABLE t ROW_FORMAT=COMPRESSED                             | 8.4    | INPLACE NONE
"""
ROWS = [line.rsplit("|", 2) for line in MYSQL.strip().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(("sql", "version", "expected"), [tuple(map(str.strip, each)) for each in ROWS])
def test_mysql(sql: str, version: str, expected: str) -> None:
    assert told(predicted(sql, Target("mysql", tuple(map(int, version.split(".")))))) == expected


ALTER = "ALTER TABLE t MODIFY b BIGINT NULL"


def test_copy_that_blocks_nobody_since_mariadb_11_2() -> None:
    """MariaDB documentation, "Online Schema Change"; those of a table whose foreign keys cascade: MDEV-29068."""
    since = Target("mariadb", (11, 4))
    assert told(predicted(ALTER, since)) == "COPY NONE"
    assert told(predicted("ALTER TABLE fk MODIFY o BIGINT NULL", since)) == "COPY SHARED"


def test_what_the_statement_asks_for() -> None:
    target = Target("mariadb", (10, 11))
    assert not predicted(f"{ALTER}, ALGORITHM=COPY, LOCK=SHARED", target).blocks_reads.is_possible
    assert predicted(f"{ALTER}, LOCK=EXCLUSIVE", target).blocks_reads.is_yes
    refused = predicted(f"{ALTER}, LOCK=NONE", target)
    assert not refused.blocks_writes.is_possible
    assert refused.why == ("it is refused: at best the table is altered with ALGORITHM=COPY and LOCK=SHARED",)
    assert predicted("ALTER TABLE t ADD COLUMN z INT, ALGORITHM=COPY", target).blocks_writes.is_yes
