# ruff: noqa: E501 (a form of SQL reads best on one line)
"""What rows are made of, what a comparison of contents says, and files of the user's own rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy.engine import Connection

from migrate_guard.probes.worker import rows
from tests.probes.row_databases import column, contents, fill, fresh_postgresql, fresh_sqlite, host, run
from tests.servers import PostgresServer, postgresql

VERSION: Final = "alembic_version"
_TABLES: Final = (
    "CREATE TABLE a (id serial PRIMARY KEY, t varchar(300), n bigint, f float8, j jsonb, d timestamptz, u text UNIQUE);\n"
    "CREATE TABLE b (a int REFERENCES a, t text, j json);\nCREATE TABLE alembic_version (version_num varchar(32) NOT NULL)"
)

_LOSSES: Final = {
    "UPDATE a SET id = id": [],
    "ALTER TABLE a DROP COLUMN t;\nDROP TABLE b": [],
    "ALTER TABLE a DROP COLUMN t;\nALTER TABLE a ADD t varchar(300)": [rows.Loss("a", "t", 5, 1, "values")],
    "ALTER TABLE a ALTER n TYPE text": [],
    "UPDATE a SET f = 0.1 + 0.2 WHERE f = -0.1": [rows.Loss("a", "f", 5, 4, "values")],
    "DELETE FROM b": [rows.Loss("b", None, 5, 0, "rows")],
    "UPDATE b SET t = '' WHERE t IS NULL": [rows.Loss("b", "t", 5, 4, "values")],
    "DELETE FROM b;\nDELETE FROM a WHERE f = -0.1": [
        rows.Loss("a", None, 5, 4, "rows"),
        rows.Loss("b", None, 5, 0, "rows"),
    ],
    "INSERT INTO a (t) VALUES ('new')": [],
    "INSERT INTO b SELECT NULL, 'x' || n FROM generate_series(1, 2000) n": [],
    "UPDATE a SET j = '0' WHERE j = 'null'": [rows.Loss("a", "j", 5, 4, "values")],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("rows")) as running:
        yield running


@pytest.fixture
def connection(server: PostgresServer) -> Iterator[Connection]:
    with fresh_postgresql(server) as opened_one:
        run(opened_one, _TABLES)
        yield opened_one


@pytest.mark.parametrize("change", _LOSSES)
def test_what_did_not_come_back(connection: Connection, change: str) -> None:
    fill(connection, 5, 1)
    before = contents(connection)
    run(connection, change)
    assert rows.lost(before, contents(connection)) == _LOSSES[change]


def test_many_rows_are_compared_by_a_checksum(connection: Connection) -> None:
    run(connection, "INSERT INTO b SELECT NULL, 'x' || n FROM generate_series(1, 2000) n")
    before = contents(connection)
    assert before["b"].number == 2000
    assert before["b"].records == []
    assert rows.lost(before, contents(connection)) == []
    run(connection, "UPDATE b SET t = 'y' WHERE t = 'x7'")
    assert rows.lost(before, contents(connection)) == [rows.Loss("b", None, 2000, 2000, "values")]
    run(connection, "DELETE FROM b WHERE t = 'y'")
    assert rows.lost(before, contents(connection)) == [rows.Loss("b", None, 2000, 1999, "rows")]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE a ALTER t SET NOT NULL",
        "ALTER TABLE a ADD UNIQUE (t)",
        "ALTER TABLE a ADD UNIQUE (t, n, f)",
        "ALTER TABLE a ALTER t TYPE int USING t::int",
        "ALTER TABLE a ALTER t TYPE varchar(255)",
        "ALTER TABLE a ALTER u TYPE varchar(30)",
        "ALTER TABLE a ALTER n TYPE int",
        "ALTER TABLE a ADD CHECK (n > 0)",
        "ALTER TABLE b ALTER a SET NOT NULL",
        "ALTER TABLE b ADD UNIQUE (a)",
    ],
)
def test_changes_meet_rows_that_they_fail_on(connection: Connection, change: str) -> None:
    from sqlalchemy.exc import DBAPIError

    run(connection, change)
    fresh = "DROP TABLE a, b, alembic_version"
    run(connection, fresh)
    run(connection, _TABLES)
    fill(connection, 5, 1)
    with pytest.raises(DBAPIError):
        run(connection, change)


def test_rows_of_migrations_count(connection: Connection) -> None:
    run(connection, "INSERT INTO a (t) VALUES ('mine'), ('mine too')")
    filled = fill(connection, 5, 1)
    assert filled.inserted == {"a": 3, "b": 5}
    # the sequence has not moved: what a migration inserts next has no number of ours
    assert column(connection, "INSERT INTO a DEFAULT VALUES RETURNING id") == [3]
    assert column(connection, "SELECT count(*) FROM alembic_version") == [0]


def test_a_seed_makes_the_same_rows(connection: Connection) -> None:
    found = []
    for seed in (1, 1, 2):
        fill(connection, 5, seed)
        found.append(contents(connection))
        run(connection, "TRUNCATE a, b")
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("change", ["UPDATE t SET a = 'x' WHERE a IS NULL", "UPDATE t SET b = b * 1.0000000000000002"])
def test_sqlite_compares_exactly(tmp_path: Path, change: str) -> None:
    with fresh_sqlite(tmp_path) as connection:
        run(connection, "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b FLOAT)")
        fill(connection, 3, 1)
        before = contents(connection)
        run(connection, change)
        (loss,) = rows.lost(before, contents(connection))
        assert (loss.table, loss.kind) == ("t", "values")


_SEED: Final = """\
-- who; what
INSERT INTO a (t) VALUES ('a;b'), (E'it\\'s 100%s :x');

CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$
BEGIN RETURN 1; END; $body$;
/* ; */ INSERT INTO a (t) SELECT 'x' || f()
"""


def test_seed_file_is_run(connection: Connection, tmp_path: Path) -> None:
    (tmp_path / "abc.sql").write_text(_SEED, encoding="utf-8")
    assert rows.seed_files(connection, tmp_path, "abc")
    assert not rows.seed_files(connection, tmp_path, "other")
    assert column(connection, "SELECT t FROM a ORDER BY id") == ["a;b", "it's 100%s :x", "x1"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1;\n\nINSERT INTO nowhere\nVALUES (1);", '3: relation "nowhere" does not exist'),
        ("\\set x 1\nSELECT 1;", "1: \\set is a command of psql; only SQL can be run"),
        (
            "SELECT 1;\nCOPY a FROM stdin;\n1\n\\.",
            "2: COPY FROM STDIN reads what follows as data; write INSERT instead",
        ),
        ("SELECT 'open;\n", "1: unterminated quoted string"),
    ],
)
def test_seed_error_says_where(connection: Connection, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "abc.sql"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(rows.SeedError) as raised:
        rows.seed_files(connection, tmp_path, "abc")
    assert str(raised.value).startswith(f"{path}:{message}")


def test_seed_file_of_sqlite(tmp_path: Path) -> None:
    (tmp_path / "abc.sql").write_text(
        "-- one; two\nCREATE TABLE t (a);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN\n  DELETE FROM t WHERE a = 1;\nEND;\n"
        "INSERT INTO t VALUES (1), ('a;b');\nINSERT INTO u VALUES (1);\n",
        encoding="utf-8",
    )
    with fresh_sqlite(tmp_path) as connection, pytest.raises(rows.SeedError, match=r"abc\.sql:7: no such table: u$"):
        rows.seed_files(connection, tmp_path, "abc")


def test_an_asynchronous_driver_takes_the_same(server: PostgresServer, connection: Connection) -> None:
    import asyncio

    from sqlalchemy.ext.asyncio import create_async_engine

    async def filled() -> rows.Filled:
        url = f"postgresql+asyncpg://postgres@/postgres?host={host(server)}"
        engine = create_async_engine(url, isolation_level="AUTOCOMMIT")
        async with engine.connect() as one:
            made = await one.run_sync(fill, 5, 1)
            assert (await one.run_sync(contents))["a"].number == 5
        await engine.dispose()
        return made

    assert asyncio.run(filled()).inserted == {"a": 5, "b": 5}
