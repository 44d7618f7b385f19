"""One run of env.py serves a whole walk, where that is the same as one for each command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeProject, script
from tests.probes.test_walk import CREATE, DROP, POSTGRESQL, TABLE, Walked, walked
from tests.running import ENV, runnable

__all__ = ["walked"]

COUNTED = "open('runs', 'a').write('.')\n"
ADD, REMOVE = 'op.add_column("t", sa.Column("{0}", sa.Integer()))', 'op.drop_column("t", "{0}")'
IN_ONE = ENV.replace(", transaction_per_migration=True", "")
AFTERWARDS = '        connection.exec_driver_sql("COMMENT ON SCHEMA public IS NULL")\n'
OWN = """\
import sqlalchemy as sa
from alembic import context

with sa.create_engine(context.config.get_main_option("sqlalchemy.url")).begin() as connection:
    context.configure(connection=connection)
    context.run_migrations()
"""
ASYNC = """\
import asyncio

from alembic import context
from sqlalchemy.ext.asyncio import create_async_engine


def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


async def run():
    engine = create_async_engine(context.config.get_main_option("sqlalchemy.url"))
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


asyncio.run(run())
"""

ONCE, ALWAYS = 2, 10
"""Runs of env.py for three revisions, with the one that tries it out."""


@pytest.mark.parametrize(
    ("env", "url", "runs"),
    [
        (ENV, POSTGRESQL, ONCE),
        (IN_ONE, POSTGRESQL, ONCE),
        (ASYNC, POSTGRESQL, ONCE),
        (IN_ONE + AFTERWARDS, POSTGRESQL, ALWAYS),
        (IN_ONE.replace("    with", AFTERWARDS[4:] + "    with"), POSTGRESQL, ALWAYS),
        (OWN, POSTGRESQL, ALWAYS),
        (ENV, "sqlite:///app.db", ALWAYS),
    ],
    ids=["per-migration", "one-transaction", "async", "says-more-after", "says-more-before", "its-own", "no-ddl"],
)
def test_how_often_env_runs(env: str, url: str, runs: int, make_project: MakeProject, walked: Walked) -> None:
    root = _project(make_project, env, url)
    told = walked()
    assert told.found == []
    assert told.lines == [f"{each}: there and back" for each in ("a1", "b2", "c3")]
    assert len((root / "runs").read_bytes()) == runs


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("SET my.own TO 1", "SELECT current_setting('my.own')"),
        ("-- where\\nset my.own to 1", "SELECT current_setting('my.own')"),
        ("SELECT set_config('my.own', '1', false)", "SELECT current_setting('my.own')"),
        ("CREATE TEMP TABLE mine (id int)", "SELECT * FROM mine"),
        ("PREPARE mine AS SELECT 1", "EXECUTE mine"),
    ],
)
def test_what_a_step_says_to_its_session_is_gone_with_it(
    said: str, asked: str, make_project: MakeProject, walked: Walked
) -> None:
    """A downgrade that needs what the upgrade has left to its session fails as a command of its own."""
    upgrade = f'{ADD.format("x")}; op.execute("{said}")'
    assert _told(make_project, walked, upgrade, f'op.execute("{asked}"); {REMOVE.format("x")}') == [("MG251", "b2")]


HIDDEN = "op.execute(\"DO $$ BEGIN EXECUTE 'CREATE ' || 'TE' || 'MP TABLE mine (id int)'; END $$\")"


def test_a_step_that_fails_is_tried_by_itself(make_project: MakeProject, walked: Walked) -> None:
    """Here the second upgrade finds the temporary table of the first."""
    assert _told(make_project, walked, f"{HIDDEN}; {ADD.format('x')}", REMOVE.format("x")) == []


@pytest.mark.parametrize("env", [ENV, IN_ONE])
def test_it_fails_with_the_rows_that_came_along(env: str, make_project: MakeProject, walked: Walked) -> None:
    """Rows made anew would meet the CHECK that those from before do not."""
    check = 'op.create_check_constraint("c", "t", "note IS NOT NULL", postgresql_not_valid=True)'
    scripts = {
        "a1.py": script("a1", None, CREATE, DROP),
        "b2.py": script("b2", "a1", check, 'op.drop_constraint("c", "t", type_="check")'),
        "c3.py": script("c3", "b2", 'op.execute("ALTER TABLE t VALIDATE CONSTRAINT c")', "pass"),
        "d4.py": script("d4", "c3", TABLE.format("u"), 'op.drop_table("u")'),
    }
    root = runnable(make_project(scripts), POSTGRESQL)
    (root / "alembic" / "env.py").write_text(env, encoding="utf-8")
    told = walked()
    assert ("MG253", "c3") in [each[:2] for each in told.found]
    assert told.lines[-1] == "d4: there and back"


def test_an_env_that_hides_what_fails(make_project: MakeProject, walked: Walked) -> None:
    root = _project(make_project, IN_ONE.replace("        context.run", "        hidden(context.run"), POSTGRESQL)
    env = (root / "alembic" / "env.py").read_text()
    hiding = "def hidden(run):\n    try:\n        run()\n    except Exception:\n        pass\n\n\n"
    (root / "alembic" / "env.py").write_text(hiding + env.replace("run_migrations()", "run_migrations)"))
    (root / "alembic" / "versions" / "c3.py").write_text(script("c3", "b2", 'op.drop_table("absent")'))
    assert [each[:2] for each in walked().found] == [("MG254", "c3")]


def _told(make_project: MakeProject, walked: Walked, upgrade: str, downgrade: str) -> list[tuple[str, str]]:
    scripts = {"a1.py": script("a1", None, CREATE, DROP), "b2.py": script("b2", "a1", upgrade, downgrade)}
    runnable(make_project(scripts), POSTGRESQL)
    return [each[:2] for each in walked().found]


def _project(make_project: MakeProject, env: str, url: str) -> Path:
    scripts = {"a1.py": script("a1", None, CREATE, DROP)}
    for below, name in (("a1", "b2"), ("b2", "c3")):
        scripts[f"{name}.py"] = script(name, below, ADD.format(name), REMOVE.format(name))
    root = runnable(make_project(scripts), url)
    (root / "alembic" / "env.py").write_text(COUNTED + env, encoding="utf-8")
    return root


def test_a_database_without_a_revision_is_made_anew(make_project: MakeProject, walked: Walked) -> None:
    """env.py runs, though there is no step to run: tried out once, and after each of two upgrades that fail."""
    root = runnable(make_project({"a1.py": script("a1", None, 'op.drop_table("absent")')}))
    (root / "alembic" / "env.py").write_text(COUNTED + ENV, encoding="utf-8")
    assert [each[:2] for each in walked().found] == [("MG251", "a1")]
    assert len((root / "runs").read_bytes()) == 5
