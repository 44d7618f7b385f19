"""Each kind of object of PostgreSQL is in the catalogue, exactly, once, and the same however it was reached."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
import sqlalchemy as sa

from migrate_guard.probes.worker import catalog
from migrate_guard.probes.worker.catalog.postgresql_queries import changes, others, relations
from tests.servers import PostgresServer, postgresql

BASE = """
CREATE TABLE orders (id serial PRIMARY KEY, total numeric(12,2) NOT NULL DEFAULT 0, note text);
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
CREATE TYPE status AS ENUM ('open', 'closed');
CREATE DOMAIN positive AS int CONSTRAINT above CHECK (value > 0);
CREATE SEQUENCE numbers;
CREATE VIEW cheap AS SELECT id FROM orders;
CREATE ROLE reader;
CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION on_row() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TRIGGER stamp BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION on_row();
CREATE TABLE days (day date NOT NULL, note text) PARTITION BY RANGE (day);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX ix_note ON orders (note);
ALTER TABLE orders ADD CONSTRAINT mine FOREIGN KEY (id) REFERENCES orders;
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    with postgresql(tmp_path_factory.mktemp("server")) as server:
        yield from _engine(server)


def _engine(server: PostgresServer) -> Iterator[sa.Engine]:
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(server.dsn))
    try:
        yield engine
    finally:
        engine.dispose()


