"""The walk through a history: what stands when a step has failed, and what a step starts from."""

from __future__ import annotations

import json
import sys
from typing import Any, NamedTuple

import pytest

from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script
from tests.running import ENV, runnable

POSTGRESQL = "postgresql+psycopg://nobody@nowhere.invalid/app"

TABLE = 'op.create_table("{0}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.Text()))'
CREATE, DROP = TABLE.format("t"), 'op.drop_table("t")'


class Told(NamedTuple):
    found: list[tuple[str, str, str]]
    """Code, revision and message of each finding."""
    lines: list[str]
    """What each revision came to."""


class Walked:
    """Walks through the project that was made last."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Told:
        self._capsys.readouterr()
        code = run(["roundtrip", "--python", sys.executable, "--output-format", "json", "--exit-zero", *arguments])
        out, err = self._capsys.readouterr()
        assert code == 0, err
        findings: list[dict[str, Any]] = json.loads(out)["findings"]
        return Told(
            [(each["code"], each["revision"], each["message"]) for each in findings],
            [line.rpartition(" (")[0].partition(" revision ")[2] for line in err.splitlines()],
        )


@pytest.fixture
def walked(capsys: pytest.CaptureFixture[str]) -> Walked:
    return Walked(capsys)


@pytest.mark.parametrize("url", ["sqlite:///app.db", POSTGRESQL])
def test_many_broken_revisions_do_not_bring_the_others_down(
    url: str, make_project: MakeProject, walked: Walked
) -> None:
    scripts = {"a0.py": script("a0", None, CREATE, DROP)}
    for number in range(1, 7):
        twice = 'op.drop_table("absent")' if number % 2 else f'op.drop_table("u{number}")'
        scripts[f"a{number}.py"] = script(f"a{number}", f"a{number - 1}", TABLE.format(f"u{number}"), twice)
    runnable(make_project(scripts), url)
    told = walked()
    assert [(code, revision) for code, revision, _ in told.found] == [("MG251", f"a{each}") for each in (1, 3, 5)]
    assert [line for line in told.lines if "there and back" in line] == [
        f"a{each}: there and back" for each in (0, 2, 4, 6)
    ]


@pytest.mark.parametrize("url", ["sqlite:///app.db", POSTGRESQL])
def test_copies_of_the_databases_are_what_is_gone_on_from(
    url: str, make_project: MakeProject, walked: Walked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow first revision is not run again for each that leaves something behind which later steps stumble over."""
    slow = f"import time; time.sleep(0.3); open('runs', 'a').write('.'); {CREATE}"
    leaves = 'op.execute("CREATE TABLE left{0} (id integer)") if sa.inspect(op.get_bind()).has_table("x{0}") else None'
    scripts = {"a0.py": script("a0", None, slow, DROP)}
    for number in range(1, 6):
        again = f'{leaves.format(number)}; op.execute("CREATE TABLE IF NOT EXISTS x{number} (id integer)")'
        scripts[f"a{number}.py"] = script(f"a{number}", f"a{number - 1}", again, "pass")
    root = runnable(make_project(scripts), url)
    told = walked()
    assert {revision for _, revision, _ in told.found} == {f"a{each}" for each in range(1, 6)}
    assert len((root / "runs").read_bytes()) <= 4


def test_a_script_without_downgrade(make_project: MakeProject, walked: Walked) -> None:
    text = script("b2", "a1", TABLE.format("u"))
    project = {"a1.py": script("a1", None, CREATE, DROP), "b2.py": text[: text.index("def downgrade")]}
    runnable(make_project({**project, "c3.py": script("c3", "b2", TABLE.format("v"), 'op.drop_table("v")')}))
    told = walked()
    assert told.found == [("MG251", "b2", "downgrade() fails: AttributeError: there is none")]
    assert told.lines[-1] == "c3: there and back"


ENUM = script("b2", "a1", "op.execute(\"ALTER TYPE mood ADD VALUE 'glad'\")", "raise NotImplementedError")
USED = script("c3", "b2", "op.execute(\"INSERT INTO m VALUES ('glad')\")", "pass")


