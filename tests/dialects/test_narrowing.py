"""Values that a new type does not hold, as real databases have it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pymysql
import pytest
from psycopg.rows import TupleRow
from pymysql.cursors import Cursor

from migrate_guard.dialects.narrowing import misfit
from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.model.schema import Expression
from migrate_guard.model.target import DialectName, Target
from tests import servers

KEPT, CHANGED, REFUSED = "kept", "changed", "refused"

BOTH = [
    ("varchar(20)", "varchar(3)", "'abcdef'", REFUSED),
    ("varchar(3)", "varchar(20)", "'abc'", KEPT),
    ("text", "char(3)", "'abcdef'", REFUSED),
    ("bigint", "integer", "99999999999", REFUSED),
    ("bigint", "smallint", "-40000", REFUSED),
    ("smallint", "bigint", "7", KEPT),
    ("decimal(10,2)", "decimal(4,2)", "12345.67", REFUSED),
    ("decimal(10,2)", "decimal(10,1)", "12345.67", CHANGED),
    ("decimal(10,2)", "decimal(12,2)", "12345.67", KEPT),
    ("decimal(10,2)", "integer", "1.6", CHANGED),
    ("decimal(6,0)", "integer", "123456", KEPT),
    ("bigint", "decimal(5,0)", "99999999", REFUSED),
    ("double precision", "integer", "1.6", CHANGED),
    ("bigint", "double precision", "9007199254740993", CHANGED),
    ("integer", "double precision", "2147483647", KEPT),
    ("integer", "varchar(2)", "12345", REFUSED),
    ("integer", "varchar(11)", "-2147483648", KEPT),
]
POSTGRESQL = [
    *BOTH,
    ("timestamptz", "date", "'2024-01-01 10:11:12+00'", CHANGED),
    ("timestamp", "time", "'2024-01-01 10:11:12'", CHANGED),
    ("double precision", "real", "123456789.123", CHANGED),
    ("uuid", "varchar(20)", "'00000000-0000-0000-0000-000000000000'", REFUSED),
    ("uuid", "varchar(36)", "'00000000-0000-0000-0000-000000000000'", KEPT),
    ("varchar(5)[]", "varchar(2)[]", "'{abcd}'", REFUSED),
]
MARIADB = [
    *BOTH,
    ("longtext", "text", "repeat('x', 70000)", REFUSED),
    ("integer", "integer unsigned", "-1", REFUSED),
    ("integer unsigned", "integer", "4000000000", REFUSED),
    ("datetime", "date", "'2024-01-01 10:11:12'", CHANGED),
    ("varchar(20)", "integer", "'abc'", REFUSED),
    ("blob", "varbinary(2)", "'abc'", REFUSED),
]


@pytest.fixture(scope="module")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[TupleRow]]:
    with servers.postgresql(tmp_path_factory.mktemp("server")) as server, server.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pymysql.Connection[Cursor]]:
    with servers.mariadb(tmp_path_factory.mktemp("server")) as server, server.connect() as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE narrowing")
            cursor.execute("USE narrowing")
        yield connection


def predicted(old: str, new: str, dialect: DialectName, using: str | None = None) -> str:
    cast = Expression(using, columns=("a",)) if using else None
    found = misfit(sql_type(old, dialect), sql_type(new, dialect), cast, Target.default(dialect))
    return found.outcome if found else KEPT


@pytest.mark.parametrize(("old", "new", "value", "outcome"), POSTGRESQL)
def test_postgresql(old: str, new: str, value: str, outcome: str, postgresql: psycopg.Connection[TupleRow]) -> None:
    assert predicted(old, new, "postgresql") == outcome
    assert measured(postgresql, old, new, value) == outcome


@pytest.mark.parametrize(
    ("old", "new", "value", "outcome"),
    [
        ("varchar(20)", "varchar(3)", "'abcdef'", CHANGED),
        ("bigint", "integer", "99999999999", REFUSED),
        ("varchar(20)", "integer", "'abc'", REFUSED),
        ("varchar(20)", "uuid", "'abc'", REFUSED),
    ],
)
def test_explicit_cast(old: str, new: str, value: str, outcome: str, postgresql: psycopg.Connection[TupleRow]) -> None:
    for using in (f"a::{new}", f"CAST(a AS {new})"):
        assert predicted(old, new, "postgresql", using) == outcome
        assert measured(postgresql, old, new, value, f" USING {using}") == outcome


def measured(connection: psycopg.Connection[TupleRow], old: str, new: str, value: str, using: str = "") -> str:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS t")
        cursor.execute(f"CREATE TABLE t (a {old})".encode())
        cursor.execute(f"INSERT INTO t VALUES ({value})".encode())
        before = cursor.execute("SELECT a::text FROM t").fetchone()
        try:
            cursor.execute(f"ALTER TABLE t ALTER a TYPE {new}{using}".encode())
        except psycopg.DataError:
            return REFUSED
        after = cursor.execute("SELECT a::numeric::text FROM t" if "double" in new else "SELECT a::text FROM t")
        return KEPT if after.fetchone() == before else CHANGED


@pytest.mark.parametrize(("old", "new", "value", "outcome"), MARIADB)
def test_mariadb(old: str, new: str, value: str, outcome: str, mariadb: pymysql.Connection[Cursor]) -> None:
    assert predicted(old, new, "mariadb") == outcome
    with mariadb.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS t")
        cursor.execute(f"CREATE TABLE t (a {old})")
        cursor.execute(f"INSERT INTO t VALUES ({value})")
        cursor.execute("CREATE OR REPLACE TABLE kept AS SELECT * FROM t")
        try:
            cursor.execute(f"ALTER TABLE t MODIFY a {new}")
        except (pymysql.DataError, pymysql.OperationalError):
            assert outcome == REFUSED
            return
        cursor.execute("SELECT count(*) FROM t JOIN kept ON CAST(t.a AS CHAR) = CAST(kept.a AS CHAR)")
        same = cursor.fetchone()
        if new == "double precision":  # it is shown with an exponent
            cursor.execute("SELECT CAST(t.a AS DECIMAL(30)) = kept.a FROM t, kept")
            same = cursor.fetchone()
        assert (KEPT if same == (1,) else CHANGED) == outcome
