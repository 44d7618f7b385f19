"""What is asked anew of a catalogue, and what is known of it, are together what the whole of it is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
import sqlalchemy as sa

from migrate_guard.probes.worker.catalog.postgresql import entries
from migrate_guard.probes.worker.catalog.postgresql_queries import ask, others, relations
from tests.probes.test_catalog_postgresql import BASE, CHANGES
from tests.servers import PostgresServer, postgresql

MORE = """
CREATE TABLE parents (id int PRIMARY KEY, a int, b int, CHECK (a < b));
CREATE TABLE children (id int, parent int REFERENCES parents, CONSTRAINT other FOREIGN KEY (parent) REFERENCES parents);
CREATE SEQUENCE counter;
ALTER TABLE children ALTER id SET DEFAULT nextval('counter');
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE DOMAIN natural_number AS int CHECK (value > 0);
CREATE TABLE stated (s state DEFAULT 'open', p natural_number, whole parents);
CREATE VIEW both_of AS SELECT * FROM parents JOIN children USING (id);
CREATE VIEW over AS SELECT a AS c FROM parents;
CREATE FUNCTION sum_of(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + 1';
CREATE INDEX ix_sum ON parents (sum_of(a));
CREATE POLICY seen ON parents USING (EXISTS (SELECT FROM children WHERE children.parent = parents.id));
CREATE RULE quiet AS ON DELETE TO parents DO ALSO DELETE FROM children WHERE parent = old.id;
CREATE TABLE heir () INHERITS (parents);
CREATE SCHEMA app;
CREATE TABLE app.things (id int GENERATED ALWAYS AS IDENTITY, parent int REFERENCES parents);
CREATE STATISTICS st ON a, b FROM parents;
CREATE PUBLICATION news FOR TABLE parents;
COMMENT ON CONSTRAINT other ON children IS 'one';
COMMENT ON INDEX ix_sum IS 'one';
COMMENT ON COLUMN parents.a IS 'one';
COMMENT ON TABLE parents IS 'one';
COMMENT ON SCHEMA app IS 'one';
"""

STEPS = [
    # what others print of a relation that has another name
    "ALTER TABLE parents RENAME TO elders",
    "ALTER TABLE parents RENAME a TO z",
    "ALTER TABLE parents RENAME id TO number",
    "ALTER TABLE parents SET SCHEMA app",
    "ALTER SEQUENCE counter RENAME TO numbers_2",
    "ALTER SEQUENCE counter OWNED BY children.id",
    "ALTER SEQUENCE counter OWNED BY children.id; ALTER SEQUENCE counter OWNED BY NONE",
    "ALTER TYPE state RENAME TO condition",
    "ALTER TYPE state RENAME VALUE 'open' TO 'begun'",
    "ALTER DOMAIN natural_number RENAME TO above_zero",
    "ALTER FUNCTION sum_of RENAME TO plus_one",
    "ALTER SCHEMA app RENAME TO shop",
    "ALTER VIEW over RENAME TO under",
    "ALTER INDEX ix_sum RENAME TO ix_plus",
    "ALTER TABLE parents RENAME CONSTRAINT parents_check TO less",
    "ALTER TABLE parents RENAME a TO z; ALTER TABLE parents ADD a int",
    "ALTER TABLE parents RENAME TO x; ALTER TABLE children RENAME TO parents; ALTER TABLE x RENAME TO children",
    # what a column more does to others
    "ALTER TABLE parents ADD parent int",
    "ALTER TABLE children ADD a int",
    "ALTER TABLE parents DROP b CASCADE",
    "ALTER TABLE parents DROP a CASCADE",
    "DROP TABLE parents CASCADE",
    "DROP TABLE children CASCADE",
    "DROP SEQUENCE counter CASCADE",
    "DROP FUNCTION sum_of CASCADE",
    "DROP SCHEMA app CASCADE",
    # what goes without a word in the rows that stay
    "DROP INDEX ix_sum",
    "ALTER TABLE children DROP CONSTRAINT other",
    "DROP POLICY seen ON parents",
    "DROP RULE quiet ON parents",
    "DROP STATISTICS st",
    "ALTER TABLE heir NO INHERIT parents",
    "DROP PUBLICATION news",
    "ALTER PUBLICATION news DROP TABLE parents",
    "ALTER TABLE children ALTER id DROP DEFAULT",
    "ALTER TABLE app.things ALTER id DROP IDENTITY",
    *(f"COMMENT ON {each} IS {text}" for each in (
        "CONSTRAINT other ON children", "INDEX ix_sum", "COLUMN parents.a", "TABLE parents", "SCHEMA app",
        "SCHEMA public", "EXTENSION plpgsql", "FUNCTION one()", "VIEW over",
    ) for text in ("NULL", "'two'")),
    # what is written beside the relation's own rows
    "ALTER TABLE parents DISABLE TRIGGER ALL",
    "ALTER TABLE children DISABLE TRIGGER ALL",
    "ALTER TABLE orders SET (toast.autovacuum_enabled = off)",
    "ALTER INDEX ix_sum SET (fillfactor = 50)",
    "ALTER TABLE parents CLUSTER ON parents_pkey",
    "ALTER TABLE parents ALTER a SET STATISTICS 7",
    "ALTER STATISTICS st SET STATISTICS 7",
    "ALTER SEQUENCE counter INCREMENT BY 7",
    "GRANT SELECT ON parents TO reader",
    "GRANT SELECT (a) ON parents TO reader",
    "ALTER TABLE parents OWNER TO reader",
    "ALTER ROLE reader RENAME TO somebody; ALTER ROLE somebody RENAME TO reader",
    "SELECT nextval('counter')",
    "INSERT INTO parents VALUES (1, 1, 2); ANALYZE",
    "CREATE TABLE noise (id serial PRIMARY KEY); DROP TABLE noise",
    "DROP TABLE children CASCADE; CREATE TABLE children (id int)",
    "CREATE SCHEMA reader; CREATE TABLE reader.parents (id int)",
    "CREATE TABLE app.parents (id int)",
]  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("server")) as server:
        with server.connect() as connection:
            connection.execute("CREATE DATABASE base")
        with psycopg.connect(server.dsn, dbname="base", autocommit=True) as connection:
            connection.execute(BASE)
            connection.execute(MORE)
        yield server


@pytest.fixture
def engine(server: PostgresServer) -> Iterator[sa.Engine]:
    """An engine of one connection that stays, to a copy of the database."""
    name = f"copy_{next(_NUMBERS)}"
    with server.connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE base")
    engine = sa.create_engine(
        "postgresql+psycopg://",
        pool_size=1,
        isolation_level="AUTOCOMMIT",
        creator=lambda: psycopg.connect(server.dsn, dbname=name),
    )
    yield engine
    engine.dispose()
    with server.connect() as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


_NUMBERS = count()


@pytest.mark.parametrize("sql", [*STEPS, *(sql for sql, _ in CHANGES)])
def test_what_is_known_and_what_has_changed_are_the_whole(engine: sa.Engine, server: PostgresServer, sql: str) -> None:
    with engine.connect() as connection:
        before = entries(connection)
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        with psycopg.connect(server.dsn, dbname=name, autocommit=True) as other:
            other.execute(sql)
        now = entries(connection)
        assert now == whole(connection)
        with psycopg.connect(server.dsn, dbname=name, autocommit=True) as other:
            other.execute("CREATE TABLE afterwards (id int)")
        assert entries(connection) == whole(connection)
        assert len(before) > 70


def whole(connection: sa.Connection) -> dict[tuple[str, str, str], str]:
    assert connection.dialect.server_version_info is not None
    version = int(connection.dialect.server_version_info[0])
    return {**ask(connection, relations(version)), **ask(connection, others(version))}
