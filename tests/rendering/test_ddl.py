"""`schema --format sql`: what it prints, and that databases and our own reader make the same schema of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from benchmarks import reflection
from benchmarks.comparison import Form, compare, doubts
from migrate_guard.__main__ import run
from migrate_guard.commands._schema_json import document
from migrate_guard.dialects.sql_types import sql_type
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import DialectName, Target
from migrate_guard.reading.sql.tokens import split
from migrate_guard.rendering.ddl import ddl
from tests import servers
from tests.rendering.snippets import Case, cases, folded, printed, read_back

CASES = cases()
ALL_KNOWN = [each for each in CASES if not each.title.startswith("what ")]
FIXTURES = Path(__file__).parents[2] / "fixtures"
PROJECTS = sorted(path.parent for path in FIXTURES.glob("*/expected.toml"))


def title(case: Case) -> str:
    return case.title


def form(schema: Schema, dialect: DialectName) -> Form:
    return document(schema, dialect, (), "alembic_version")


def differing(ours: Form, schema: Schema, theirs: Form) -> list[str]:
    """What differs between two schemas, but for what ours says itself that it does not know."""
    found = compare(ours, doubts(schema), theirs)
    assert found
    return [str(each) for each in found if each.verdict != "equal" and not each.is_doubted]


@pytest.mark.parametrize("case", CASES, ids=title)
def test_what_is_printed(case: Case, tmp_path: Path) -> None:
    assert printed(case, tmp_path) == case.expected


@pytest.mark.parametrize("case", ALL_KNOWN, ids=title)
def test_our_own_reader_makes_the_same_schema_of_it(case: Case, tmp_path: Path) -> None:
    ours = form(folded(case, tmp_path), case.dialect)
    again = read_back(case.expected, case.dialect)
    assert differing(form(again, case.dialect), again, ours) == []


# ALTER SEQUENCE … OWNED BY and COMMENT ON TABLE are not folded.
NOT_FOLDED = ("OWNED BY", "COMMENT ON TABLE")
FOLDED = [each for each in ALL_KNOWN if not any(phrase in each.expected for phrase in NOT_FOLDED)]


@pytest.mark.parametrize("case", FOLDED, ids=title)
def test_printing_what_was_read_back_prints_the_same(case: Case) -> None:
    again = read_back(case.expected, case.dialect)
    assert ddl(again, Target.default(case.dialect), "alembic_version").strip("\n") == case.expected


def test_the_cases_cover_the_databases() -> None:
    assert {each.dialect for each in CASES} == {"postgresql", "sqlite", "mariadb"}


def test_nothing() -> None:
    assert ddl(Schema(), Target.default("postgresql"), "alembic_version") == "-- the schema is empty\n"


# -- PostgreSQL


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.PostgresServer]:
    with servers.postgresql(tmp_path_factory.mktemp("ddl")) as server:
        yield server


@pytest.fixture
def connection(server: servers.PostgresServer) -> Iterator[psycopg.Connection[Any]]:
    """A connection to an empty database."""
    with server.connect() as maintenance:
        maintenance.execute("DROP DATABASE IF EXISTS printed WITH (FORCE)")
        maintenance.execute("CREATE DATABASE printed TEMPLATE template0")
    with psycopg.connect(server.dsn, dbname="printed", autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("case", [each for each in CASES if each.dialect == "postgresql"], ids=title)
def test_postgresql_makes_the_schema(case: Case, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    connection.execute(case.expected.encode())
    if case in ALL_KNOWN:
        schema = folded(case, tmp_path)
        theirs = reflection.postgresql_schema(connection)
        assert differing(form(schema, "postgresql"), schema, theirs) == []


# -- SQLite


@pytest.mark.parametrize("case", [each for each in CASES if each.dialect == "sqlite"], ids=title)
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
def test_sqlite_makes_the_schema(case: Case, tmp_path: Path) -> None:
    schema = folded(case, tmp_path)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(case.expected)
        assert differing(form(schema, "sqlite"), schema, reflection.sqlite_schema(connection)) == []


# -- MariaDB


@contextmanager
def mariadb(directory: Path) -> Iterator[pymysql.Connection[Any]]:
    """A connection to an empty database."""
    with servers.mariadb(directory) as server, closing(server.connect()) as connection:
        with connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE printed")
        connection.select_db("printed")
        yield connection


def mariadb_schema(connection: pymysql.Connection[Any]) -> Form:
    """Reflect what the database `printed` has in the form that `schema --format json` prints."""

    def ask(query: str) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return list(cursor.fetchall())

    return {
        "tables": {name: mariadb_table(ask, name) for (name,) in ask("SHOW TABLES")},
        "enums": {},
        "views": [],
        "sequences": [],
    }


def mariadb_table(ask: Any, table: str) -> Form:
    place = f"WHERE TABLE_SCHEMA = 'printed' AND TABLE_NAME = '{table}'"
    columns = ask(
        f"SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT FROM information_schema.COLUMNS {place}"
    )
    keys = ask(
        "SELECT CONSTRAINT_NAME, GROUP_CONCAT(COLUMN_NAME ORDER BY ORDINAL_POSITION), MAX(REFERENCED_TABLE_NAME),"
        f" MAX(REFERENCED_COLUMN_NAME) FROM information_schema.KEY_COLUMN_USAGE {place} GROUP BY 1"
    )
    rules = dict(ask("SELECT CONSTRAINT_NAME, DELETE_RULE FROM information_schema.REFERENTIAL_CONSTRAINTS"))
    indexes = ask(
        "SELECT INDEX_NAME, GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX), MAX(NON_UNIQUE), LOWER(INDEX_TYPE)"
        f" FROM information_schema.STATISTICS {place} GROUP BY 1, 4"
    )
    checks = ask(
        "SELECT CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS"
        f" WHERE CONSTRAINT_SCHEMA = 'printed' AND TABLE_NAME = '{table}'"
    )
    names = {name for name, *_ in keys}
    return {
        "columns": {
            name: {
                "type": str(sql_type(type_, "mariadb")),
                "nullable": nullable == "YES",
                "default": None if default in (None, "NULL") else default,
                "identity": False,
                "computed": False,
            }
            for name, type_, nullable, default in columns
        },
        "partition": False,
        "primary_key": next(
            ({"name": name, "columns": on.split(",")} for name, on, *_ in keys if name == "PRIMARY"), None
        ),
        "foreign_keys": [
            {
                "name": name,
                "columns": on.split(","),
                "referred_table": referred,
                "referred_columns": referred_columns.split(","),
                "ondelete": rules[name],
            }
            for name, on, referred, referred_columns in keys
            if referred
        ],
        "unique_constraints": [
            {"name": name, "columns": on.split(",")}
            for name, on, referred, _ in keys
            if not referred and name != "PRIMARY"
        ],
        "check_constraints": [{"name": name, "sqltext": clause} for name, clause in checks],
        "indexes": [
            {"name": name, "columns": on.split(","), "unique": not repeats, "where": None, "method": method}
            for name, on, repeats, method in indexes
            if name not in names
        ],
    }


def test_mariadb_makes_the_schema(tmp_path: Path) -> None:
    (case,) = (each for each in CASES if each.dialect == "mariadb")
    schema = folded(case, tmp_path)
    with mariadb(tmp_path) as connection, connection.cursor() as cursor:
        for statement in split(case.expected, "mariadb"):
            cursor.execute(case.expected[statement.words[0].start : statement.words[-1].end])
        ours = form(schema, "mariadb")
        theirs = mariadb_schema(connection)
    assert differing(ours, schema, theirs) == []


# -- whole projects, through the command


def _ini(project: Path) -> str:
    path = project / "alembic.ini"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def printed_by_command(project: Path, output_format: str, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    assert run(["schema", "--format", output_format, *more, str(project)]) == 0
    return capsys.readouterr().out


OF_MARIADB = [each for each in PROJECTS if "mariadb+" in _ini(each)]


def test_project_of_mariadb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = FIXTURES / "brewery"
    assert project in OF_MARIADB
    monkeypatch.chdir(project)
    script = printed_by_command(project, "sql", capsys)
    ours = json.loads(printed_by_command(project, "json", capsys))
    with mariadb(tmp_path) as connection, connection.cursor() as cursor:
        for statement in split(script, "mariadb"):
            cursor.execute(script[statement.words[0].start : statement.words[-1].end])
        theirs = mariadb_schema(connection)
    different = [each for each in compare(ours, lambda _: False, theirs) if each.verdict != "equal"]
    # the server tells what it does where nothing is said
    assert [each.facts for each in different] == [(("ondelete", "none", "RESTRICT"),)]


@pytest.mark.parametrize("project", [each for each in PROJECTS if each not in OF_MARIADB], ids=lambda path: path.name)
def test_projects(
    project: Path,
    connection: psycopg.Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(project)
    script = printed_by_command(project, "sql", capsys)
    ours = json.loads(printed_by_command(project, "json", capsys))
    if ours["dialect"] == "sqlite":
        with closing(sqlite3.connect(":memory:")) as database:
            database.executescript(script)
            theirs: Form = reflection.sqlite_schema(database)
    else:
        connection.execute(script.encode())
        theirs = reflection.postgresql_schema(connection)
    unknown = script.count("-- not known: ")
    assert len([each for each in compare(ours, lambda _: False, theirs) if each.verdict != "equal"]) <= unknown
