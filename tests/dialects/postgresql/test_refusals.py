"""What PostgreSQL refuses, or reads otherwise than it was meant: casts, dependants, defaults, on a running server."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

import psycopg
import pytest
from msgspec.structs import replace
from psycopg.rows import TupleRow

from migrate_guard.dialects.frozen import frozen
from migrate_guard.dialects.postgresql.casts import is_assignable
from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.history.dependents import keeps_column, users_of_column
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Expression, Schema, Type
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.sql import read_sql
from tests.servers import PostgresServer, postgresql

TYPES: Final = (
    *("smallint", "integer", "bigint", "numeric", "real", "double precision", "money", "oid"),
    *("varchar(20)", "char(20)", "text", "name", "boolean", "uuid", "bytea", "json", "jsonb", "inet", "cidr"),
    *("date", "timestamp", "timestamptz", "time", "timetz", "interval", "bit(8)", "varbit(8)", "en", "en2"),
    *("integer[]", "text[]", "bigint[]", "en[]"),
)
TABLE: Final = "CREATE TABLE t (id integer PRIMARY KEY, a varchar(10), b integer, k text)"
FUNCTION: Final = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'"
TRIGGER: Final = "CREATE TRIGGER g BEFORE UPDATE{} ON t FOR EACH ROW{} EXECUTE FUNCTION f()"
DEPENDANTS: Final = (
    "CREATE VIEW v AS SELECT id, a FROM t",
    "CREATE VIEW v AS SELECT id FROM t",
    "CREATE VIEW v AS SELECT id FROM t WHERE a = 'x'",
    "CREATE VIEW v AS SELECT * FROM t",
    "CREATE VIEW v AS SELECT count(*) AS n FROM t",
    "CREATE VIEW v AS SELECT id AS a FROM t",
    "CREATE VIEW v AS SELECT x.k, 'a' AS y FROM t x",
    "CREATE VIEW v AS SELECT x.b * 2 AS n FROM t x ORDER BY x.a",
    "CREATE VIEW v AS WITH q AS (SELECT id AS a FROM t) SELECT a FROM q",
    "CREATE MATERIALIZED VIEW v AS SELECT count(*) AS n FROM t GROUP BY a",
    "ALTER TABLE t ADD COLUMN g text GENERATED ALWAYS AS (a || 'x') STORED",
    "CREATE POLICY p ON t USING (a = 'x')",
    "CREATE POLICY p ON t USING (k = 'a')",
    f"{FUNCTION}; {TRIGGER.format(' OF a', '')}",
    f"{FUNCTION}; {TRIGGER.format(' OF b', '')}",
    f"{FUNCTION}; {TRIGGER.format('', ' WHEN (new.a IS NOT NULL)')}",
    f"{FUNCTION}; {TRIGGER.format('', '')}",
    "CREATE RULE r AS ON INSERT TO t WHERE new.a = 'x' DO ALSO SELECT 1",
    "CREATE INDEX ON t (a)",
    "ALTER TABLE t ADD CHECK (a <> k)",
    "CREATE STATISTICS s ON a, b FROM t",
)
DEFAULTS: Final = (
    *("now()", "NOW", "today", "tomorrow", "epoch", "infinity", "CURRENT_TIMESTAMP", "current_date", "2000-01-01"),
    *("clock_timestamp()", "timezone('utc', now())", "gen_random_uuid()", "now or never", "0"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("refusals")) as running:
        yield running


@pytest.fixture
def connection(server: PostgresServer) -> Iterator[psycopg.Connection[TupleRow]]:
    with server.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        yield connection


def takes(connection: psycopg.Connection[TupleRow], statement: str) -> bool:
    """Whether the server runs a statement; nothing of it stays."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.Error:
        return False
    return True


def _type(name: str) -> Type:
    found = sql_type(name, "postgresql")
    return replace(found, family="enum") if found.name.startswith("en") else found


def test_casts(connection: psycopg.Connection[TupleRow]) -> None:
    connection.execute("CREATE TYPE en AS ENUM ('a'); CREATE TYPE en2 AS ENUM ('a')")
    wrong = []
    for old in TYPES:
        connection.execute(f"DROP TABLE IF EXISTS q; CREATE TABLE q (x {old})")
        for new in TYPES:
            predicted = is_assignable(_type(old), _type(new))
            if predicted is not None and predicted != takes(connection, f"ALTER TABLE q ALTER x TYPE {new}"):
                wrong.append((old, new, predicted))
    assert not wrong


def _schema(*statements: str) -> Schema:
    target, schema = Target.default("postgresql"), Schema()
    for statement in statements:
        for operation in read_sql(statement, target, lambda start, end: Span("x.py", 1, 1, 1, 2)):
            schema = apply(schema, operation)
    return schema


@pytest.mark.parametrize("made", DEPENDANTS)
def test_dependants(made: str, connection: psycopg.Connection[TupleRow]) -> None:
    connection.execute(f"{TABLE}; {made}")
    schema, name = _schema(TABLE, made), QualifiedName("t")
    version = divmod(connection.info.server_version, 10_000)
    changed = not any(users_of_column(name, "a", schema))
    dropped = not any(keeps_column(name, "a", schema, Target("postgresql", version)))
    assert changed == takes(connection, "ALTER TABLE t ALTER a TYPE varchar(20)")
    assert dropped == takes(connection, "ALTER TABLE t DROP COLUMN a")


@pytest.mark.parametrize(
    ("said", "kind"), list(itertools.product(DEFAULTS, ("timestamptz", "date", "text", "uuid", "integer")))
)
def test_defaults(said: str, kind: str, connection: psycopg.Connection[TupleRow]) -> None:
    literal = "'" + said.replace("'", "''") + "'"
    found = frozen(Expression(literal, is_literal=True), _type(kind), Target.default("postgresql"))
    is_taken = takes(connection, f"CREATE TABLE q (x {kind} DEFAULT {literal})")
    if found is None:
        return
    if found.fate == "refuses":
        assert not is_taken
        return
    connection.execute(f"CREATE TABLE q (i integer, x {kind} DEFAULT {literal}); INSERT INTO q VALUES (1)")
    kept = connection.execute("SELECT x::text FROM q").fetchone()
    assert kept is not None
    assert (kept[0] == said) == (found.fate == "stores")
