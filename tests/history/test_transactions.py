"""In which transaction statements run, with which locks, settings and new values, as env.py and the scripts have it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from migrate_guard import engine
from migrate_guard.history.transactions import Session
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.model.statement import Statement
from migrate_guard.model.target import Target
from migrate_guard.reading.discover import discover
from tests.conftest import script

ENV = """\
from alembic import context
from sqlalchemy import create_engine, event

engine = create_engine("postgresql+psycopg://app@db/app"{engine})
{listeners}
with engine.connect() as connection:
    context.configure(connection=connection{options})
    with context.begin_transaction():
        {inside}
        context.run_migrations()
"""
EACH = ", transaction_per_migration=True"
CONNECTED = ', connect_args={"options": "-c lock_timeout=5s"}'
BEGIN = """
@event.listens_for(engine, "begin")
def limit(connection):
    connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
"""
AUTOCOMMIT = "with op.get_context().autocommit_block():\n        {0}"
ORDERS, USERS = QualifiedName("orders"), QualifiedName("users")


class History:
    """A project of revisions, and its statements as they will run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(
        self,
        *revisions: str | list[str],
        options: str = EACH,
        inside: str = "pass",
        of_engine: str = "",
        listeners: str = "",
        driver: str | None = "psycopg",
        is_one_run: bool = False,
        small: frozenset[QualifiedName] = frozenset(),
    ) -> list[Statement[Operation]]:
        """Read the revisions, each the lines of an upgrade, and run them."""
        self.write(revisions, ENV.format(options=options, inside=inside, engine=of_engine, listeners=listeners))
        (found,) = discover([self.folder], cwd=self.folder, environ={}).environments
        reading = engine.read(found, replace(Target.default(), driver=driver), self.folder)
        session = Session(reading.target, reading.environment, small, is_one_run)
        return list(self.statements(reading, session))

    def statements(self, reading: engine.Reading, session: Session) -> Iterator[Statement[Operation]]:
        for replayed in engine.replay(reading):
            assert replayed.upgrade is not None
            yield from session.run(replayed.revision, replayed.upgrade)

    def write(self, revisions: tuple[str | list[str], ...], env: str) -> None:
        versions = self.folder / "alembic" / "versions"
        versions.mkdir(parents=True)
        ini = f"[alembic]\nscript_location = {self.folder / 'alembic'}\n"
        (self.folder / "alembic.ini").write_text(ini, encoding="utf-8")
        (self.folder / "alembic" / "env.py").write_text(env, encoding="utf-8")
        down = None
        for number, upgrade in enumerate(revisions):
            name = f"{number:04d}"
            lines = [upgrade] if isinstance(upgrade, str) else upgrade
            text = script(name, down, "\n    ".join(each if each.startswith("with") else sql(each) for each in lines))
            (versions / f"{name}.py").write_text(text, encoding="utf-8")
            down = name


def sql(statement: str) -> str:
    return f'op.execute("{statement}")'


def outside(*statements: str) -> str:
    return AUTOCOMMIT.format("\n        ".join(map(sql, statements)))


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path)


ADD = "ALTER TABLE orders ADD COLUMN a int"
ADD_TO_USERS = "ALTER TABLE users ADD COLUMN a int"
UPDATE = "UPDATE orders SET a = 1"


def numbers(found: list[Statement[Operation]]) -> list[int]:
    """The transactions of statements, counted from 0."""
    order = list(dict.fromkeys(each.transaction.number for each in found))
    return [order.index(each.transaction.number) for each in found]


def test_a_transaction_for_each_revision(history: History) -> None:
    found = history.run([ADD, UPDATE], [ADD_TO_USERS])
    assert numbers(found) == [0, 0, 1]
    assert [list(each.transaction.held) for each in found] == [[], [ORDERS], []]


def test_one_transaction_for_all(history: History) -> None:
    found = history.run([ADD, UPDATE], [ADD_TO_USERS], options="")
    assert numbers(found) == [0, 0, 0]
    # each revision is judged as if the database stood at its parent
    assert [list(each.transaction.held) for each in found] == [[], [ORDERS], []]


def test_one_transaction_for_a_range(history: History) -> None:
    found = history.run([ADD, UPDATE], [ADD_TO_USERS], options="", is_one_run=True)
    assert [list(each.transaction.held) for each in found] == [[], [ORDERS], [ORDERS]]
    assert [len(each.transaction.blocking) for each in found] == [0, 1, 1]
    assert found[2].transaction.blocking[0].revision.id == "0000"


def test_a_range_of_revisions_with_transactions_of_their_own(history: History) -> None:
    found = history.run([ADD, UPDATE], [ADD_TO_USERS], is_one_run=True)
    assert [list(each.transaction.held) for each in found] == [[], [ORDERS], []]


def test_an_engine_in_autocommit(history: History) -> None:
    found = history.run([ADD, UPDATE], of_engine=', isolation_level="AUTOCOMMIT"')
    assert [each.transaction.is_block for each in found] == [False, False]
    assert numbers(found) == [0, 1]
    assert not any(each.transaction.held or each.commit for each in found)


