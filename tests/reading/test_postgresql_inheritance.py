"""What partitions and heirs take over from their parents, compared with what a PostgreSQL really makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from benchmarks.comparison import Form, compare, doubts
from benchmarks.reflection import postgresql_schema
from migrate_guard.commands._schema_json import document
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import Target
from migrate_guard.rendering.ddl import ddl
from tests import servers
from tests.reading.interpreting import run

PARENT = """
    CREATE TABLE u (id int PRIMARY KEY);
    CREATE TABLE t (id serial, a int NOT NULL DEFAULT 3 CHECK (a > 0), b int REFERENCES u,
        g int GENERATED ALWAYS AS (a + 1) STORED, c text, PRIMARY KEY (id, a), UNIQUE (b, a)) PARTITION BY LIST (a);
    CREATE INDEX ix ON t (c);
"""
SNIPPETS = {
    "a partition": f"""{PARENT}
        CREATE INDEX ON t (lower(c));
        CREATE INDEX ON t ((a + 1));
        CREATE INDEX ON t (c) INCLUDE (b);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        CREATE TABLE q PARTITION OF t (c DEFAULT 'x' NOT NULL, CONSTRAINT ck CHECK (b > 1)) FOR VALUES IN (2);
        CREATE TABLE r PARTITION OF t (c WITH OPTIONS DEFAULT 'y', b UNIQUE) DEFAULT;
    """,
    "a partition of a partition": f"""{PARENT}
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (a);
        CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
        CREATE INDEX ix2 ON t (b);
        ALTER TABLE t ADD COLUMN d int DEFAULT 4 NOT NULL CHECK (d > 0);
        ALTER TABLE p1 ADD CONSTRAINT own CHECK (d < 9);
        ALTER TABLE t RENAME COLUMN d TO e;
        DROP INDEX ix;
    """,
    "names that are taken": """
        CREATE TABLE t (a int NOT NULL, b int) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
        CREATE TABLE p_b_idx (x int, CONSTRAINT p_a_key CHECK (x > 0));
        CREATE TABLE u (id int PRIMARY KEY);
        ALTER TABLE p ADD CONSTRAINT fk CHECK (b > 0);
        ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES u;
        ALTER TABLE t ADD UNIQUE (a);
        ALTER TABLE t ADD PRIMARY KEY (a);
        CREATE INDEX one ON t (b);
        CREATE INDEX two ON t (b);
        DROP INDEX one;
        CREATE UNIQUE INDEX ON t (a, b);
        CREATE INDEX alone ON ONLY t (b);
    """,
    "what a partitioned table loses": f"""{PARENT}
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        ALTER TABLE t RENAME CONSTRAINT t_a_check TO positive;
        ALTER TABLE t RENAME CONSTRAINT t_pkey TO pk;
        ALTER TABLE t RENAME CONSTRAINT t_b_fkey TO fk;
        ALTER INDEX ix RENAME TO iy;
        ALTER TABLE t DROP CONSTRAINT positive;
        ALTER TABLE t DROP CONSTRAINT pk;
        ALTER TABLE t DROP CONSTRAINT fk;
        ALTER TABLE t DROP CONSTRAINT t_b_a_key;
        DROP INDEX iy;
    """,
    "columns of a partitioned table": f"""{PARENT}
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        ALTER TABLE t DROP COLUMN b;
        ALTER TABLE t ALTER COLUMN c TYPE varchar(9), ALTER COLUMN c SET NOT NULL, ALTER COLUMN c SET DEFAULT 'x';
        ALTER TABLE p ALTER COLUMN c SET DEFAULT 'y';
        ALTER TABLE t ALTER COLUMN c DROP NOT NULL;
        ALTER TABLE p ALTER COLUMN c SET NOT NULL;
        ALTER TABLE t ADD COLUMN n serial;
        ALTER TABLE t RENAME COLUMN a TO kind;
        CREATE TABLE q PARTITION OF t DEFAULT;
    """,
    "attach and detach": """
        CREATE TABLE u (id int PRIMARY KEY);
        CREATE TABLE t (a int NOT NULL, b int REFERENCES u, CONSTRAINT ck CHECK (b > 0), PRIMARY KEY (a))
            PARTITION BY LIST (a);
        CREATE INDEX ix ON t (b);
        CREATE TABLE p (a int NOT NULL, b int, CONSTRAINT ck CHECK (b > 0), CONSTRAINT own_key PRIMARY KEY (a));
        CREATE INDEX own ON p (b);
        ALTER TABLE p ADD CONSTRAINT myfk FOREIGN KEY (b) REFERENCES u;
        ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1);
        CREATE TABLE q (a int NOT NULL, b int, CONSTRAINT ck CHECK (b > 0));
        ALTER TABLE t ATTACH PARTITION q DEFAULT;
        CREATE TABLE r PARTITION OF t FOR VALUES IN (3);
        ALTER TABLE t DETACH PARTITION r;
        ALTER TABLE t DROP COLUMN b;
        ALTER TABLE t ADD COLUMN c int;
    """,
    "an attached partition keeps its names": """
        CREATE TABLE t (a int NOT NULL, b int, PRIMARY KEY (a)) PARTITION BY LIST (a);
        CREATE INDEX ix ON t (b);
        CREATE TABLE p (a int NOT NULL, b int, CONSTRAINT own_key PRIMARY KEY (a));
        CREATE INDEX own ON p (b);
        ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1);
    """,
    "an index takes up those of the partitions": """
        CREATE TABLE t (a int NOT NULL, b int) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        CREATE INDEX own ON p (b);
        ALTER TABLE p ADD CONSTRAINT own_key UNIQUE (a);
        CREATE INDEX ix ON t (b);
        ALTER TABLE t ADD CONSTRAINT uq UNIQUE (a);
        CREATE TABLE q PARTITION OF t DEFAULT;
        DROP TABLE q;
    """,
    "heirs": """
        CREATE TABLE u (id int PRIMARY KEY);
        CREATE TABLE t (a serial PRIMARY KEY, b int DEFAULT 2 UNIQUE, k int REFERENCES u,
            CONSTRAINT alone CHECK (b < 9) NO INHERIT, CHECK (a > 0));
        CREATE INDEX ix ON t (b);
        CREATE TABLE p (x int) INHERITS (t);
        CREATE TABLE q (b int DEFAULT 7, y int NOT NULL) INHERITS (t);
        ALTER TABLE t ADD COLUMN d int UNIQUE;
        ALTER TABLE t DROP COLUMN b;
        ALTER TABLE t ADD CONSTRAINT ck CHECK (d > 0);
        ALTER TABLE t ADD CONSTRAINT ck2 CHECK (d > 1) NO INHERIT;
        ALTER TABLE t RENAME COLUMN d TO e;
        ALTER TABLE t RENAME CONSTRAINT ck TO ck3;
        ALTER TABLE t ALTER COLUMN k SET NOT NULL;
    """,
    "heirs of a table that gets its key later": """
        CREATE TABLE t (a int, b int);
        CREATE TABLE p () INHERITS (t);
        ALTER TABLE t ADD PRIMARY KEY (a);
        ALTER TABLE t ALTER COLUMN b SET DEFAULT 4, ALTER COLUMN b TYPE bigint;
        ALTER TABLE ONLY t ALTER COLUMN b SET DEFAULT 5;
        ALTER TABLE ONLY t DROP COLUMN b;
    """,
    "two parents": """
        CREATE TABLE s (a int, b int, CONSTRAINT ck CHECK (a > 0));
        CREATE TABLE t (a int NOT NULL, c int, CONSTRAINT ck CHECK (a > 0));
        CREATE TABLE p (x int) INHERITS (s, t);
        ALTER TABLE s DROP CONSTRAINT ck;
        ALTER TABLE s DROP COLUMN a;
        ALTER TABLE t ADD COLUMN b int;
        ALTER TABLE p NO INHERIT s;
        ALTER TABLE t DROP COLUMN c;
    """,
    "inherit and no inherit": """
        CREATE TABLE t (a int, b int, CHECK (a > 0));
        CREATE TABLE p (a int, b int, CONSTRAINT t_a_check CHECK (a > 0));
        ALTER TABLE p INHERIT t;
        ALTER TABLE t DROP COLUMN b;
        CREATE TABLE q () INHERITS (t);
        ALTER TABLE q NO INHERIT t;
        ALTER TABLE t DROP COLUMN a;
        ALTER TABLE t ADD COLUMN z int;
    """,
    "a parent is renamed and dropped": """
        CREATE TABLE t (a int) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        ALTER TABLE t RENAME TO tt;
        ALTER TABLE tt ADD COLUMN b int;
        CREATE TABLE s (a int);
        CREATE TABLE q () INHERITS (s);
        ALTER TABLE s RENAME TO ss;
        ALTER TABLE ss ADD COLUMN b int;
    """,
    "parents that go": """
        CREATE TABLE t (a int) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (a);
        CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
        DROP TABLE t;
        CREATE TABLE s (a int);
        CREATE TABLE q () INHERITS (s);
        CREATE TABLE r () INHERITS (q);
        DROP TABLE s CASCADE;
        CREATE TABLE kept (a int);
    """,
    "an index that some partitions have": """
        CREATE TABLE t (a int NOT NULL, b int DEFAULT 1) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        CREATE INDEX ON ONLY t (a);
        CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
        CREATE TABLE s (a int NOT NULL, b int DEFAULT 1);
        CREATE TABLE x (a int NOT NULL, b int);
        ALTER TABLE x INHERIT s;
    """,
    "an index is made part by part": """
        CREATE TABLE t (a int NOT NULL, b int) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        CREATE INDEX ix ON ONLY t (b);
        CREATE INDEX ix_p ON p (b);
        ALTER INDEX ix ATTACH PARTITION ix_p;
        CREATE INDEX gone ON ONLY t (a, b);
        CREATE INDEX gone_p ON p (a, b);
        ALTER INDEX gone ATTACH PARTITION gone_p;
        DROP INDEX gone;
    """,
    "like": """
        CREATE TABLE s (id serial PRIMARY KEY, a int GENERATED BY DEFAULT AS IDENTITY, b int UNIQUE CHECK (b > 0),
            c int DEFAULT 3, g int GENERATED ALWAYS AS (b + 1) STORED, n text NOT NULL);
        CREATE INDEX foo ON s (c);
        CREATE INDEX foo2 ON s (lower(n));
        CREATE TABLE l1 (LIKE s);
        CREATE TABLE l2 (LIKE s INCLUDING ALL);
        CREATE TABLE l3 (x int, LIKE s INCLUDING INDEXES INCLUDING CONSTRAINTS, z int);
        CREATE TABLE l4 (LIKE s INCLUDING ALL EXCLUDING INDEXES EXCLUDING IDENTITY, CONSTRAINT l4_pkey CHECK (c > 0));
    """,
    "a foreign key that refers to a partitioned table": """
        CREATE TABLE t (a int PRIMARY KEY) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        CREATE TABLE r (a int REFERENCES t);
    """,
}
# A script makes the table that has the name after the partition, which then has taken it.
TAKEN = {
    "a name that a key of another table has": """
        CREATE TABLE t (a int NOT NULL, b int) PARTITION BY LIST (a);
        CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
        CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
        CREATE TABLE p_b_idx (x int, CONSTRAINT p_a_key CHECK (x > 0), CONSTRAINT p_pkey UNIQUE (x));
        CREATE TABLE u (id int PRIMARY KEY);
        ALTER TABLE p ADD CONSTRAINT fk CHECK (b > 0);
        ALTER TABLE t ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES u;
        ALTER TABLE t ADD UNIQUE (a);
        ALTER TABLE t ADD PRIMARY KEY (a);
        CREATE INDEX one ON t (b);
        CREATE INDEX two ON t (b);
        DROP INDEX one;
        CREATE UNIQUE INDEX ON t (a, b);
        CREATE INDEX alone ON ONLY t (b);
    """,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.PostgresServer]:
    with servers.postgresql(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def database(server: servers.PostgresServer) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with server.connect() as connection:
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        yield connection


def folded(snippet: str, folder: Path) -> Schema:
    return run(folder, f"op.execute({snippet!r})", schema=Schema.of_empty_database()).after


def differing(ours: Schema, theirs: Form) -> list[str]:
    found = compare(document(ours, "postgresql", [], "alembic_version"), doubts(ours), theirs)
    assert found
    return [str(each) for each in found if each.verdict != "equal"]


@pytest.mark.parametrize("title", [*SNIPPETS, *TAKEN])
def test_the_folded_schema_is_the_database(
    title: str, tmp_path: Path, database: psycopg.Connection[tuple[object, ...]]
) -> None:
    snippet = {**SNIPPETS, **TAKEN}[title]
    database.execute(snippet.encode())
    assert differing(folded(snippet, tmp_path), postgresql_schema(database)) == []


@pytest.mark.parametrize("title", SNIPPETS)
def test_its_ddl_makes_the_same_database(
    title: str, tmp_path: Path, database: psycopg.Connection[tuple[object, ...]]
) -> None:
    schema = folded(SNIPPETS[title], tmp_path)
    script = ddl(schema, Target.default("postgresql"), "alembic_version")
    assert "not known" not in script
    database.execute(script.encode())
    assert differing(schema, postgresql_schema(database)) == []


def test_a_circle_ends(tmp_path: Path) -> None:
    circle = """
        CREATE TABLE a (x int) INHERITS (b);
        CREATE TABLE b () INHERITS (c);
        CREATE TABLE c () INHERITS (a);
        ALTER TABLE c INHERIT c;
        ALTER TABLE a ADD COLUMN y int;
        CREATE TABLE kept (x int);
    """
    (a,) = (each for name, each in folded(circle, tmp_path).tables.items() if name.name == "a")
    assert a.column("y")
    (tmp_path / "dropped").mkdir()
    assert [str(each) for each in folded(circle + "DROP TABLE a CASCADE;", tmp_path / "dropped").tables] == ["kept"]