@pytest.mark.parametrize("arguments", [(), ("--last", "1")])
def test_what_goes_in_transactions_of_its_own_only(
    arguments: tuple[str, ...], make_project: MakeProject, walked: Walked
) -> None:
    """PostgreSQL lets nobody use a new value of an enum before it is committed (manual, ALTER TYPE)."""
    made = 'op.execute("CREATE TYPE mood AS ENUM (\'sad\')"); op.execute("CREATE TABLE m (m mood)")'
    gone = 'op.execute("DROP TABLE m"); op.execute("DROP TYPE mood")'
    broken = script("d4", "c3", TABLE.format("v"), 'op.drop_table("absent")')
    scripts = {"a1.py": script("a1", None, made, gone), "b2.py": ENUM, "c3.py": USED, "d4.py": broken}
    root = runnable(make_project(scripts), POSTGRESQL)
    together = ENV.replace(", transaction_per_migration=True", "")
    (root / "alembic" / "env.py").write_text(together, encoding="utf-8")
    assert [each[:2] for each in walked(*arguments).found] == [("MG251", "d4")]


STATEFUL = '''\
"""revision b2"""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "b2", "a1"
meta = sa.MetaData()
columns = [sa.Column("x", sa.Integer())]
runs = 0


def upgrade():
    global runs
    runs += 1
    assert runs == 1, "each command of alembic loads it anew"
    table = sa.Table("t", meta, autoload_with=op.get_bind())
    assert "x" not in table.c
    columns.append(sa.Column("y", sa.Integer()))
    for column in columns:
        op.add_column("t", sa.Column(column.name, sa.Integer()))


def downgrade():
    table = sa.Table("t", meta, autoload_with=op.get_bind())
    for name in [each.name for each in table.columns if each.name in "xy"]:
        op.drop_column("t", name)
'''


def test_a_script_starts_from_what_it_loaded(make_project: MakeProject, walked: Walked) -> None:
    runnable(make_project({"a1.py": script("a1", None, CREATE, DROP), "b2.py": STATEFUL}))
    assert walked().found == []


def test_columns_that_are_newer_than_the_rows_get_values(make_project: MakeProject, walked: Walked) -> None:
    cast = 'op.alter_column("t", "size", type_=sa.Integer(), postgresql_using="size::integer")'
    scripts = {
        "a1.py": script("a1", None, CREATE, DROP),
        "b2.py": script("b2", "a1", 'op.add_column("t", sa.Column("size", sa.Text()))', 'op.drop_column("t", "size")'),
        "c3.py": script("c3", "b2", cast, 'op.alter_column("t", "size", type_=sa.Text())'),
        "d4.py": script(
            "d4",
            "c3",
            'op.create_unique_constraint("u", "t", ["size"])',
            'op.drop_constraint("u", "t", type_="unique")',
        ),
    }
    runnable(make_project(scripts), POSTGRESQL)
    assert [each[:2] for each in walked().found] == [("MG253", "c3"), ("MG253", "d4")]


def test_a_url_that_the_application_hands_over(make_project: MakeProject, walked: Walked) -> None:
    """env.py of a project that runs Alembic from its own code finds no URL in the file."""
    root = runnable(make_project({"a1.py": script("a1", None, CREATE, DROP)}))
    ini = (root / "alembic.ini").read_text(encoding="utf-8").splitlines()
    (root / "alembic.ini").write_text("\n".join(each for each in ini if not each.startswith("sqlalchemy.url")))
    told = walked("--dialect", "postgresql")
    assert told == Told([], ["a1: there and back"])


def test_scripts_that_say_sqlalchemy_orm_run_without_env(make_project: MakeProject, walked: Walked) -> None:
    make_project({"a1.py": script("a1", None, f"assert sa.orm.Session; {CREATE}", DROP)})
    assert walked("--no-env", "--dialect", "sqlite").found == []


def test_modules_of_the_project_do_not_stand_before_those_of_python(make_project: MakeProject, walked: Walked) -> None:
    body = f"import secrets; import beside; assert secrets.randbits and beside.there; {CREATE}"
    root = runnable(make_project({"a1.py": script("a1", None, body, DROP)}))
    (root / "secrets.py").write_text("")
    (root / "beside.py").write_text("there = True\n")
    assert walked().found == []