@pytest.fixture
def connection(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection whose transaction is rolled back, on the objects of BASE."""
    with engine.connect() as connection:
        connection.exec_driver_sql(BASE)
        yield connection
        connection.rollback()


def changed(connection: sa.Connection, sql: str) -> list[tuple[str, ...]]:
    """What a script changes, as (sign, kind, owner, part, definition …) of the part that is there."""
    before = catalog.snapshot(connection, "alembic_version")
    connection.exec_driver_sql(sql)
    found: list[tuple[str, ...]] = []
    for kind, owner, part, was, now in catalog.differences(before, catalog.snapshot(connection, "alembic_version")):
        if was is None:
            found.append(("+", kind, owner, part, now or ""))
        elif now is None:
            found.append(("-", kind, owner, part))
        else:
            then, later = was.split("\n"), now.split("\n")
            lines = [f"-{each}" for each in then if each not in later]
            lines += [f"+{each}" for each in later if each not in then]
            found.append(("~", kind, owner, part, "\n".join(lines)))
    return found


TABLE, TOTAL = ("~", "table", "orders", ""), ("~", "column", "orders", "total")
NOTE = ("~", "column", "orders", "note")

CHANGES: list[tuple[str, list[tuple[str, ...]]]] = [
    # tables
    ("CREATE TABLE t (id serial PRIMARY KEY, note text UNIQUE)", [("+", "table", "t", "", "TABLE")]),
    ("CREATE UNLOGGED TABLE t (id int GENERATED ALWAYS AS IDENTITY)", [("+", "table", "t", "", "UNLOGGED\nTABLE")]),
    ("DROP TABLE orders CASCADE", [("-", "table", "orders", ""), ("-", "view", "cheap", "")]),
    ("DROP TABLE days", [("-", "table", "days", "")]),
    (
        "DROP VIEW cheap; ALTER TABLE orders RENAME TO old",
        [("+", "table", "old", "", "TABLE"), ("-", "table", "orders", ""), ("-", "view", "cheap", "")],
    ),
    ("ALTER TABLE orders ENABLE ROW LEVEL SECURITY", [(*TABLE, "+ROW LEVEL SECURITY")]),
    ("ALTER TABLE orders FORCE ROW LEVEL SECURITY", [(*TABLE, "+FORCE ROW LEVEL SECURITY")]),
    ("ALTER TABLE orders SET (fillfactor = 70)", [(*TABLE, "+WITH (fillfactor=70)")]),
    (
        "ALTER TABLE orders SET (toast.autovacuum_enabled = off)",
        [(*TABLE, "+WITH (toast.autovacuum_enabled=off)")],
    ),
    ("ALTER TABLE orders REPLICA IDENTITY FULL", [(*TABLE, "+REPLICA IDENTITY FULL")]),
    ("ALTER TABLE orders SET UNLOGGED", [(*TABLE, "+UNLOGGED")]),
    ("CREATE TABLE t () INHERITS (orders)", [("+", "table", "t", "", "TABLE\nINHERITS orders")]),
    (
        "CREATE TABLE t PARTITION OF days DEFAULT",
        [("+", "table", "t", "", "TABLE\nPARTITION OF days\nDEFAULT")],
    ),
    (
        "ALTER TABLE days DETACH PARTITION days_1",
        [("~", "table", "days_1", "", "-PARTITION OF days\n-FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")],
    ),
    ("CREATE TYPE c AS (a int); CREATE TABLE t OF c; DROP TABLE t", [("+", "composite type", "c", "", "a integer")]),
    # columns
    ("ALTER TABLE orders ALTER total TYPE numeric(10,2)", [(*TOTAL, "-numeric(12,2)\n+numeric(10,2)")]),
    ("ALTER TABLE orders ALTER total DROP NOT NULL", [(*TOTAL, "-NOT NULL")]),
    ("ALTER TABLE orders ALTER total DROP DEFAULT", [(*TOTAL, "-DEFAULT 0")]),
    ("ALTER TABLE orders ADD t timestamp(3)", [("+", "column", "orders", "t", "timestamp(3) without time zone")]),
    (
        "ALTER TABLE orders ADD g int GENERATED ALWAYS AS (id + 1) STORED",
        [("+", "column", "orders", "g", "integer\nGENERATED ALWAYS AS ((id + 1)) STORED")],
    ),
    (
        "ALTER TABLE orders ADD i int GENERATED BY DEFAULT AS IDENTITY",
        [("+", "column", "orders", "i", "integer\nNOT NULL\nGENERATED BY DEFAULT AS IDENTITY")],
    ),
    ("ALTER TABLE orders DROP note", [("-", "column", "orders", "note"), ("-", "index", "orders", "ix_note")]),
    ('ALTER TABLE orders ALTER note TYPE text COLLATE "C"', [(*NOTE, '+COLLATE "C"')]),
    ("ALTER TABLE orders ALTER note SET STORAGE external", [(*NOTE, "+STORAGE EXTERNAL")]),
    ("ALTER TABLE orders ALTER note SET STATISTICS 500", [(*NOTE, "+STATISTICS 500")]),
    ("ALTER TABLE orders ALTER note SET (n_distinct = 5)", [(*NOTE, "+OPTIONS (n_distinct=5)")]),
    ("ALTER TABLE days ADD hour int", [("+", "column", "days", "hour", "integer")]),
    # constraints
    (
        "ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 1) NOT VALID",
        [("+", "constraint", "orders", "c", "CHECK ((total > (1)::numeric)) NOT VALID")],
    ),
    (
        "ALTER TABLE orders ADD CONSTRAINT c UNIQUE (note) WITH (fillfactor = 50) DEFERRABLE",
        [("+", "constraint", "orders", "c", "UNIQUE (note) DEFERRABLE\nWITH (fillfactor=50)")],
    ),
    (
        (
            "ALTER TABLE orders DROP CONSTRAINT mine; ALTER TABLE orders ADD CONSTRAINT mine FOREIGN KEY (id) "
            "REFERENCES orders ON DELETE CASCADE"
        ),
        [
            (
                "~",
                "constraint",
                "orders",
                "mine",
                "-FOREIGN KEY (id) REFERENCES orders(id)\n+FOREIGN KEY (id) REFERENCES orders(id) ON DELETE CASCADE",
            )
        ],
    ),
    (
        "ALTER TABLE days ADD CONSTRAINT c CHECK (note <> '')",
        [("+", "constraint", "days", "c", "CHECK ((note <> ''::text))")],
    ),
    ("ALTER DOMAIN positive DROP CONSTRAINT above", [("-", "domain constraint", "positive", "above")]),
    (
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        [("~", "constraint", "orders", "mine", "+DISABLED"), ("~", "trigger", "orders", "stamp", "+DISABLED")],
    ),
    # indexes
    (
        "CREATE UNIQUE INDEX i ON orders (lower(note) DESC) INCLUDE (id) WHERE total > 0",
        [("+", "index", "orders", "i", "UNIQUE\nbtree (lower(note) DESC) INCLUDE (id) WHERE (total > (0)::numeric)")],
    ),
    (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_note'::regclass",
        [("~", "index", "orders", "ix_note", "+INVALID")],
    ),
    ("CLUSTER orders USING ix_note", [("~", "index", "orders", "ix_note", "+CLUSTERED")]),
    ("CREATE INDEX i ON days (note)", [("+", "index", "days", "i", "btree (note)")]),
    ("DROP INDEX ix_note", [("-", "index", "orders", "ix_note")]),
    # types
    (
        "ALTER TYPE status ADD VALUE 'new' BEFORE 'open'",
        [("~", "enum", "status", "", "-'open', 'closed'\n+'new', 'open', 'closed'")],
    ),
    ("DROP TYPE status", [("-", "enum", "status", "")]),
    ("ALTER DOMAIN positive SET NOT NULL", [("~", "domain", "positive", "", "+NOT NULL")]),
    ("DROP DOMAIN positive", [("-", "domain", "positive", "")]),
    ("CREATE TYPE c AS (a int, b text)", [("+", "composite type", "c", "", "a integer, b text")]),
    ("CREATE TYPE r AS RANGE (SUBTYPE = float8)", [("+", "range type", "r", "", "SUBTYPE double precision")]),
    # sequences
    (
        "ALTER SEQUENCE numbers CYCLE INCREMENT 2",
        [("~", "sequence", "numbers", "", "-INCREMENT BY 1\n+INCREMENT BY 2\n+CYCLE")],
    ),
    ("ALTER SEQUENCE numbers OWNED BY orders.note", [("~", "sequence", "numbers", "", "+OWNED BY orders.note")]),
    ("SELECT nextval('numbers')", []),
    # views and programs
    (
        "CREATE OR REPLACE VIEW cheap AS SELECT id FROM orders WHERE total < 1",
        [("~", "view", "cheap", "", "-   FROM orders;\n+   FROM orders\n+  WHERE (orders.total < (1)::numeric);")],
    ),
    ("ALTER VIEW cheap SET (security_barrier)", [("~", "view", "cheap", "", "+WITH (security_barrier=true)")]),
    (
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one; CREATE INDEX i ON m (one)",
        [("+", "materialized view", "m", "", "AS SELECT 1 AS one;")],
    ),
    (
        "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        [("~", "function", "one()", "", "-AS $function$SELECT 1$function$\n+AS $function$SELECT 2$function$")],
    ),
    ("DROP FUNCTION one()", [("-", "function", "one()", "")]),
    (
        "CREATE AGGREGATE a (int) (SFUNC = int4pl, STYPE = int)",
        [("+", "aggregate", "a(integer)", "", "RETURNS integer\nSFUNC int4pl\nSTYPE integer\nKIND n")],
    ),
    ("ALTER TABLE orders DISABLE TRIGGER stamp", [("~", "trigger", "orders", "stamp", "+DISABLED")]),
    ("DROP TRIGGER stamp ON orders", [("-", "trigger", "orders", "stamp")]),
    (
        "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION on_event()",
        [("+", "event trigger", "e", "", "ON ddl_command_end\nEXECUTE FUNCTION on_event()")],
    ),
    (
        "CREATE TRIGGER d AFTER INSERT ON days FOR EACH ROW EXECUTE FUNCTION on_row()",
        [
            (
                "+",
                "trigger",
                "days",
                "d",
                "CREATE TRIGGER d AFTER INSERT ON public.days FOR EACH ROW EXECUTE FUNCTION on_row()",
            )
        ],
    ),
    (
        "CREATE RULE r AS ON DELETE TO orders DO INSTEAD NOTHING",
        [("+", "rule", "orders", "r", "CREATE RULE r AS\n    ON DELETE TO public.orders DO INSTEAD NOTHING;")],
    ),
    (
        "CREATE POLICY p ON orders FOR SELECT TO reader USING (id > 0)",
        [("+", "policy", "orders", "p", "FOR SELECT\nTO reader\nUSING ((id > 0))")],
    ),
    # the rest
    (
        "CREATE SCHEMA s; CREATE TABLE s.t (id int)",
        [("+", "schema", "s", "", "SCHEMA"), ("+", "table", "s.t", "", "TABLE")],
    ),
    (
        "DROP EXTENSION plpgsql CASCADE",
        [
            ("-", "extension", "plpgsql", ""),
            ("-", "function", "on_event()", ""),
            ("-", "function", "on_row()", ""),
            ("-", "trigger", "orders", "stamp"),
        ],
    ),
    ("COMMENT ON TABLE orders IS 'x'", [("+", "table comment", "orders", "", "x")]),
    ("COMMENT ON COLUMN orders.note IS 'x'", [("+", "column comment", "orders", "note", "x")]),
    ("COMMENT ON INDEX ix_note IS 'x'", [("+", "index comment", "orders", "ix_note", "x")]),
    ("COMMENT ON CONSTRAINT mine ON orders IS 'x'", [("+", "constraint comment", "orders", "mine", "x")]),
    ("COMMENT ON TYPE status IS 'x'", [("+", "enum comment", "status", "", "x")]),
    ("GRANT SELECT ON orders TO reader", [("+", "table privileges", "orders", "", "GRANT SELECT TO reader")]),
    ("GRANT SELECT ON orders TO reader; REVOKE SELECT ON orders FROM reader", []),
    (
        "REVOKE DELETE ON orders FROM CURRENT_USER",
        [("+", "table privileges", "orders", "", "REVOKE DELETE FROM postgres")],
    ),
    (
        "GRANT UPDATE (note) ON orders TO reader WITH GRANT OPTION",
        [("+", "column privileges", "orders", "note", "GRANT UPDATE TO reader WITH GRANT OPTION")],
    ),
    (
        "REVOKE EXECUTE ON FUNCTION one() FROM PUBLIC",
        [("+", "function privileges", "one()", "", "REVOKE EXECUTE FROM PUBLIC")],
    ),
    ("GRANT USAGE ON SCHEMA public TO reader", [("~", "schema privileges", "public", "", "+GRANT USAGE TO reader")]),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reader",
        [("+", "default privileges", "public", "tables of postgres", "GRANT SELECT TO reader")],
    ),
    ("ALTER TABLE days OWNER TO reader", [("+", "table owner", "days", "", "reader")]),
    (
        "CREATE STATISTICS s ON id, total FROM orders",
        [("+", "statistics", "orders", "s", "CREATE STATISTICS public.s ON id, total FROM orders")],
    ),
    (
        "CREATE PUBLICATION p FOR TABLE orders WITH (publish = 'insert')",
        [("+", "publication", "p", "", "TABLE orders\nPUBLISH insert")],
    ),
    (
        """CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'x');
        CREATE FOREIGN TABLE t (id int) SERVER s""",
        [
            ("+", "foreign server", "s", "", "FOREIGN DATA WRAPPER w\nOPTIONS (host=x)"),
            ("+", "foreign table", "t", "", "SERVER s"),
            ("+", "foreign-data wrapper", "w", "", ""),
        ],
    ),
    ("CREATE COLLATION c (LOCALE = 'C')", [("+", "collation", "c", "", "PROVIDER c\nLOCALE C\nLC_CTYPE C")]),
    (
        "CREATE CAST (text AS status) WITH INOUT AS ASSIGNMENT",
        [("+", "cast", "text AS status", "", "WITH INOUT\nAS ASSIGNMENT")],
    ),
    (
        """CREATE FUNCTION eq(int, text) RETURNS bool LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR === (LEFTARG = int, RIGHTARG = text, FUNCTION = eq)""",
        [
            (
                "+",
                "function",
                "eq(integer, text)",
                "",
                (
                    "CREATE OR REPLACE FUNCTION public.eq(integer, text)\n RETURNS boolean\n LANGUAGE sql\n"
                    "AS $function$SELECT true$function$\n"
                ),
            ),
            ("+", "operator", "=== (integer, text)", "", "FUNCTION eq"),
        ],
    ),
    ("ALTER DATABASE postgres SET work_mem = '5MB'", [("+", "database", "", "", "SET work_mem=5MB")]),
]


@pytest.mark.parametrize(("sql", "expected"), CHANGES, ids=[sql[:60] for sql, _ in CHANGES])
def test_change(connection: sa.Connection, sql: str, expected: list[tuple[str, ...]]) -> None:
    assert changed(connection, sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders DROP note; ALTER TABLE orders ADD note text; CREATE INDEX ix_note ON orders (note)",
        "ALTER TABLE orders ALTER total DROP NOT NULL; ALTER TABLE orders ALTER total SET NOT NULL",
        "ALTER TABLE orders RENAME TO other; ALTER TABLE other RENAME TO orders",
        (
            "CREATE TABLE new (day date NOT NULL, note text); "
            "ALTER TABLE days DETACH PARTITION days_1; DROP TABLE days_1;"
            " ALTER TABLE new RENAME TO days_1; ALTER TABLE days ATTACH PARTITION days_1 "
            "FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
        ),
        "ALTER TYPE status RENAME TO old; CREATE TYPE status AS ENUM ('open', 'closed'); DROP TYPE old",
        (
            "ALTER TABLE orders DROP CONSTRAINT mine; ALTER TABLE orders ADD CONSTRAINT mine FOREIGN KEY (id) "
            "REFERENCES orders NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT mine"
        ),
        (
            "DROP TRIGGER stamp ON orders; CREATE TRIGGER stamp BEFORE INSERT ON orders "
            "FOR EACH ROW EXECUTE PROCEDURE on_row()"
        ),
        "CREATE OR REPLACE VIEW cheap AS SELECT orders.id FROM public.orders",
        "INSERT INTO orders (total) VALUES (1), (2); ANALYZE orders",
        "INSERT INTO alembic_version VALUES ('a'); ALTER TABLE alembic_version ADD note text",
    ],
)
def test_same_by_another_way(connection: sa.Connection, sql: str) -> None:
    assert changed(connection, sql) == []


def test_made_twice(engine: sa.Engine) -> None:
    """The same script in two databases, which differ in all object identifiers."""
    found = []
    with engine.connect() as first:
        for extra in ("", "CREATE TABLE noise (id serial PRIMARY KEY); DROP TABLE noise;"):
            first.exec_driver_sql(extra + BASE)
            found.append(catalog.snapshot(first, "public.alembic_version"))
            first.rollback()
    assert found[0] == found[1]
    assert len(found[0]) > 25


def test_version_table_in_a_schema(connection: sa.Connection) -> None:
    connection.exec_driver_sql("CREATE SCHEMA app")
    assert changed(connection, "CREATE TABLE app.alembic_version (version_num text PRIMARY KEY)") == []


@pytest.mark.parametrize("version", range(12, 19))
def test_no_traps_for_drivers(version: int) -> None:
    """Drivers take % and a colon for parameters; no place of the query is left open."""
    for query in (changes, others, relations):
        assert not {"%", ":", "?", "{", "}"} & set(query(version))
