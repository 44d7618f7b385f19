"""Each kind of object of MariaDB is in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

import pymysql
import pytest
import sqlalchemy as sa

from migrate_guard.probes.worker import catalog
from tests.servers import MariaDBServer, mariadb

BASE = [
    "CREATE TABLE users (id int PRIMARY KEY)",
    """CREATE TABLE orders (id int AUTO_INCREMENT PRIMARY KEY, total decimal(12,2) NOT NULL DEFAULT 0, note varchar(20),
    user_id int, KEY ix_note (note), KEY ix_user (user_id),
    CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id), CONSTRAINT ck_total CHECK (total >= 0))""",
    "CREATE VIEW cheap AS SELECT id FROM orders",
    "CREATE TRIGGER stamp BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = 'x'",
    "CREATE FUNCTION one() RETURNS int DETERMINISTIC RETURN 1",
    "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDBServer]:
    with mariadb(tmp_path_factory.mktemp("server")) as server:
        yield server


def _engine(server: MariaDBServer, database: str) -> sa.Engine:
    def connect() -> object:
        return pymysql.connect(unix_socket=str(server.socket), user="root", database=database, autocommit=True)

    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE DATABASE {database} CHARACTER SET utf8mb4")
    return sa.create_engine("mysql+pymysql://", creator=connect, poolclass=sa.NullPool)


@pytest.fixture
def connection(server: MariaDBServer) -> Iterator[sa.Connection]:
    with _engine(server, "scratch").connect() as connection:
        for statement in BASE:
            connection.exec_driver_sql(statement)
        yield connection


def changed(connection: sa.Connection, sql: str) -> list[catalog.Difference]:
    before = catalog.snapshot(connection, "alembic_version")
    for statement in sql.split("; "):
        connection.exec_driver_sql(statement)
    return catalog.differences(before, catalog.snapshot(connection, "alembic_version"))


NOTE, TOTAL = (
    ("column", "orders", "note", "varchar(20)\nCOLLATE utf8mb4_general_ci"),
    ("column", "orders", "total", "decimal(12,2)\nNOT NULL\nDEFAULT 0.00"),
)
USER = "FOREIGN KEY (user_id) REFERENCES users (id)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DROP VIEW cheap", [("view", "cheap", "", "AS select `orders`.`id` AS `id` from `orders`", None)]),
        ("ALTER TABLE orders MODIFY note varchar(10)", [(*NOTE, "varchar(10)\nCOLLATE utf8mb4_general_ci")]),
        (
            "ALTER TABLE orders MODIFY note varchar(20) CHARACTER SET latin1 COLLATE latin1_bin",
            [(*NOTE, "varchar(20)\nCOLLATE latin1_bin")],
        ),
        ("ALTER TABLE orders ALTER total DROP DEFAULT", [(*TOTAL, "decimal(12,2)\nNOT NULL")]),
        (
            "ALTER TABLE orders ADD g int AS (user_id + 1) STORED",
            [("column", "orders", "g", None, "int(11)\nGENERATED ALWAYS AS (`user_id` + 1) STORED")],
        ),
        (
            "ALTER TABLE orders ADD t timestamp DEFAULT now() ON UPDATE now()",
            [("column", "orders", "t", None, "timestamp\nDEFAULT current_timestamp()\non update current_timestamp()")],
        ),
        ("ALTER TABLE orders MODIFY note varchar(20) COMMENT 'x'", [("column comment", "orders", "note", None, "x")]),
        ("ALTER TABLE orders COMMENT 'x'", [("table comment", "orders", "", None, "x")]),
        (
            "CREATE TABLE t (a int); ALTER TABLE t ENGINE Aria; DROP TABLE t; ALTER DATABASE COLLATE utf8mb4_bin",
            [
                ("database", "", "", "COLLATE utf8mb4_general_ci", "COLLATE utf8mb4_bin"),
            ],
        ),
        ("DROP INDEX ix_note ON orders", [("index", "orders", "ix_note", "BTREE (note)", None)]),
        (
            "CREATE UNIQUE INDEX i ON orders (note(5), id)",
            [("index", "orders", "i", None, "UNIQUE\nBTREE (note(5), id)")],
        ),
        ("ALTER TABLE orders DROP CONSTRAINT fk_user", [("constraint", "orders", "fk_user", USER, None)]),
        (
            (
                "ALTER TABLE orders DROP CONSTRAINT fk_user; ALTER TABLE orders ADD CONSTRAINT fk_user "
                "FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE"
            ),
            [("constraint", "orders", "fk_user", USER, f"{USER} ON DELETE CASCADE")],
        ),
        (
            (
                "ALTER TABLE orders ADD b int; "
                "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES users (id); "
                "ALTER TABLE orders DROP CONSTRAINT f"
            ),
            [("column", "orders", "b", None, "int(11)"), ("index", "orders", "f", None, "BTREE (b)")],
        ),
        (
            "ALTER TABLE orders DROP CONSTRAINT ck_total",
            [("constraint", "orders", "ck_total", "CHECK (`total` >= 0)", None)],
        ),
        (
            "DROP FUNCTION one",
            [
                (
                    "function",
                    "one",
                    "",
                    "()\nRETURNS int(11)\nDETERMINISTIC\nCONTAINS SQL\nSQL SECURITY DEFINER\nRETURN 1",
                    None,
                )
            ],
        ),
        (
            "CREATE PROCEDURE p(IN a int) SELECT a",
            [("procedure", "p", "", None, "(IN a int(11))\nCONTAINS SQL\nSQL SECURITY DEFINER\nSELECT a")],
        ),
        (
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
            [("event", "e", "", None, "EVERY 1 DAY\nENABLED\nON COMPLETION NOT PRESERVE\nSELECT 1")],
        ),
        (
            "CREATE SEQUENCE s START 5",
            [
                (
                    "sequence",
                    "s",
                    "",
                    None,
                    "START WITH 5\nINCREMENT BY 1\nMINVALUE 1\nMAXVALUE 9223372036854775806\nCACHE 1000",
                )
            ],
        ),
        ("INSERT INTO users VALUES (1); INSERT INTO orders (note) VALUES ('x')", []),
        ("ALTER TABLE alembic_version ADD a int", []),
        (
            (
                "ALTER TABLE orders DROP note; ALTER TABLE orders ADD note varchar(20); "
                "CREATE INDEX ix_note ON orders(note)"
            ),
            [],
        ),
    ],
)
def test_change(connection: sa.Connection, sql: str, expected: list[catalog.Difference]) -> None:
    assert changed(connection, sql) == expected


def test_trigger(connection: sa.Connection) -> None:
    ((kind, owner, part, before, after),) = changed(connection, "DROP TRIGGER stamp")
    assert (kind, owner, part, after) == ("trigger", "orders", "stamp", None)
    assert before is not None
    assert before.startswith("BEFORE INSERT\nSET NEW.note = 'x'\n")


def test_table_left_behind(connection: sa.Connection) -> None:
    sql = "CREATE TABLE t (a int PRIMARY KEY, b int UNIQUE CHECK (b > 0)) ENGINE = MyISAM"
    ((kind, owner, _, before, after),) = changed(connection, sql)
    assert (kind, owner, before) == ("table", "t", None)
    assert "ENGINE MyISAM" in (after or "")


def test_made_in_another_database(server: MariaDBServer, connection: sa.Connection) -> None:
    with _engine(server, "other_scratch").connect() as other:
        for statement in BASE:
            other.exec_driver_sql(statement)
        assert catalog.snapshot(other, "alembic_version") == catalog.snapshot(connection, "alembic_version")
