"""What SQLite and batch mode make of tables, compared with what Alembic and SQLite really do."""

from __future__ import annotations

import sqlite3
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.pool import StaticPool

from benchmarks.comparison import compare
from benchmarks.reflection import sqlite_schema
from migrate_guard.commands._schema_json import document
from migrate_guard.model.schema import Schema
from tests.reading.interpreting import run

SNIPPETS = {
    "a convention names what has no name": """
        op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))
        op.create_table(
            "t",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("u_id", sa.Integer, sa.ForeignKey("u.id")),
            sa.Column("a", sa.Text, unique=True),
        )
        names = {"fk": "fk_%(table_name)s_%(column_0_name)s", "pk": "pk_%(table_name)s"}
        with op.batch_alter_table("t", naming_convention=names) as batch:
            batch.alter_column("a", nullable=False)
    """,
    "a key is dropped by the name of the convention": """
        op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))
        op.create_table(
            "t",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("u_id", sa.Integer, sa.ForeignKey("u.id", ondelete="SET NULL")),
        )
        names = {"fk": "fk_%(table_name)s_%(column_0_name)s"}
        with op.batch_alter_table("t", naming_convention=names) as batch:
            batch.drop_constraint("fk_t_u_id", type_="foreignkey")
            batch.create_foreign_key("fk_t_u", "u", ["u_id"], ["id"], ondelete="CASCADE")
    """,
    "a block that copies nothing adds no constraint": """
        op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))
        with op.batch_alter_table("t", table_args=[sa.UniqueConstraint("a", name="uq")]):
            pass
        with op.batch_alter_table("t", table_args=[sa.UniqueConstraint("a", name="uq2")]) as batch:
            batch.add_column(sa.Column("b", sa.Text))
            batch.create_index("ix_b", ["b"])
    """,
    "a block that copies adds its constraints": """
        op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Text))
        with op.batch_alter_table("t", table_args=[sa.UniqueConstraint("a", name="uq")]) as batch:
            batch.alter_column("a", nullable=False)
        with op.batch_alter_table("t", recreate="always", table_args=[sa.CheckConstraint("a <> ''", name="ck")]):
            pass
    """,
    "unnamed checks and indexes of expressions are lost": """
        op.create_table(
            "t",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Integer, sa.CheckConstraint("a > 0")),
            sa.Column("b", sa.Text),
            sa.CheckConstraint("a < 9", name="ck_a"),
        )
        op.create_index("ix_lower", "t", [sa.text("lower(b)")])
        op.create_index("ix_b", "t", ["b"])
        with op.batch_alter_table("t") as batch:
            batch.alter_column("b", nullable=False)
    """,
    "a key comes with its column": """
        op.create_table("t", sa.Column("a", sa.Text))
        with op.batch_alter_table("t", recreate="always") as batch:
            batch.add_column(sa.Column("id", sa.Integer, primary_key=True))
    """,
    "a constraint of a column copies the table": """
        op.create_table("u", sa.Column("id", sa.Integer, primary_key=True))
        op.execute("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER CHECK (a > 0))")
        with op.batch_alter_table("t") as batch:
            batch.add_column(sa.Column("u_id", sa.Integer, sa.ForeignKey("u.id", name="fk")))
        op.execute("CREATE TABLE s (id INTEGER NOT NULL PRIMARY KEY, a INTEGER CHECK (a > 0))")
        with op.batch_alter_table("s") as batch:
            batch.add_column(sa.Column("u_id", sa.Integer, sa.ForeignKey("u.id"), index=True), inline_references=True)
            batch.add_column(sa.Column("b", sa.Text, sa.CheckConstraint("b > 0", name="ck_b")))
    """,
    "a constraint of a type copies the table": """
        op.execute("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER CHECK (a > 0))")
        with op.batch_alter_table("t") as batch:
            batch.add_column(sa.Column("b", sa.Boolean(create_constraint=True, name="ck_b")))
            batch.add_column(sa.Column("c", sa.Boolean(create_constraint=True)))
    """,
    "a block that never copies": """
        op.execute("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a INTEGER CHECK (a > 0))")
        with op.batch_alter_table("t", recreate="never") as batch:
            batch.add_column(sa.Column("b", sa.Boolean(create_constraint=True)))
    """,
    "what stands at a column in SQL": """
        op.execute("CREATE TABLE u (id INTEGER NOT NULL PRIMARY KEY)")
        op.execute(
            "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a TEXT COLLATE NOCASE,"
            " u INTEGER CONSTRAINT f REFERENCES u (id) ON DELETE CASCADE)"
        )
        op.execute("CREATE INDEX ix ON t (a DESC)")
        op.execute("CREATE INDEX ix2 ON t (a COLLATE BINARY, u)")
        with op.batch_alter_table("t") as batch:
            batch.alter_column("a", nullable=False)
    """,
    "checks of types": """
        op.create_table(
            "t",
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.Boolean(create_constraint=True)),
            sa.Column("b", sa.Boolean(create_constraint=True, name="ck_b")),
            sa.Column("c", sa.Enum("x", "y", create_constraint=True, name="kind")),
            sa.Column("d", sa.Boolean()),
        )
        op.add_column("t", sa.Column("e", sa.Boolean(create_constraint=True, name="ck_e")))
    """,
    "keys": """
        op.create_table("a", sa.Column("id", sa.Integer, primary_key=True), sqlite_autoincrement=True)
        op.create_table("b", sa.Column("id", sa.Text, nullable=True), sa.PrimaryKeyConstraint("id", name="pk_b"))
        op.create_table("c", sa.Column("id", sa.Text), sa.PrimaryKeyConstraint("id"))
        op.create_table("d", sa.Column("a", sa.Text, unique=True), sa.UniqueConstraint("a"))
    """,
    "the database is asked about its indexes": """
        op.create_table("t", sa.Column("id", sa.Text, primary_key=True), sa.Column("a", sa.Text, unique=True))
        op.create_index("ix", "t", ["a"])
        for row in op.get_bind().execute(sa.text("PRAGMA index_list('t')")).fetchall():
            for column in op.get_bind().execute(sa.text(f"PRAGMA index_info('{row[1]}')")).fetchall():
                name = f"{row[1]}_{row[3]}_{column[2]}".replace("sqlite_", "own_")
                op.create_table(name, sa.Column("id", sa.Integer))
        for row in op.get_bind().execute(sa.text("PRAGMA table_info(t)")):
            op.create_table(f"c_{row.name}_{row.pk}", sa.Column("id", sa.Integer))
    """,
}


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", SNIPPETS)
def test_the_folded_schema_is_the_database(name: str, tmp_path: Path, database: sqlite3.Connection) -> None:
    body = textwrap.dedent(SNIPPETS[name])
    ours = run(tmp_path, body, dialect="sqlite", schema=Schema.of_empty_database())
    engine = sa.create_engine("sqlite://", creator=lambda: database, poolclass=StaticPool)
    with engine.begin() as connection, warnings.catch_warnings(action="ignore"):
        op = Operations(MigrationContext.configure(connection))
        exec(body, {"op": op, "sa": sa})
    theirs = sqlite_schema(database)
    found = compare(document(ours.after, "sqlite", [], "alembic_version"), lambda item: False, theirs)
    assert [str(each) for each in found if each.verdict != "equal"] == []
    assert found