def test_an_autocommit_block_commits(history: History) -> None:
    found = history.run([ADD, outside("VACUUM orders", UPDATE), UPDATE])
    assert numbers(found) == [0, 1, 2, 3]
    assert [each.transaction.is_block for each in found] == [True, False, False, True]
    assert not any(each.transaction.held for each in found)
    assert [each.is_first for each in found] == [True, False, False, False]
    commit = found[1].commit
    assert commit is not None
    assert (commit.first, commit.block) == (found[0].op, (found[1].op, found[2].op))
    assert [each.commit for each in (found[0], *found[2:])] == [None, None, None]


@pytest.mark.parametrize(
    ("before", "commits"),
    [
        (ADD, True),
        ("ALTER TABLE orders ADD COLUMN IF NOT EXISTS a int", False),
        ("SET LOCAL work_mem = '1GB'", False),
        ("SELECT 1", False),
        ("DROP TABLE IF EXISTS orders", False),
        ("DROP TABLE orders", True),
        ("CREATE OR REPLACE VIEW v AS SELECT 1", False),
        ("CREATE VIEW v AS SELECT 1", True),
        ("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", False),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", True),
        ("CREATE EXTENSION IF NOT EXISTS citext", False),
        ("CREATE EXTENSION citext", True),
        ("ALTER TABLE orders ALTER COLUMN a SET NOT NULL", False),
        ("ALTER TABLE orders ALTER COLUMN a TYPE text USING a || 'x'", True),
        ("ALTER TABLE orders ALTER COLUMN a ADD GENERATED ALWAYS AS IDENTITY", True),
        ("ALTER TABLE orders VALIDATE CONSTRAINT ck", False),
        ("GRANT SELECT ON orders TO app", False),
        ("DELETE FROM orders", False),
        ("INSERT INTO orders (a) VALUES (1)", True),
        (UPDATE, True),
    ],
)
def test_what_can_run_again(history: History, before: str, commits: bool) -> None:
    _, block = history.run([before, outside("VACUUM orders")])
    assert (block.commit is not None, block.is_first) == (commits, not commits)


def test_commit_by_hand(history: History) -> None:
    found = history.run([ADD, "COMMIT", UPDATE, "BEGIN", UPDATE], driver="psycopg2")
    assert [each.transaction.is_block for each in found] == [True, True, False, False, True]
    assert [bool(each.transaction.held) for each in found] == [False, True, False, False, False]


def test_commit_by_hand_and_a_driver_that_begins_again(history: History) -> None:
    found = history.run([ADD, "COMMIT", UPDATE, UPDATE])
    assert [each.transaction.is_block for each in found] == [True, True, True, True]
    assert numbers(found) == [0, 0, 1, 1]
    assert [bool(each.transaction.held) for each in found] == [False, True, False, True]


def timeouts(found: list[Statement[Operation]]) -> list[str | None]:
    settings = [each.timeout("lock_timeout") for each in found]
    return [each.value if each else None for each in settings]


SET, LOCAL = "SET lock_timeout = '1s'", "SET LOCAL lock_timeout = '1s'"


@pytest.mark.parametrize(
    ("revisions", "options", "expected"),
    [
        ([[ADD], [ADD]], {}, [None, None]),
        ([[SET, ADD], [ADD]], {}, [None, "1s", None]),
        ([[SET, ADD], [ADD]], {"is_one_run": True}, [None, "1s", "1s"]),
        ([[LOCAL, ADD], [ADD]], {"is_one_run": True}, [None, "1s", None]),
        ([[LOCAL, ADD], [ADD]], {"is_one_run": True, "options": ""}, [None, "1s", "1s"]),
        ([[SET, ADD, "RESET lock_timeout", ADD]], {}, [None, "1s", "1s", None]),
        ([[SET, "RESET ALL", ADD]], {}, [None, "1s", None]),
        ([[SET, "SET lock_timeout TO DEFAULT", ADD]], {}, [None, "1s", None]),
        ([[SET, LOCAL.replace("1s", "2s"), ADD, outside("VACUUM"), ADD]], {}, [None, "1s", "2s", "1s", "1s"]),
        ([[LOCAL, SET.replace("1s", "2s"), ADD]], {}, [None, "1s", "2s"]),
        ([[outside(LOCAL, "VACUUM")]], {}, [None, None]),
        ([[outside(SET, "VACUUM"), ADD]], {}, [None, "1s", "1s"]),
        ([[ADD]], {"of_engine": CONNECTED}, ["5s"]),
        (
            [["SET lock_timeout = 0", ADD, "RESET lock_timeout", ADD]],
            {"of_engine": CONNECTED},
            ["5s", None, None, "5s"],
        ),
        ([[SET, "RESET ALL", ADD]], {"of_engine": CONNECTED}, ["5s", "1s", "5s"]),
        *(([[f"SET lock_timeout = '{none}'", ADD]], {}, [None, None]) for none in ("0ms", "0.0", "00")),
        ([[LOCAL, ADD], [outside("VACUUM")]], {"of_engine": CONNECTED}, ["5s", "1s", "5s"]),
        ([[ADD, outside("VACUUM"), ADD], [ADD]], {"listeners": BEGIN}, ["2s", None, "2s", "2s"]),
        ([[SET, ADD]], {"listeners": BEGIN}, ["2s", "1s"]),
        ([[ADD], [ADD]], {"options": "", "inside": "context.execute(\"SET LOCAL lock_timeout = '3s'\")"}, ["3s", "3s"]),
        (
            [[ADD, outside("VACUUM"), ADD]],
            {"options": "", "inside": "context.execute(\"SET LOCAL lock_timeout = '3s'\")"},
            ["3s", None, None],
        ),
    ],
)
def test_settings(history: History, revisions: list[list[str]], options: dict[str, str], expected: list[str]) -> None:
    assert timeouts(history.run(*revisions, **options)) == expected  # type: ignore[arg-type]  # bool and str


