"""MG801 to MG804, each case run by the installed Alembic on Python's sqlite3: what is found is what happens.

A case begins on a database with rows. What is found to fail raises, and nothing else does; what is found lost is no
longer in the schema, and nothing else is; what is found deleted is no longer in the rows.
"""

from __future__ import annotations

import re
import sqlite3
import textwrap
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy.exc import SQLAlchemyError

from migrate_guard.commands._examples import git
from migrate_guard.model.finding import Finding, Severity
from migrate_guard.model.target import DialectName
from tests.checking import check

INI = "[alembic]\nscript_location = {folder}/migrations\nprepend_sys_path = {folder}\nsqlalchemy.url = {url}\n"
ENV = """\
from alembic import context
from sqlalchemy import create_engine, event, text

engine = create_engine(context.config.get_main_option("sqlalchemy.url"))
{listening}
with engine.connect() as connection:
    {first}
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
HEAD = """\
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
{upgrade}


def downgrade():
    raise NotImplementedError
"""
GIVEN = """
op.execute("CREATE TABLE teams (id INTEGER PRIMARY KEY, name TEXT)")
op.execute(
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT CONSTRAINT uq_email UNIQUE, team_id INTEGER, "
    "age INTEGER, plan TEXT, CONSTRAINT ck_plan CHECK (plan <> name))"
)
op.execute("CREATE INDEX ix_name ON users (name)")
op.execute("CREATE INDEX ix_age ON users (age) WHERE team_id > 0")
op.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, note TEXT)")
op.execute("INSERT INTO teams VALUES (1, 'a')")
op.execute("INSERT INTO users VALUES (1, 'a', 'e', 1, 30, 'p')")
op.execute("INSERT INTO orders VALUES (1, 1, '')")
"""
ON = "@event.listens_for(engine, 'connect')\ndef listen(c, _r): c.execute('PRAGMA foreign_keys=ON')\n"
BEGINS = ON.replace("c.execute", "c.isolation_level = None; c.execute") + (
    "@event.listens_for(engine, 'begin')\ndef begin(c): c.exec_driver_sql('BEGIN')\n"
)
FAMILY = ("MG801", "MG802", "MG803", "MG804")
FIRST = ("MG206", "MG406", "MG129")
"""Rules that speak of a failure before one of the family does."""


class Seen(NamedTuple):
    """What a database is, as far as batch mode is known to lose some of it."""

    parts: Counter[str]
    rows: dict[str, list[tuple[object, ...]]]


def project(folder: Path, given: str, body: str, listening: str, first: str) -> None:
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI.format(folder=folder, url=f"sqlite:///{folder}/app.db"))
    (folder / "migrations" / "env.py").write_text(ENV.format(listening=listening, first=first))
    for revision, down, upgrade in (("a1", None, GIVEN + textwrap.dedent(given)), ("b1", "a1", textwrap.dedent(body))):
        text = HEAD.format(revision=revision, down=down, upgrade=textwrap.indent(upgrade, "    "))
        (versions / f"{revision}.py").write_text(text)


def found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    monkeypatch.chdir(folder)
    return [each for each in check(folder).findings if each.revision == "b1"]


def run(folder: Path) -> tuple[Seen, Seen, str]:
    """The database before and after the revision, and what it raised."""
    config = Config(str(folder / "alembic.ini"))
    error = ""
    with warnings.catch_warnings(action="ignore"):
        command.upgrade(config, "a1")
        before = look(folder)
        try:
            command.upgrade(config, "b1")
        except (SQLAlchemyError, NotImplementedError, ValueError, CommandError) as raised:
            error = str(raised)
    return before, look(folder), error


def look(folder: Path) -> Seen:
    connection = sqlite3.connect(folder / "app.db")
    try:
        parts: Counter[str] = Counter()
        rows = {}
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master WHERE sql <> ''"):
            text = re.sub(r"[\s\"()]+", " ", sql).strip().lower()
            if kind == "table" and not name.startswith(("sqlite_", "alembic_", "_alembic")):
                parts.update(
                    f"{name} {word}" for word in re.findall(r"check|collate|autoincrement|on delete \w+", text)
                )
                rows[name] = connection.execute(f"SELECT * FROM {name}").fetchall()
            elif kind in ("trigger", "index"):
                parts[text] += 1
        return Seen(parts, rows)
    finally:
        connection.close()


VIEW_OF_ORDERS = "op.execute('CREATE VIEW v AS SELECT {} FROM orders')\n"
TRIGGER_OF_ORDERS = "op.execute('CREATE TRIGGER t AFTER INSERT ON orders BEGIN UPDATE teams SET name = NEW.{} ; END')\n"
BLOCK = "with op.batch_alter_table('users') as b: "
REFERRING_COLUMN = "sa.Column('x', sa.Integer(), sa.ForeignKey('teams.id'))"
PLAIN = {
    "set not null": ("op.alter_column('users', 'age', nullable=False)", ["MG801"]),
    "type": ("op.alter_column('users', 'age', type_=sa.BigInteger())", ["MG801"]),
    "default": ("op.alter_column('users', 'age', server_default='1')", ["MG801"]),
    "comment": ("op.alter_column('users', 'age', comment='x')", ["MG801"]),
    "comment of the table": ("op.create_table_comment('users', 'x')", ["MG801"]),
    "nothing": ("op.alter_column('users', 'age', existing_type=sa.Integer())", []),
    "rename": ("op.alter_column('users', 'plan', new_column_name='tariff')", []),
    "rename and type": ("op.alter_column('users', 'plan', new_column_name='x', type_=sa.Text())", ["MG801"]),
    "rename the table": ("op.rename_table('users', 'people')", []),
    "foreign key": ("op.create_foreign_key('fk', 'users', 'teams', ['team_id'], ['id'])", ["MG801"]),
    "unique": ("op.create_unique_constraint('uq', 'users', ['name'])", ["MG801"]),
    "check": ("op.create_check_constraint('ck', 'users', 'age > 0')", ["MG801"]),
    "primary key": ("op.create_primary_key('pk', 'users', ['name'])", ["MG801"]),
    "drop": ("op.drop_constraint('ck_plan', 'users', type_='check')", ["MG801"]),
    "drop without a name": ("op.drop_constraint(None, 'users', type_='unique')", ["MG206"]),
    "index": ("op.create_index('ix', 'users', ['age'])", []),
    "never copies": (
        "with op.batch_alter_table('users', recreate='never') as b: b.alter_column('age', nullable=False)",
        ["MG801"],
    ),
    "caught": ("try: op.create_unique_constraint('uq', 'users', ['name'])\nexcept Exception: pass", []),
    "asked": ("if op.get_bind().dialect.name != 'sqlite': op.alter_column('users', 'age', nullable=False)", []),
    # columns
    "column": ("op.add_column('users', sa.Column('x', sa.Text(), index=True))", []),
    "column, unique": ("op.add_column('users', sa.Column('x', sa.Text(), unique=True))", ["MG801"]),
    "column, unique index": ("op.add_column('users', sa.Column('x', sa.Text(), unique=True, index=True))", []),
    "column, key": ("op.add_column('users', sa.Column('x', sa.Integer(), sa.ForeignKey('teams.id')))", ["MG801"]),
    "column, inline key": (
        "op.add_column('users', sa.Column('x', sa.Integer(), sa.ForeignKey('teams.id')), inline_references=True)",
        [],
    ),
    "column, primary": (
        "op.add_column('users', sa.Column('x', sa.Integer(), primary_key=True), inline_primary_key=True)",
        ["MG804"],
    ),
    "column, check": ("op.add_column('users', sa.Column('x', sa.Text(), sa.CheckConstraint('x > 1')))", []),
    "column, boolean": ("op.add_column('users', sa.Column('x', sa.Boolean(create_constraint=True)))", []),
    "column, not null": ("op.add_column('users', sa.Column('x', sa.Text(), nullable=False))", ["MG406"]),
    "column, not null, null": (
        "op.add_column('users', sa.Column('x', sa.Text(), server_default=sa.text('NULL'), nullable=False))",
        ["MG406"],
    ),
    "column, primary key of nothing": (
        "op.add_column('users', sa.Column('x', sa.Integer(), primary_key=True))",
        ["MG129"],
    ),
    "column, identity": ("op.add_column('users', sa.Column('x', sa.Integer(), sa.Identity()))", ["MG406"]),
    "column, now": ("op.add_column('users', sa.Column('x', sa.DateTime(), server_default=sa.func.now()))", ["MG804"]),
    "column, clock": (
        "op.add_column('users', sa.Column('x', sa.DateTime(), server_default=sa.text('CURRENT_TIMESTAMP')))",
        ["MG804"],
    ),
    "column, call": (
        "op.add_column('users', sa.Column('x', sa.Text(), server_default=sa.text('(lower(1))')))",
        ["MG804"],
    ),
    "column, sum": ("op.add_column('users', sa.Column('x', sa.Integer(), server_default=sa.text('(1+1)')))", ["MG804"]),
    "column, number": ("op.add_column('users', sa.Column('x', sa.Integer(), server_default=sa.text('(0)')))", []),
    "column, negative": ("op.add_column('users', sa.Column('x', sa.Integer(), server_default=sa.text('-1')))", []),
    "column, string": ("op.add_column('users', sa.Column('x', sa.Text(), server_default='a b'))", []),
    "column, false": ("op.add_column('users', sa.Column('x', sa.Boolean(), server_default=sa.false()))", []),
    "column, word": ("op.add_column('users', sa.Column('x', sa.Boolean(), server_default=sa.text('true')))", []),
    "column, bytes": ("""op.add_column('users', sa.Column('x', sa.Text(), server_default=sa.text("x'00'")))""", []),
    "column, null": ("op.add_column('users', sa.Column('x', sa.Text(), server_default=sa.text('NULL')))", []),
    "column, stored": (
        "op.add_column('users', sa.Column('x', sa.Text(), sa.Computed('lower(name)', persisted=True)))",
        ["MG804"],
    ),
    "column, virtual": ("op.add_column('users', sa.Column('x', sa.Text(), sa.Computed('lower(name)')))", []),
    "column, virtual and not null": (
        "op.add_column('users', sa.Column('x', sa.Text(), sa.Computed('lower(name)'), nullable=False))",
        [],
    ),
    "column of a new table": (
        """
        op.create_table('n', sa.Column('id', sa.Integer(), primary_key=True))
        op.add_column('n', sa.Column('x', sa.DateTime(), server_default=sa.func.now()))
        """,
        [],
    ),
    # columns that go
    "drop a column": ("op.drop_column('orders', 'note')", []),
    "drop the primary key": ("op.drop_column('users', 'id')", ["MG801"]),
    "drop what is unique": ("op.drop_column('users', 'email')", ["MG801"]),
    "drop what is indexed": ("op.drop_column('users', 'name')", ["MG801"]),
    "drop what an index asks": ("op.drop_column('users', 'team_id')", ["MG801"]),
    "drop what a check asks": ("op.drop_column('users', 'plan')", ["MG801"]),
    "drop what a view reads": (VIEW_OF_ORDERS.format("note") + "op.drop_column('orders', 'note')", ["MG801"]),
    "drop what a view does not read": (VIEW_OF_ORDERS.format("id") + "op.drop_column('orders', 'note')", []),
    "drop what a view has by a star": (VIEW_OF_ORDERS.format("*") + "op.drop_column('orders', 'note')", []),
    "drop what a trigger reads": (TRIGGER_OF_ORDERS.format("note") + "op.drop_column('orders', 'note')", ["MG801"]),
    "drop what a trigger does not read": (TRIGGER_OF_ORDERS.format("id") + "op.drop_column('orders', 'note')", []),
    "drop the index first": ("op.drop_index('ix_age', 'users')\nop.drop_column('users', 'team_id')", []),
    # constraints without a name in a batch block
    "block, key": (BLOCK + "b.create_foreign_key(None, 'teams', ['team_id'], ['id'])", ["MG207"]),
    "block, unique": (BLOCK + "b.create_unique_constraint(None, ['age'])", ["MG207"]),
    "block, column": (BLOCK + "b.add_column(sa.Column('x', sa.Text(), unique=True))", ["MG207"]),
    "block, column with key": (BLOCK + f"b.add_column({REFERRING_COLUMN})", ["MG207"]),
    "block, inline key": (BLOCK + f"b.add_column({REFERRING_COLUMN}, inline_references=True)", []),
    "block, check": (BLOCK + "b.add_column(sa.Column('x', sa.Text(), sa.CheckConstraint('x > 1')))", []),
    "block, boolean": (BLOCK + "b.add_column(sa.Column('x', sa.Boolean(create_constraint=True)))", []),
    "block, named": (BLOCK + "b.create_unique_constraint('u', ['age'])", []),
    # raw SQL
    "sql, type": ("op.execute('ALTER TABLE users ALTER COLUMN age TYPE bigint')", ["MG801"]),
    "sql, constraint": ("op.execute('ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)')", ["MG801"]),
    "sql, drop": ("op.execute('ALTER TABLE users DROP CONSTRAINT ck_plan')", ["MG801"]),
    "sql, two things": ("op.execute('ALTER TABLE users ADD COLUMN x INT, ADD COLUMN y INT')", ["MG801"]),
    "sql, if not there": ("op.execute('ALTER TABLE users ADD COLUMN IF NOT EXISTS x INT')", ["MG801"]),
    "sql, if there": ("op.execute('ALTER TABLE orders DROP COLUMN IF EXISTS note')", ["MG801"]),
    "sql, unique": ("op.execute('ALTER TABLE users ADD COLUMN x INT UNIQUE')", ["MG804"]),
    "sql, key": ("op.execute('ALTER TABLE users ADD COLUMN x INT REFERENCES teams (id)')", []),
    "sql, clock": ("op.execute('ALTER TABLE users ADD COLUMN x TEXT DEFAULT CURRENT_DATE')", ["MG804"]),
    "sql, cast": ("op.execute('ALTER TABLE users ADD COLUMN x TEXT NOT NULL DEFAULT 0x1F')", []),
    "sql, rename": ("op.execute('ALTER TABLE orders RENAME note TO remark')", []),
}


@pytest.mark.parametrize("name", PLAIN)
def test_alter(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body, codes = PLAIN[name]
    project(tmp_path, "", body, "", "pass")
    findings = [
        each
        for each in found(tmp_path, monkeypatch)
        if each.code in (*FAMILY, *FIRST) or (each.code == "MG207" and each.severity is Severity.ERROR)
    ]
    _, _, error = run(tmp_path)
    assert [each.code for each in findings] == codes, "\n".join(each.message for each in findings)
    assert bool(error) == bool(codes), error


TYPE = "b.alter_column('age', type_=sa.BigInteger())"
NUMBERED = "op.execute('CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT COLLATE NOCASE)')"
TRIGGER = "op.execute('CREATE TRIGGER t AFTER UPDATE ON users BEGIN UPDATE teams SET name = 1; END')"
OTHER = "op.execute('CREATE TRIGGER t AFTER UPDATE ON teams BEGIN UPDATE users SET age = 1; END')"
VIEW = "op.execute('CREATE VIEW v AS SELECT name FROM users')"
DESC = "op.execute('CREATE INDEX i ON users (age DESC)')"
LOWER = "op.execute('CREATE INDEX i ON users (lower(name))')"
CHECKED = "op.execute('ALTER TABLE orders ADD COLUMN n INTEGER CHECK (n > 0)')"
INLINE = (
    "op.execute('CREATE TABLE n (id INTEGER PRIMARY KEY, u INTEGER REFERENCES users (id) ON DELETE CASCADE, b INT)')"
)
GENERATED = "op.execute('ALTER TABLE orders ADD COLUMN g TEXT AS (lower(note))')"


def block(line: str, table: str = "users", more: str = "") -> str:
    return f"with op.batch_alter_table({table!r}{more}) as b:\n    {line}\n"


COPIES: dict[str, tuple[str, str, str | None]] = {
    "a plain table": ("", block(TYPE), ""),
    "a trigger": (TRIGGER, block(TYPE), "loses"),
    "a trigger that is made again": (TRIGGER, block(TYPE) + TRIGGER, ""),
    "a trigger that is dropped before": (TRIGGER, "op.execute('DROP TRIGGER t')\n" + block(TYPE) + TRIGGER, ""),
    "a trigger of another table": (OTHER, block(TYPE), "fails"),
    "a trigger of another table, old ways": (OTHER, "op.execute('PRAGMA legacy_alter_table=ON')\n" + block(TYPE), ""),
    "a trigger of another table that is not named": (
        TRIGGER,
        block("b.alter_column('note', type_=sa.Text())", "orders"),
        "",
    ),
    "a view": (VIEW, block(TYPE), "fails"),
    "a view, old ways": (VIEW, "op.execute('PRAGMA legacy_alter_table=ON')\n" + block(TYPE), ""),
    "a view that is dropped before": (VIEW, "op.execute('DROP VIEW v')\n" + block(TYPE) + VIEW, ""),
    "a view of another table": (VIEW, block("b.alter_column('name', type_=sa.Text())", "teams"), ""),
    "an order": (DESC, block(TYPE), "loses"),
    "an order that is written again": (DESC, block(TYPE) + "op.drop_index('i')\n" + DESC, ""),
    "the collation of an index": ("op.execute('CREATE INDEX i ON users (name COLLATE NOCASE)')", block(TYPE), "loses"),
    "an expression": (LOWER, block(TYPE), "loses"),
    "an expression that is written again": (LOWER, block(TYPE) + LOWER, ""),
    "a partial index": ("op.execute('CREATE UNIQUE INDEX i ON users (age) WHERE age > 0')", block(TYPE), ""),
    "a check": (CHECKED, block("b.alter_column('note', type_=sa.String(9))", "orders"), "loses"),
    "a check that is told": (
        CHECKED,
        block(
            "b.alter_column('note', nullable=True)", "orders", ", table_args=[sa.CheckConstraint('n > 0', name='c')]"
        ),
        "",
    ),
    "a check that is named": (
        CHECKED.replace("CHECK", "CONSTRAINT c CHECK"),
        block("b.alter_column('note', nullable=True)", "orders"),
        "",
    ),
    "a collation and the numbers": (NUMBERED, block("b.create_unique_constraint('u', ['a'])", "n"), "loses"),
    "a collation that is told": (
        NUMBERED.replace(" AUTOINCREMENT", ""),
        block(
            "b.create_unique_constraint('u', ['a'])",
            "n",
            ", reflect_args=[sa.Column('a', sa.Text(collation='NOCASE'))]",
        ),
        "",
    ),
    "the column that has the collation": (
        NUMBERED.replace(" AUTOINCREMENT", ""),
        block("b.alter_column('a', type_=sa.Text(collation='NOCASE'))", "n"),
        "",
    ),
    "the options of a key": (INLINE, block("b.alter_column('b', type_=sa.Text())", "n"), "loses"),
    "a key that stands behind": (
        INLINE.replace("INTEGER REFERENCES", "INTEGER, b INT, FOREIGN KEY (u) REFERENCES").replace(", b INT)')", ")')"),
        block("b.alter_column('b', type_=sa.Text())", "n"),
        "",
    ),
    "a generated column": (GENERATED, block("b.alter_column('note', type_=sa.Text())", "orders"), "fails"),
    "a generated column that goes": (GENERATED, block("b.drop_column('g')", "orders"), ""),
    "an indexed column that goes": ("", block("b.drop_column('name')"), "fails"),
    "an indexed column that goes with its index": ("", block("b.drop_index('ix_age'); b.drop_column('age')"), None),
    "an indexed column that goes with its index, if that is there": (
        "",
        """
        try:
            with op.batch_alter_table('users') as b:
                b.drop_column('age')
                if 'ix_age' in [each['name'] for each in sa.inspect(op.get_bind()).get_indexes('users')]:
                    b.drop_index('ix_age')
        except Exception:
            pass
        """,
        None,
    ),
    "a column that an index asks": ("", block("b.drop_column('team_id')"), "fails"),
    "an indexed column of another name": ("", block("b.alter_column('name', new_column_name='n')"), "fails"),
    "a column that a check names": ("", block("b.drop_column('plan')"), "fails"),
    "a column that a check names, of another name": ("", block("b.alter_column('plan', new_column_name='p')"), "fails"),
    "a column that goes with its check": (
        "",
        block("b.drop_column('plan'); b.drop_constraint('ck_plan', type_='check')"),
        None,
    ),
    "a plain column of another name": (
        "op.execute('CREATE TABLE n (id INTEGER PRIMARY KEY, a TEXT)')\nop.execute('CREATE INDEX i ON n (a)')",
        block("b.alter_column('a', new_column_name='b')", "n"),
        None,
    ),
    "what is not copied": (TRIGGER, block("b.add_column(sa.Column('x', sa.Text(), index=True))"), ""),
    "a new index": (TRIGGER, block("b.create_index('i', ['age'])"), ""),
    "a constant": (TRIGGER, block("b.add_column(sa.Column('x', sa.Text(), server_default='a'))"), ""),
    "a virtual column": (TRIGGER, block("b.add_column(sa.Column('x', sa.Text(), sa.Computed('lower(name)')))"), ""),
    "the time": (TRIGGER, block("b.add_column(sa.Column('x', sa.DateTime(), server_default=sa.func.now()))"), "loses"),
    "a text": (TRIGGER, block("b.add_column(sa.Column('x', sa.Integer(), server_default=sa.text('0')))"), "loses"),
    "a stored column": (
        TRIGGER,
        block("b.add_column(sa.Column('x', sa.Text(), sa.Computed('lower(name)', persisted=True)))"),
        "loses",
    ),
    "a foreign key": (
        TRIGGER,
        block("b.add_column(sa.Column('x', sa.Integer(), sa.ForeignKey('teams.id', name='f')))"),
        "loses",
    ),
    "an inline foreign key": (
        TRIGGER,
        block("b.add_column(sa.Column('x', sa.Integer(), sa.ForeignKey('teams.id')), inline_references=True)"),
        "",
    ),
    "a boolean": (TRIGGER, block("b.add_column(sa.Column('x', sa.Boolean(create_constraint=True)))"), "loses"),
    "always": (TRIGGER, block("pass", more=", recreate='always'"), "loses"),
    "a comment": (TRIGGER, block("b.create_table_comment('x')"), "loses"),
}


@pytest.mark.parametrize("name", COPIES)
def test_copy(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # None: nothing that the block does not say
    given, body, fate = COPIES[name]
    project(tmp_path, given, body, "", "pass")
    findings = [each for each in found(tmp_path, monkeypatch) if each.code in FAMILY]
    said = "\n".join(each.message for each in findings)
    before, after, error = run(tmp_path)
    assert {each.code for each in findings} == ({"MG803"} if fate else set()), said
    is_error = [each.severity is Severity.ERROR for each in findings]
    assert bool(error) == any(is_error) == (fate == "fails"), error
    if not error and fate is not None:
        assert bool(before.parts - after.parts) == bool(findings), before.parts - after.parts


KEYS = {
    "cascade": ("ON DELETE CASCADE", "deleted"),
    "set null": ("ON DELETE SET NULL", "becomes NULL"),
    "nothing": ("", "failed"),
    "restrict": ("ON DELETE RESTRICT", "failed"),
    "set default": ("ON DELETE SET DEFAULT", "failed"),
    "deferred": ("DEFERRABLE INITIALLY DEFERRED", "failed"),
    "deferred cascade": ("ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED", "deleted"),
}
REFERRING = (
    "op.execute('CREATE TABLE c (id INTEGER PRIMARY KEY, u INTEGER DEFAULT 1 REFERENCES users (id) {options})')\n"
    "op.execute('INSERT INTO c VALUES (1, 1)')\n"
)
OFF = "op.execute('PRAGMA foreign_keys=OFF')\n"
SWITCHED = {
    "off": ("", "pass", block(TYPE), ""),
    "on": (ON, "pass", block(TYPE), "deleted"),
    "off first": (ON, "pass", OFF + block(TYPE), ""),
    "off, spelled otherwise": (ON, "pass", "op.execute('PRAGMA foreign_keys(0);')\n" + block(TYPE), ""),
    "off after a question": (ON, "pass", "op.get_bind().scalar(sa.text('SELECT 1'))\n" + OFF + block(TYPE), ""),
    "off after DDL": (ON, "pass", "op.create_index('i', 'users', ['age'])\n" + OFF + block(TYPE), ""),
    "off after DML": (ON, "pass", "op.execute('UPDATE teams SET name = 2')\n" + OFF + block(TYPE), "does nothing"),
    "off after another copy": (
        ON,
        "pass",
        block("b.alter_column('note', type_=sa.Text())", "orders") + OFF + block(TYPE),
        "does nothing",
    ),
    "off in an autocommit block": (
        ON,
        "pass",
        f"op.execute('UPDATE teams SET name = 2')\nwith op.get_context().autocommit_block():\n    {OFF}{block(TYPE)}",
        "",
    ),
    "deferred": (ON, "pass", "op.execute('PRAGMA defer_foreign_keys=ON')\n" + block(TYPE), "deleted"),
    "off in env.py": (
        ON,
        "connection.execute(text('PRAGMA foreign_keys=OFF')); connection.commit()",
        block(TYPE),
        "",
    ),
    "on in the script": ("", "pass", "op.execute('PRAGMA foreign_keys = 1')\n" + block(TYPE), "deleted"),
    "begun": (BEGINS, "pass", OFF + block(TYPE), "does nothing"),
    "not copied": (ON, "pass", block("b.add_column(sa.Column('x', sa.Text()))"), ""),
    "the child alone": (ON, "pass", block("b.alter_column('u', type_=sa.BigInteger())", "c"), ""),
    "another parent": (ON, "pass", block("b.alter_column('name', type_=sa.Text())", "teams"), ""),
}


@pytest.mark.parametrize("name", KEYS)
def test_key(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options, word = KEYS[name]
    project(tmp_path, REFERRING.format(options=options), block(TYPE), ON, "pass")
    found_and_run(tmp_path, monkeypatch, word)


@pytest.mark.parametrize("name", SWITCHED)
def test_switch(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listening, first, body, word = SWITCHED[name]
    project(tmp_path, REFERRING.format(options="ON DELETE CASCADE"), body, listening, first)
    found_and_run(tmp_path, monkeypatch, word)


def test_table_that_refers_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = (
        "op.execute('CREATE TABLE c (id INTEGER PRIMARY KEY, u INTEGER, FOREIGN KEY (u) REFERENCES c (id))')\n"
        "op.execute('INSERT INTO c VALUES (1, NULL), (2, 1)')\n"
    )
    project(tmp_path, given, block("b.alter_column('u', type_=sa.BigInteger())", "c"), ON, "pass")
    found_and_run(tmp_path, monkeypatch, "failed")


def test_tables_of_the_range_are_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path, REFERRING.format(options="ON DELETE CASCADE"), block(TYPE), ON, "pass")
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "empty")
    assert "MG802" in {each.code for each in check(tmp_path).findings}
    assert "MG802" not in {each.code for each in check(tmp_path, since="main").findings}


def found_and_run(folder: Path, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Whether MG802 says the word, and the rows of the table that refers bear it out."""
    findings = [each for each in found(folder, monkeypatch) if each.code == "MG802"]
    before, after, error = run(folder)
    assert [word in each.message for each in findings] == ([True] if word else []), [each.message for each in findings]
    assert ("FOREIGN KEY" in error) == (word == "failed"), error
    assert (before.rows["c"] != after.rows["c"]) == (word not in ("", "failed"))


