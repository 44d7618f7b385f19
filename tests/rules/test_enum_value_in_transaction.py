"""New values of enum types: what the rule says is what a server does, statement by statement and through Alembic."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from tests.checking import check
from tests.conftest import script
from tests.servers import PostgresServer, postgresql

REFUSAL = "unsafe use of new value"
ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine({url!r}, poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection{options})
    with context.begin_transaction():
        context.run_migrations()
"""
GIVEN = (
    "CREATE TYPE status AS ENUM ('open', 'paid')",
    "CREATE TABLE orders (id int PRIMARY KEY, status status DEFAULT 'open', note text, tags status[])",
    "INSERT INTO orders VALUES (1, 'open', 'x', '{}')",
)
ADDED = "ALTER TYPE status ADD VALUE 'sent'"
NEW_TYPE = "CREATE TYPE kind AS ENUM ('a'); ALTER TYPE kind ADD VALUE 'b'"
STATEMENTS = [
    "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'sent'",
    "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'paid'",
    "ALTER TABLE orders ADD COLUMN was status DEFAULT 'sent'",
    "ALTER TABLE orders ADD COLUMN was text DEFAULT 'sent'",
    "ALTER TABLE orders ADD COLUMN was status CHECK (was <> 'sent')",
    "ALTER TABLE orders ADD CHECK (status IN ('open', 'sent'))",
    "ALTER TABLE orders ADD CHECK (note IN ('x', 'sent'))",
    "ALTER TABLE orders ADD CHECK (status IS NOT NULL OR note = 'sent')",
    "CREATE INDEX ix ON orders (note) WHERE status = 'sent'",
    "CREATE INDEX ix ON orders (status) WHERE note = 'sent'",
    "CREATE INDEX ix ON orders ((status = 'sent'))",
    "CREATE VIEW v AS SELECT id FROM orders WHERE status = 'sent'",
    "CREATE VIEW v AS SELECT 'sent'::text AS word FROM orders",
    "CREATE TABLE more (id int, status status DEFAULT 'sent')",
    "CREATE TABLE more (id int, status status, note text DEFAULT 'sent')",
    "CREATE TABLE more (id int, status status, CHECK (status <> 'sent'))",
    "UPDATE orders SET status = 'sent'",
    "UPDATE orders SET note = 'sent'",
    "UPDATE orders SET note = 'sent', status = 'paid'",
    "UPDATE orders SET note = 'x', status = CASE WHEN note = 'x' THEN 'sent' ELSE status END",
    "UPDATE orders SET note = CASE WHEN status = 'open' THEN 'sent' ELSE 'x' END",
    "UPDATE orders o SET note = 'x' WHERE o.status = 'sent'",
    "UPDATE orders SET note = 'x' WHERE status::text = 'sent'",
    "UPDATE orders SET status = ('sent')",
    "DELETE FROM orders WHERE status IN ('paid', 'sent')",
    "DELETE FROM orders WHERE note IN ('paid', 'sent')",
    "INSERT INTO orders (id, status) VALUES (2, 'sent')",
    "INSERT INTO orders (id, status, note) VALUES (2, 'paid', 'sent')",
    "INSERT INTO orders (id, status) SELECT 2, 'sent'::status",
    "INSERT INTO orders (id, status) SELECT 3, CAST('sent' AS public.status) FROM orders",
    "SELECT count(*) FROM orders WHERE status = 'sent'",
    "SELECT count(*) FROM orders WHERE note = 'sent'",
    "SELECT 'sent'::status",
    "SELECT 1 FROM pg_enum WHERE enumlabel = 'sent'",
    "ALTER TABLE orders ALTER COLUMN status TYPE text USING CASE WHEN status = 'open' THEN 'sent' ELSE 'x' END",
    "COMMENT ON TABLE orders IS 'sent'",
    "CREATE FUNCTION f() RETURNS status LANGUAGE plpgsql AS $$ BEGIN RETURN 'sent'::status; END $$",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("enums")) as running:
        yield running


def project(
    folder: Path, revisions: list[list[str]], options: str = "", url: str = "postgresql+psycopg://db/app"
) -> Path:
    versions = folder / "alembic" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = {folder / 'alembic'}\nsqlalchemy.url = {url}\n")
    (folder / "alembic" / "env.py").write_text(ENV.format(url=url, options=options))
    down = None
    for number, statements in enumerate(revisions):
        name = f"{number:04d}"
        calls = "\n    ".join(f'op.execute("""{each}""")' for each in statements)
        (versions / f"{name}.py").write_text(script(name, down, calls))
        down = name
    return folder


def is_found(folder: Path, server: PostgresServer) -> bool:
    report = check(folder, version=server.version)
    return any(each.code == "MG325" for each in report.findings)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_the_rule_says_what_the_server_does(tmp_path: Path, server: PostgresServer, statement: str) -> None:
    refusal = ""
    with psycopg.connect(server.dsn) as connection:
        for each in GIVEN:
            connection.execute(each)
        connection.commit()
        try:
            connection.execute(ADDED)
            connection.execute(statement)
        except psycopg.Error as error:
            refusal = str(error)
        connection.rollback()
        connection.execute("DROP TABLE orders; DROP TYPE status")
    assert not refusal or REFUSAL in refusal, refusal
    assert is_found(project(tmp_path, [list(GIVEN), [ADDED, statement]], MODE), server) == bool(refusal)


MODE = ", transaction_per_migration=True"
USED = "UPDATE orders SET status = 'sent'"


@pytest.mark.parametrize(
    ("revisions", "options", "fails"),
    [
        ([[*GIVEN], [ADDED], [USED]], "", True),
        ([[*GIVEN], [ADDED], [USED]], MODE, False),
        ([[*GIVEN], [ADDED, USED]], MODE, True),
        ([[*GIVEN, ADDED, USED]], MODE, True),
        ([["CREATE TYPE kind AS ENUM ('a', 'b')", "CREATE TABLE kinds (kind kind DEFAULT 'b')"]], MODE, False),
        (
            [[*GIVEN], [ADDED, "ALTER TYPE status RENAME VALUE 'sent' TO 'gone'", USED.replace("sent", "gone")]],
            MODE,
            True,
        ),
        ([[*GIVEN], ["ALTER TYPE status RENAME VALUE 'paid' TO 'sent'", USED]], MODE, False),
    ],
)
def test_through_alembic(
    tmp_path: Path, server: PostgresServer, revisions: list[list[str]], options: str, fails: bool
) -> None:
    refusal, is_said = upgraded(tmp_path, server, revisions, options)
    assert (REFUSAL in refusal, is_said) == (fails, fails), refusal


def test_a_value_of_a_new_type(tmp_path: Path, server: PostgresServer) -> None:
    refusal, is_said = upgraded(tmp_path, server, [[NEW_TYPE, "CREATE TABLE kinds (kind kind DEFAULT 'b')"]], MODE)
    assert (REFUSAL in refusal) == is_said == (server.version < (17,)), refusal


def upgraded(folder: Path, server: PostgresServer, revisions: list[list[str]], options: str) -> tuple[str, bool]:
    """Upgrade a fresh database: what it refuses, and whether the rule says so."""
    host = server.dsn.partition("host=")[2].partition(" ")[0]
    project(folder, revisions, options, f"postgresql+psycopg://postgres@/postgres?host={host}")
    refusal = ""
    try:
        command.upgrade(Config(str(folder / "alembic.ini")), "head")
    except DBAPIError as error:
        refusal = str(error.orig)
    finally:
        with server.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS orders, kinds, alembic_version; DROP TYPE IF EXISTS status, kind")
    return refusal, is_found(folder, server)
