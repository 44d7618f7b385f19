"""Pending trigger events: what the rule says is what a server does, statement by statement."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.checking import check
from tests.conftest import MakeProject, script
from tests.servers import PostgresServer, postgresql

REFUSAL = "because it has pending trigger events"
GIVEN = (
    "CREATE TABLE p (id int PRIMARY KEY, m text)",
    "CREATE TABLE c (id int PRIMARY KEY, p_id int REFERENCES p DEFERRABLE INITIALLY DEFERRED, note text)",
    "CREATE TABLE ci (id int PRIMARY KEY, p_id int REFERENCES p DEFERRABLE, note text)",
    "CREATE TABLE t (id int PRIMARY KEY, note text, other text)",
    "CREATE TABLE plain (id int PRIMARY KEY, p_id int REFERENCES p, note text)",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    """CREATE CONSTRAINT TRIGGER tr AFTER INSERT OR UPDATE OF note ON t DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION f()""",
    "CREATE TRIGGER tp AFTER UPDATE ON plain FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE INDEX ix_note ON c (note)",
)
ROWS = (
    "INSERT INTO p VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    "INSERT INTO c VALUES (1, 1, 'x')",
    "INSERT INTO ci VALUES (1, 1, 'x')",
    "INSERT INTO t VALUES (1, 'x', 'y')",
    "INSERT INTO plain VALUES (1, 1, 'x')",
)
CHANGES = [
    ("c", "INSERT INTO c VALUES (2, 1, 'y')"),
    ("c", "INSERT INTO c (id, note) VALUES (2, 'y')"),
    ("c", "UPDATE c SET p_id = 2"),
    ("c", "UPDATE c SET note = 'z'"),
    ("c", "UPDATE c SET p_id = NULL"),
    ("c", "DELETE FROM c"),
    ("p", "DELETE FROM p WHERE id = 3"),
    ("p", "UPDATE p SET id = 4 WHERE id = 3"),
    ("p", "UPDATE p SET m = 'z'"),
    ("p", "INSERT INTO p VALUES (9, 'z')"),
    ("p", "UPDATE c SET p_id = 2"),
    ("c", "DELETE FROM p WHERE id = 3"),
    ("ci", "UPDATE ci SET p_id = 2"),
    ("ci", "SET CONSTRAINTS ALL DEFERRED; UPDATE ci SET p_id = 2"),
    ("t", "UPDATE t SET note = 'q'"),
    ("t", "UPDATE t SET other = 'q'"),
    ("plain", "UPDATE plain SET p_id = 2"),
    ("c", "UPDATE c SET p_id = 2; SET CONSTRAINTS ALL IMMEDIATE"),
    ("c", "SET CONSTRAINTS ALL IMMEDIATE; UPDATE c SET p_id = 2"),
]
FOLLOWING = [
    "ALTER TABLE c ADD COLUMN extra int",
    "ALTER TABLE c ALTER COLUMN note SET NOT NULL",
    "ALTER TABLE c ALTER COLUMN note TYPE varchar(9)",
    "ALTER TABLE c DROP COLUMN note",
    "ALTER TABLE c ADD CHECK (id > 0)",
    "ALTER TABLE c ADD FOREIGN KEY (id) REFERENCES p",
    "ALTER TABLE c ALTER COLUMN note SET DEFAULT 'x'",
    "ALTER TABLE c ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE c SET (fillfactor = 70)",
    "ALTER TABLE c OWNER TO postgres",
    "ALTER TABLE c DISABLE TRIGGER ALL",
    "ALTER TABLE c RENAME TO d",
    "ALTER TABLE c RENAME COLUMN note TO remark",
    "CREATE INDEX ix_p ON c (p_id)",
    "DROP INDEX ix_note",
    "DROP TABLE c",
    "TRUNCATE c",
    "CREATE TRIGGER x AFTER INSERT ON c FOR EACH ROW EXECUTE FUNCTION f()",
    "CREATE POLICY own ON c",
    "CREATE VIEW v AS SELECT * FROM c",
    "COMMENT ON TABLE c IS 'x'",
    "GRANT SELECT ON c TO postgres",
    "LOCK TABLE c",
    "ALTER TABLE p ADD COLUMN extra int",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("pending")) as running:
        with running.connect() as connection:
            for each in (*GIVEN, *ROWS):
                connection.execute(each)
        yield running


def is_refused(server: PostgresServer, change: str, following: str) -> bool:
    refusal = ""
    with psycopg.connect(server.dsn) as connection:
        try:
            connection.execute(change)
            connection.execute(following)
        except psycopg.Error as error:
            refusal = str(error)
        connection.rollback()
    assert not refusal or REFUSAL in refusal
    return bool(refusal)


def is_found(make: MakeProject, change: str, following: str) -> bool:
    texts = ("\n    ".join(f'op.execute("""{each}""")' for each in part) for part in (GIVEN, (change, following)))
    given, changed = texts
    folder = make({"a.py": script("a", None, given), "b.py": script("b", "a", changed)})
    return any(each.code == "MG506" for each in check(folder).findings)


@pytest.mark.parametrize(("table", "change"), CHANGES)
def test_what_waits(server: PostgresServer, make_project: MakeProject, table: str, change: str) -> None:
    following = f"ALTER TABLE {table} ADD COLUMN extra int"
    assert is_found(make_project, change, following) == is_refused(server, change, following)


@pytest.mark.parametrize("following", FOLLOWING)
def test_what_is_refused(server: PostgresServer, make_project: MakeProject, following: str) -> None:
    change = "UPDATE c SET p_id = 2"
    assert is_found(make_project, change, following) == is_refused(server, change, following)
