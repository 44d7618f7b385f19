"""Queries that are answered from a folded schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate_guard.model import folding
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql import read_sql
from migrate_guard.reading.sql.queries import answer
from tests.reading.interpreting import run

HERE = Span("a.py", 1, 1, 1, 2)
MADE = """
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TABLE users (id serial PRIMARY KEY, email varchar(320) NOT NULL, m mood, CONSTRAINT uq_email UNIQUE (email));
    CREATE TABLE app.orders (id int, user_id int);
    ALTER TABLE app.orders ADD CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
    CREATE INDEX ix_m ON users (m);
    CREATE VIEW v AS SELECT id FROM users;
    INSERT INTO users (email, m) VALUES ('a@b.c', 'sad'), ('d@e.f', NULL);
"""
SHORT = """
    CREATE TABLE users (id integer PRIMARY KEY, email varchar(320) NOT NULL);
    CREATE INDEX ix_email ON users (email);
"""


def made(text: str, start: Schema, dialect: DialectName = "postgresql") -> Schema:
    schema = start
    for operation in read_sql(text, Target.default(dialect), lambda begin, end: HERE):
        schema = folding.apply(schema, operation)
    return schema


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT EXISTS (SELECT FROM information_schema.tables WHERE table_name = 'users')", [(True,)]),
        ("SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'app' AND tablename = 'users')", [(False,)]),
        ("SELECT to_regclass('public.users')", [("users",)]),
        ("SELECT to_regclass('app.orders') IS NULL", [(False,)]),
        (
            "SELECT column_name FROM information_schema.columns WHERE table_name = 'users' AND is_nullable = 'NO'",
            [("id",), ("email",)],
        ),
        ("SELECT data_type FROM information_schema.columns WHERE column_name = 'email'", [("character varying",)]),
        ("SELECT conname FROM pg_constraint WHERE conrelid = 'users'::regclass AND contype = 'u'", [("uq_email",)]),
        ("SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexname = 'ix_m'", [(1,)]),
        (
            "SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = :name",
            [(True,)],
        ),
        (
            "SELECT enumlabel FROM pg_enum JOIN pg_type ON pg_enum.enumtypid = pg_type.oid ORDER BY enumsortorder",
            [("sad",), ("ok",)],
        ),
        (
            "SELECT constraint_name, delete_rule FROM information_schema.referential_constraints",
            [("fk_user", "CASCADE")],
        ),
        ("SELECT viewname FROM pg_catalog.pg_views", [("v",)]),
        ("SELECT sequencename FROM pg_sequences", [("users_id_seq",)]),
        ("SELECT email FROM users WHERE m IS NULL", [("d@e.f",)]),
        ("SELECT count(*) FROM public.users", [(2,)]),
        ("SELECT count(*) FROM app.orders", [(0,)]),
        ("WITH few AS (SELECT email FROM users LIMIT 1) SELECT * FROM few", [("a@b.c",)]),
    ],
)
def test_rows(query: str, rows: list[tuple[object, ...]]) -> None:
    found = answer(query, {"name": "ix_m"}, made(MADE, Schema.of_empty_database()), "postgresql")
    assert found is not None
    assert list(found.rows) == rows


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM users",  # the sequence decides
        "SELECT 1 FROM nowhere",
        "SELECT rolname FROM pg_roles",
        "SELECT some_function(1)",
        "SELECT email FROM users WHERE email = :email",  # no value for it
        "DELETE FROM users",
        "SELECT 1; SELECT 2",
        "WITH RECURSIVE x (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM x) SELECT max(a) FROM x",
        "SELECT zeroblob(100000000)",
        "SELECT load_extension('x')",
        "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    ],
)
def test_no_answer(query: str) -> None:
    assert answer(query, {}, made(MADE, Schema.of_empty_database()), "postgresql") is None


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT 1 FROM pg_type WHERE typname = 'mood'", [(1,)]),
        ("SELECT 1 FROM pg_type WHERE typname = 'humour'", []),
        ("SELECT 1 FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'age'", []),
        ("SELECT email FROM users", None),
        ("SELECT tablename FROM pg_tables WHERE tablename LIKE 'staging%'", None),
        ("SELECT 1 FROM information_schema.columns WHERE table_name = 'others' AND column_name = 'age'", None),
        ("SELECT 1 FROM pg_constraint WHERE conname = 'uq_name'", None),
        ("SELECT 1 FROM pg_indexes WHERE tablename = 'given'", None),
    ],
)
def test_a_database_in_use_is_asked_about_what_the_history_tells(
    query: str, rows: list[tuple[object, ...]] | None
) -> None:
    schema = made(MADE + "ALTER TABLE given ADD COLUMN a int;", Schema())
    found = answer(query, {}, schema, "postgresql")
    assert (found and list(found.rows)) == rows or (found is None and rows is None)


def test_what_may_be_there_or_not_has_no_answer() -> None:
    schema = folding.doubt(made(MADE, Schema()), made("DROP TABLE users", Schema()).gone)
    assert answer("SELECT 1 FROM pg_tables WHERE tablename = 'users'", {}, schema, "postgresql") is None
    assert answer("SELECT 1 FROM pg_tables WHERE tablename = 'never'", {}, schema, "postgresql") is not None


@pytest.mark.parametrize(
    ("dialect", "query", "rows"),
    [
        ("sqlite", "SELECT name FROM sqlite_master WHERE type = 'index'", [("ix_email",)]),
        ("sqlite", "SELECT count(*) FROM sqlite_schema WHERE name = 'users'", [(1,)]),
        (
            "mysql",
            "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND COLUMN_NAME = 'email'",
            [(1,)],
        ),
        (
            "mariadb",
            "SELECT index_name FROM INFORMATION_SCHEMA.STATISTICS WHERE table_name = 'users' AND non_unique = 1",
            [("ix_email",)],
        ),
    ],
)
def test_other_databases(dialect: DialectName, query: str, rows: list[tuple[object, ...]]) -> None:
    found = answer(query, {}, made(SHORT, Schema.of_empty_database(), dialect), dialect)
    assert found is not None
    assert list(found.rows) == rows


def test_a_script_that_asks_without_end_is_not_answered_without_end(tmp_path: Path) -> None:
    body = """
    op.create_table("t", sa.Column("a", sa.Integer()))
    for _ in range(400):
        found = op.get_bind().execute(sa.text("SELECT count(*) FROM t")).scalar()
    if found == 0:
        op.drop_table("t")
    """
    done = run(tmp_path, body, schema=Schema.of_empty_database())
    assert done.transitions[-1].operation.condition == "if found == 0"
