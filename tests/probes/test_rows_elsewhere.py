# ruff: noqa: E501 (a form of SQL reads best on one line)
"""Generated rows on SQLite and on a running MariaDB."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy.engine import Connection

from migrate_guard.probes.worker import rows
from tests.probes.row_databases import column, contents, fill, fresh_mariadb, fresh_sqlite, run
from tests.servers import MariaDBServer, mariadb

VERSION: Final = "alembic_version"

_BOTH: Final = {
    "types": "CREATE TABLE t (id INTEGER PRIMARY KEY, a SMALLINT, b BIGINT NOT NULL, c VARCHAR(5), d CHAR(3) UNIQUE, e TEXT,"
    " f BOOLEAN NOT NULL, g NUMERIC(10, 2), h FLOAT, i DATE, j DATETIME, k TIME, l BLOB, m JSON NOT NULL, n CHAR(32))",
    "strings as keys": "CREATE TABLE t (a VARCHAR(20) PRIMARY KEY, b DATETIME NOT NULL UNIQUE, c NUMERIC(5, 0) UNIQUE)",
    "checks": "CREATE TABLE t (a VARCHAR(9) NOT NULL CHECK (a IN ('draft', 'it''s')), b INTEGER, c INTEGER, "
    "d VARCHAR(20) NOT NULL CHECK (length(d) = 7), CONSTRAINT later CHECK (b < c), CHECK (b BETWEEN 40 AND 50))",
    "foreign keys": "CREATE TABLE p (id INTEGER PRIMARY KEY, code VARCHAR(9) NOT NULL UNIQUE);\n"
    "CREATE TABLE t (id INTEGER PRIMARY KEY, p INTEGER NOT NULL, code VARCHAR(9), up INTEGER, "
    "FOREIGN KEY (p) REFERENCES p (id), FOREIGN KEY (code) REFERENCES p (code), FOREIGN KEY (up) REFERENCES t (id))",
    "association": "CREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE b (id INTEGER PRIMARY KEY);\n"
    "CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (a, b), FOREIGN KEY (a) REFERENCES a (id), "
    "FOREIGN KEY (b) REFERENCES b (id))",
    "generated": "CREATE TABLE t (a INTEGER NOT NULL, b BIGINT GENERATED ALWAYS AS (a + 1) STORED)",
    "unique": "CREATE TABLE t (a INTEGER NOT NULL, b VARCHAR(3) NOT NULL, UNIQUE (a, b));\nCREATE UNIQUE INDEX u ON t (b)",
}  # fmt: skip

_SQLITE: Final = {
    "circle": "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER REFERENCES b);\n"
    "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a)",
    "closed circle": "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER NOT NULL REFERENCES b);\n"
    "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER NOT NULL REFERENCES a)",
    "pattern": "CREATE TABLE t (a TEXT NOT NULL CHECK (a LIKE 'https://%'), b TEXT NOT NULL CHECK (b GLOB '[a-c]*'))",
    "expression": "CREATE TABLE t (a TEXT NOT NULL);\nCREATE UNIQUE INDEX u ON t (lower(a))",
    "no type": "CREATE TABLE t (a, b NOT NULL, c UNIQUE)",
    "without rowid": 'CREATE TABLE "my t" (a TEXT PRIMARY KEY, b INT) WITHOUT ROWID',
    "virtual": "CREATE VIRTUAL TABLE v USING fts5(a);\nCREATE TABLE t (a TEXT)",
    "comments": "CREATE TABLE t (a INT NOT NULL /* CHECK (a = 1) */ CHECK (a = 7) -- CHECK (a = 2)\n)",
}

_MARIADB: Final = {
    "types": "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a TINYINT UNSIGNED UNIQUE, b MEDIUMINT, c BIGINT UNSIGNED, "
    "d ENUM('a', 'it''s') NOT NULL, e SET('x', 'y'), f YEAR, g TIMESTAMP(3) NULL, h BIT(3), i VARBINARY(8) UNIQUE, "
    "j BINARY(16), k LONGTEXT, l DOUBLE, m UUID UNIQUE, n POINT NOT NULL, o TINYTEXT, p DATETIME(6), q VARCHAR(9) UNIQUE)",
    "backslash": "CREATE TABLE t (a VARCHAR(20) NOT NULL CHECK (a REGEXP '^[a-z]+[.]log$'))",
    "circle": "CREATE TABLE a (id INT PRIMARY KEY, b INT);\n"
    "CREATE TABLE b (id INT PRIMARY KEY, a INT NOT NULL, FOREIGN KEY (a) REFERENCES a (id));\n"
    "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id)",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    with mariadb(tmp_path_factory.mktemp("rows")) as running:
        yield running


def _fills(connection: Connection, sql: str) -> None:
    run(connection, sql)
    filled = fill(connection, 5, 1)
    assert filled.defied == {}
    assert set(filled.inserted.values()) == {5}
    before = contents(connection)
    assert {name: held.number for name, held in before.items()} == filled.inserted
    assert rows.lost(before, contents(connection)) == []
    assert fill(connection, 5, 1).inserted == {}


@pytest.mark.parametrize("form", [*_BOTH, *_SQLITE])
def test_sqlite_is_filled(tmp_path: Path, form: str) -> None:
    with fresh_sqlite(tmp_path) as connection:
        _fills(connection, {**_BOTH, **_SQLITE}[form])
        assert column(connection, "PRAGMA foreign_key_check") == []
        assert column(connection, "PRAGMA foreign_keys") == [0]


@pytest.mark.parametrize("form", [*_BOTH, *(f"own {form}" for form in _MARIADB)])
def test_mariadb_is_filled(server: MariaDBServer, form: str) -> None:
    with fresh_mariadb(server) as connection:
        _fills(connection, {**_BOTH, **{f"own {name}": sql for name, sql in _MARIADB.items()}}[form])


def test_rows_of_mariadb_that_refer_to_themselves(server: MariaDBServer) -> None:
    with fresh_mariadb(server) as connection:
        run(connection, "CREATE TABLE t (id INT PRIMARY KEY, root INT NOT NULL, FOREIGN KEY (root) REFERENCES t (id))")
        assert fill(connection, 5, 1).inserted == {"t": 5}


def test_what_defies_mariadb_is_named(server: MariaDBServer) -> None:
    with fresh_mariadb(server) as connection:
        run(connection, "CREATE TABLE t (a INT NOT NULL CHECK (a > 5 AND a < 3))")
        assert fill(connection, 5, 1).defied == {
            "t": f"CONSTRAINT `t.a` failed for `{connection.engine.url.database}`.`t`"
        }


def test_what_defies_sqlite_is_named(tmp_path: Path) -> None:
    with fresh_sqlite(tmp_path) as connection:
        run(connection, "CREATE TABLE t (a INT NOT NULL CONSTRAINT never CHECK (a <> a))")
        assert fill(connection, 5, 1).defied == {"t": "CHECK constraint failed: never"}
