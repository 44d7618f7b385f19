"""What is said of statements on SQLite, asked of SQLite: the steps of its virtual machine, and a second connection."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from migrate_guard.commands._examples import write
from migrate_guard.dialects.effects import effect
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import Target
from migrate_guard.pages import all_pages
from tests.checking import check
from tests.reading.interpreting import run

SQLITE = Target.default("sqlite")
GIVEN = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)"
STATEMENTS = [
    "ALTER TABLE t ADD COLUMN c TEXT",
    "ALTER TABLE t ADD COLUMN c TEXT DEFAULT 'x'",
    "ALTER TABLE t ADD COLUMN c TEXT CHECK (c <> 'x')",
    "ALTER TABLE t ADD COLUMN c TEXT AS (lower(a)) NOT NULL",
    "ALTER TABLE t ADD COLUMN c TEXT AS (lower(a))",
    "ALTER TABLE t RENAME COLUMN a TO c",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE t DROP COLUMN b",
    "CREATE INDEX ix ON t (a)",
    "UPDATE t SET a = 'y'",
    "CREATE VIEW v AS SELECT a FROM t",
]


def steps(sql: str, rows: int) -> int:
    """The steps that a statement takes on a table of so many rows."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(GIVEN)
        connection.executemany("INSERT INTO t (a, b) VALUES (?, ?)", [(str(each), "b") for each in range(rows)])
        connection.set_progress_handler(tick, 1)
        connection.execute(sql)
    return count


@pytest.mark.parametrize("sql", STATEMENTS)
def test_rows_are_read_as_told(sql: str, tmp_path: Path) -> None:
    body = f"op.execute({GIVEN!r})\nop.execute({sql!r})"
    (_, done) = run(tmp_path, body, dialect="sqlite", schema=Schema.of_empty_database()).transitions
    told = effect(done.operation, (done.operation,), done.before, SQLITE)
    assert told.scans.is_yes == (steps(sql, 2000) > steps(sql, 20) + 1000)
    assert told.blocks_writes.is_yes


@pytest.mark.parametrize("sql", STATEMENTS)
def test_others_wait_as_told(sql: str, tmp_path: Path) -> None:
    path = tmp_path / "app.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as one, closing(sqlite3.connect(path, timeout=0)) as two:
        one.execute(GIVEN)
        one.execute("CREATE TABLE other (id INTEGER)")
        one.execute("BEGIN")
        one.execute(sql)
        assert two.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            two.execute("INSERT INTO other VALUES (1)")
        one.execute("COMMIT")
        two.execute("INSERT INTO other VALUES (1)")


def test_no_rule_of_locks_speaks_on_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for one table alone there, and no lock of PostgreSQL is taken."""
    said = {"postgresql": 0, "sqlite": 0}
    bad = [each for page in all_pages() if page.code.startswith("MG3") for each in page.examples[:2]]
    for number, example in enumerate(bad):
        folder = tmp_path / str(number)
        folder.mkdir()
        write(folder, example)
        monkeypatch.chdir(folder)
        said["postgresql"] += _of_locks(folder, "postgresql")
        said["sqlite"] += _of_locks(folder, "sqlite")
    assert said["sqlite"] == 0 < said["postgresql"]


def _of_locks(folder: Path, dialect: str) -> int:
    report = check(folder, dialect=dialect)  # type: ignore[arg-type]  # one of the names that it takes
    return sum(each.code.startswith("MG3") for each in report.findings)
