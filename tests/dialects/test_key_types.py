"""What foreign keys between types come to, asked of the databases themselves."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import product

import psycopg
import pymysql
import pytest
from psycopg.rows import TupleRow

from migrate_guard.dialects.key_types import Mismatch, mismatch
from migrate_guard.dialects.referable import refusal
from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.model import folding
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Schema, Table, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql import read_sql
from tests import servers

POSTGRESQL = (
    "SMALLINT", "INTEGER", "BIGINT", "NUMERIC", "NUMERIC(10,2)", "REAL", "DOUBLE PRECISION", "BOOLEAN", "TEXT",
    "VARCHAR(20)", "VARCHAR(40)", "CHAR(20)", "NAME", "UUID", "BYTEA", "DATE", "TIMESTAMP WITHOUT TIME ZONE",
    "TIMESTAMP WITH TIME ZONE", "TIME WITHOUT TIME ZONE", "TIME WITH TIME ZONE", "INTERVAL", "JSONB", "INET", "CIDR",
    "MACADDR", "MONEY", "BIT(4)", "BIT VARYING(4)", "mood", "size",
)  # fmt: skip
MARIADB = (
    "TINYINT", "SMALLINT", "MEDIUMINT", "INTEGER", "INTEGER UNSIGNED", "BIGINT", "BIGINT UNSIGNED", "DECIMAL(10,0)",
    "DECIMAL(12,2)", "FLOAT", "DOUBLE", "VARCHAR(20)", "VARCHAR(40)", "CHAR(20)", "BINARY(16)", "VARBINARY(16)", "UUID",
    "DATETIME", "TIMESTAMP", "TIME",
)  # fmt: skip
ENUMS = {name: Type(name, values=("a", "b"), family="enum") for name in ("mood", "size")}


def type_of(text: str, dialect: DialectName) -> Type:
    return ENUMS.get(text) or sql_type(text, dialect)


def said(referring: str, referred: str, dialect: DialectName) -> Mismatch | None:
    return mismatch(type_of(referring, dialect), type_of(referred, dialect), Target.default(dialect))


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[TupleRow]]:
    with servers.postgresql(tmp_path_factory.mktemp("server")) as server, server.connect() as connection:
        yield connection


def test_what_postgresql_refuses(postgresql: psycopg.Connection[TupleRow]) -> None:
    for name in ENUMS:
        postgresql.execute(f"CREATE TYPE {name} AS ENUM ('a', 'b')")
    for number, each in enumerate(POSTGRESQL):
        postgresql.execute(f"CREATE TABLE p{number} (k {each} PRIMARY KEY)")
    wrong = []
    for referring, (number, referred) in product(POSTGRESQL, enumerate(POSTGRESQL)):
        try:
            postgresql.execute(f"CREATE TABLE f (k {referring} REFERENCES p{number})")
            postgresql.execute("DROP TABLE f")
            is_refused = False
        except psycopg.errors.DatatypeMismatch:
            is_refused = True
        if (said(referring, referred, "postgresql") == "refused") != is_refused:
            wrong.append((referring, referred, is_refused))
    assert wrong == []


@pytest.mark.parametrize(
    ("referring", "referred"),
    [
        ("INTEGER", "NUMERIC"),
        ("BIGINT", "DOUBLE PRECISION"),
        ("INTEGER", "BIGINT"),
        ("BIGINT", "INTEGER"),
        ("SMALLINT", "INTEGER"),
        ("CHAR(20)", "TEXT"),
        ("TEXT", "CHAR(20)"),
        ("VARCHAR(20)", "CHAR(20)"),
        ("VARCHAR(20)", "TEXT"),
        ("TEXT", "VARCHAR(20)"),
        ("VARCHAR(20)", "VARCHAR(40)"),
        ("NAME", "TEXT"),
    ],
)
def test_what_postgresql_scans(referring: str, referred: str, postgresql: psycopg.Connection[TupleRow]) -> None:
    with postgresql.transaction(force_rollback=True):
        postgresql.execute(f"CREATE TABLE parents (k {referred} PRIMARY KEY)")
        postgresql.execute(f"CREATE TABLE children (k {referring} REFERENCES parents)")
        postgresql.execute("CREATE INDEX ON children (k)")
        is_text = type_of(referred, "postgresql").family == "text"
        value = "g::text" if is_text else "g"
        postgresql.execute(f"INSERT INTO parents SELECT {value} FROM generate_series(1, 9000) g")
        postgresql.execute(f"INSERT INTO children SELECT {value} FROM generate_series(1, 8000) g")
        postgresql.execute("ANALYZE parents, children")
        before = scans(postgresql)
        postgresql.execute(f"DELETE FROM parents WHERE k = '9000'::{referred}")
        assert (scans(postgresql) > before) == (said(referring, referred, "postgresql") == "scanned")


def scans(connection: psycopg.Connection[TupleRow]) -> int:
    """How often the children have been read from end to end, this transaction included."""
    row = connection.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'children'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_narrower_integer_overflows(postgresql: psycopg.Connection[TupleRow]) -> None:
    assert said("INTEGER", "BIGINT", "postgresql") == said("SMALLINT", "INTEGER", "postgresql") == "overflows"
    assert said("BIGINT", "INTEGER", "postgresql") is None
    with postgresql.transaction(force_rollback=True):
        postgresql.execute("CREATE TABLE wide (k BIGINT PRIMARY KEY)")
        postgresql.execute("CREATE TABLE narrow (k INTEGER REFERENCES wide)")
        postgresql.execute("INSERT INTO wide VALUES (2147483648)")
        with pytest.raises(psycopg.errors.NumericValueOutOfRange):
            postgresql.execute("INSERT INTO narrow SELECT k FROM wide")


def test_what_mariadb_refuses(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("server")
    wrong = []
    with servers.mariadb(directory) as server, closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE d CHARACTER SET utf8mb4")
        cursor.execute("USE d")
        for number, each in enumerate(MARIADB):
            cursor.execute(f"CREATE TABLE p{number} (k {each} PRIMARY KEY)")
        for referring, (number, referred) in product(MARIADB, enumerate(MARIADB)):
            is_refused = True
            with suppress(pymysql.OperationalError):
                cursor.execute(f"CREATE TABLE f (k {referring}, FOREIGN KEY (k) REFERENCES p{number} (k))")
                cursor.execute("DROP TABLE f")
                is_refused = False
            if (said(referring, referred, "mariadb") == "refused") != is_refused:
                wrong.append((referring, referred, is_refused))
        cursor.execute("CREATE TABLE parents (k VARCHAR(20) COLLATE utf8mb4_bin PRIMARY KEY)")
        child = "k VARCHAR(20) COLLATE utf8mb4_general_ci, FOREIGN KEY (k) REFERENCES parents (k)"
        with pytest.raises(pymysql.OperationalError, match="150"):
            cursor.execute(f"CREATE TABLE children ({child})")
    assert wrong == []


@pytest.mark.parametrize(
    ("referring", "referred", "outcome"),
    [
        ("VARCHAR(36)", "INTEGER", "scanned"),
        ("INTEGER", "TEXT", "scanned"),
        ("INTEGER", "BIGINT", None),
        ("VARCHAR(36)", "TEXT", None),
    ],
)
def test_what_sqlite_scans(referring: str, referred: str, outcome: Mismatch | None) -> None:
    assert said(referring, referred, "sqlite") == outcome
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"CREATE TABLE parents (k {referred} PRIMARY KEY)")
        connection.execute(f"CREATE TABLE children (k {referring} REFERENCES parents (k), other INTEGER)")
        connection.execute("CREATE INDEX ix ON children (k)")
        queries = ("SELECT * FROM parents p JOIN children c ON p.k = c.k WHERE c.other = 1", "DELETE FROM parents")
        plans = [str(connection.execute(f"EXPLAIN QUERY PLAN {each}").fetchall()) for each in queries]
    assert (
        "SCAN p" in plans[0] or ("SCAN c" in plans[0] and "SEARCH p" not in plans[0]) or "SCAN children" in plans[1]
    ) == (outcome is not None)


def test_unknown_types_say_nothing() -> None:
    assert said("INTEGER[]", "BIGINT[]", "postgresql") is None
    assert said("public.money_amount", "BIGINT", "postgresql") is None
    assert said("YEAR", "BIGINT", "mariadb") is None


# What a key can refer to.

KEYS = {
    "": "refused",
    "CREATE UNIQUE INDEX u ON r (k)": None,
    "CREATE UNIQUE INDEX u ON r (k) WHERE k > 0": "refused",
    "CREATE UNIQUE INDEX u ON r ((k + 0))": "refused",
    "CREATE UNIQUE INDEX u ON r (k, b)": "refused",
    "CREATE UNIQUE INDEX u ON r (k) INCLUDE (b)": None,
    "CREATE UNIQUE INDEX u ON r (k) NULLS NOT DISTINCT": None,
    "CREATE INDEX u ON r (k)": "refused",
    "ALTER TABLE r ADD CONSTRAINT u UNIQUE (k)": None,
    "ALTER TABLE r ADD CONSTRAINT u UNIQUE (k) DEFERRABLE": "refused",
    "ALTER TABLE r ADD CONSTRAINT u PRIMARY KEY (k)": None,
}


def referred(dialect: DialectName, *statements: str) -> Table:
    schema = Schema.of_empty_database()
    for text in ("CREATE TABLE r (k INTEGER NOT NULL, b INTEGER NOT NULL)", *statements):
        for operation in read_sql(text, Target.default(dialect), lambda _start, _end: Span("a.py", 1, 1, 1, 2)):
            schema = folding.apply(schema, operation)
    return schema.tables[QualifiedName("r")]


@pytest.mark.parametrize(("key", "outcome"), KEYS.items())
def test_what_postgresql_lets_a_key_refer_to(
    key: str, outcome: str | None, postgresql: psycopg.Connection[TupleRow]
) -> None:
    found = refusal(referred("postgresql", *([key] if key else [])), ("k",), Target.default("postgresql"))
    assert (found.outcome if found else None) == outcome
    with postgresql.transaction(force_rollback=True):
        postgresql.execute("CREATE TABLE r (k INTEGER NOT NULL, b INTEGER NOT NULL)")
        if key:
            postgresql.execute(key)
        is_refused = False
        try:
            postgresql.execute("CREATE TABLE f (k INTEGER REFERENCES r (k))")
        except (psycopg.errors.InvalidForeignKey, psycopg.errors.ObjectNotInPrerequisiteState):
            is_refused = True
        assert is_refused == (outcome is not None)


def test_order_of_columns_does_not_count(postgresql: psycopg.Connection[TupleRow]) -> None:
    key = "CREATE UNIQUE INDEX u ON r (b, k)"
    assert refusal(referred("postgresql", key), ("k", "b"), Target.default("postgresql")) is None
    with postgresql.transaction(force_rollback=True):
        postgresql.execute("CREATE TABLE r (k INTEGER, b INTEGER)")
        postgresql.execute(key)
        postgresql.execute("CREATE TABLE f (k INTEGER, b INTEGER, FOREIGN KEY (k, b) REFERENCES r (k, b))")


@pytest.mark.parametrize(
    ("target", "key", "outcome"),
    [
        (Target("mysql", (8, 0)), "CREATE INDEX u ON r (k, b)", "ambiguous"),
        (Target("mysql", (8, 0)), "CREATE INDEX u ON r (b, k)", "refused"),
        (Target("mysql", (8, 4)), "CREATE INDEX u ON r (k)", "refused"),
        (Target("mariadb", (10, 11)), "CREATE INDEX u ON r (k)", "ambiguous"),
        (Target("mariadb", (10, 11)), "CREATE UNIQUE INDEX u ON r (k)", None),
        (Target("sqlite", (3, 40)), "CREATE INDEX u ON r (k)", "fails"),
        (Target("sqlite", (3, 40)), "CREATE UNIQUE INDEX u ON r (k)", None),
    ],
)
def test_what_others_let_a_key_refer_to(target: Target, key: str, outcome: str | None) -> None:
    found = refusal(referred(target.dialect, key), ("k",), target)
    assert (found.outcome if found else None) == outcome