@pytest.mark.parametrize(
    ("version", "body", "codes"),
    [
        ((3, 24), "op.alter_column('users', 'age', new_column_name='years')", ["MG801"]),
        ((3, 25), "op.alter_column('users', 'age', new_column_name='years')", []),
        ((3, 34), "op.drop_column('orders', 'note')", ["MG801"]),
        ((3, 35), "op.drop_column('orders', 'note')", []),
        ((3, 52), "op.alter_column('users', 'age', nullable=False)", ["MG801"]),
        ((3, 53), "op.alter_column('users', 'age', nullable=False)", []),
        ((3, 53), "op.alter_column('users', 'age', type_=sa.Text())", ["MG801"]),
        ((3, 53), "op.create_check_constraint('ck', 'users', 'age > 0')", ["MG801"]),
        ((3, 53), "op.execute('ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0)')", []),
        ((3, 53), "op.execute('ALTER TABLE users ADD CONSTRAINT u UNIQUE (age)')", ["MG801"]),
        ((3, 53), "op.execute('ALTER TABLE users DROP CONSTRAINT ck_plan')", []),
        ((3, 53), "op.execute('ALTER TABLE users DROP CONSTRAINT uq_email')", ["MG801"]),
        ((3,), "op.drop_column('orders', 'note')", []),
    ],
)
def test_version(
    version: tuple[int, ...], body: str, codes: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path, "", body, "", "pass")
    monkeypatch.chdir(tmp_path)
    report = check(tmp_path, version=version)
    assert [each.code for each in report.findings if each.code in FAMILY] == codes


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb"])
def test_other_databases_see_nothing(dialect: DialectName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "\n".join(PLAIN[name][0] for name in ("set not null", "foreign key", "drop", "column, now"))
    project(tmp_path, TRIGGER, body + "\n" + block(TYPE), ON, "pass")
    monkeypatch.chdir(tmp_path)
    assert not [each for each in check(tmp_path, dialect=dialect).findings if each.code in FAMILY]
    assert {each.code for each in check(tmp_path, dialect="sqlite").findings} >= {"MG801", "MG803", "MG804"}