def test_the_strongest_lock_is_held(history: History) -> None:
    found = history.run([UPDATE, "CREATE INDEX ix ON orders (a)", ADD, UPDATE, "SELECT 1"])
    modes = [str(each.transaction.held[ORDERS].mode) for each in found[1:]]
    assert modes == ["ROW EXCLUSIVE", "SHARE", "ACCESS EXCLUSIVE", "ACCESS EXCLUSIVE"]
    assert found[-1].transaction.held[ORDERS].by is found[2].op
    assert [each.op for each in found[-1].transaction.blocking] == [found[1].op, found[2].op]


def test_a_renamed_table_stays_locked(history: History) -> None:
    found = history.run([ADD, "ALTER TABLE orders RENAME TO purchases", "SELECT 1"])
    assert list(found[-1].transaction.held) == [QualifiedName("purchases")]


def test_what_is_new_or_small_is_not_held(history: History) -> None:
    create = "CREATE TABLE orders (id int)"
    found = history.run([create, ADD, ADD_TO_USERS, UPDATE], small=frozenset({USERS}))
    assert [(each.transaction.held, each.transaction.blocking) for each in found] == [({}, ())] * 4


def test_the_actions_of_a_statement_hold_their_locks_when_it_is_done(history: History) -> None:
    found = history.run([f"{ADD}, ADD CHECK (a > 0)", UPDATE])
    assert [list(each.transaction.held) for each in found] == [[], [], [ORDERS]]
    assert [each.number for each in found[2].transaction.blocking] == [0, 0]


def values(found: list[Statement[Operation]]) -> list[str]:
    return [f"{enum}.{value}" for enum, value in found[-1].transaction.new_values]


GIVEN = "CREATE TYPE status AS ENUM ('open')"
VALUE = "ALTER TYPE status ADD VALUE 'sent'"


@pytest.mark.parametrize(
    ("revisions", "options", "expected"),
    [
        ([[GIVEN], [VALUE, "SELECT 1"]], EACH, ["status.sent"]),
        ([[GIVEN], [VALUE], ["SELECT 1"]], EACH, []),
        ([[GIVEN], [VALUE], ["SELECT 1"]], "", ["status.sent"]),
        ([[GIVEN], [VALUE], [outside("VACUUM"), "SELECT 1"]], "", []),
        ([[GIVEN], [outside(VALUE), "SELECT 1"]], EACH, []),
        ([[GIVEN], ["ALTER TYPE status ADD VALUE IF NOT EXISTS 'open'", "SELECT 1"]], EACH, []),
        ([[GIVEN], [VALUE, "ALTER TYPE status RENAME VALUE 'sent' TO 'gone'", "SELECT 1"]], EACH, ["status.gone"]),
        ([[GIVEN], [VALUE, "ALTER TYPE status RENAME TO state", "SELECT 1"]], EACH, ["state.sent"]),
        ([[GIVEN], [VALUE, "DROP TYPE status", "SELECT 1"]], EACH, []),
    ],
)
def test_new_values(history: History, revisions: list[list[str]], options: str, expected: list[str]) -> None:
    assert values(history.run(*revisions, options=options)) == expected


def test_values_of_a_new_type(history: History) -> None:
    found = history.run([GIVEN, VALUE, "SELECT 1"])
    assert [each.is_of_new_type for each in found[-1].transaction.new_values.values()] == [True]


def test_constraints_that_are_not_valid(history: History) -> None:
    add = "ALTER TABLE orders ADD CONSTRAINT ck CHECK (a > 0) NOT VALID"
    validate = "ALTER TABLE orders VALIDATE CONSTRAINT ck"
    found = history.run([add, "SELECT 1", validate, "SELECT 1"], ["SELECT 1"])
    assert [list(each.transaction.not_valid) for each in found] == [[], [(ORDERS, "ck")], [(ORDERS, "ck")], [], []]
