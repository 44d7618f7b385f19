"""Revisions as items of pytest, run as users run them: in a process of its own, on a server that is started for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from migrate_guard import pytest_plugin
from tests import servers
from tests.conftest import MakeProject, script
from tests.running import runnable

ROOT = Path(__file__).parents[1]
POSTGRESQL = "postgresql+psycopg://nobody@nowhere.invalid/app"
CREATE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))', 'op.drop_table("t")'
LEFT = "op.execute(\"CREATE TYPE mood AS ENUM ('ok')\")", "pass"


def project(make_project: MakeProject) -> Path:
    servers.needs_postgresql()
    root = runnable(
        make_project({"a1.py": script("a1", None, *CREATE), "b2.py": script("b2", "a1", *LEFT)}), POSTGRESQL
    )
    (root / "tests").mkdir()
    (root / "tests" / "test_own.py").write_text("def test_own() -> None:\n    pass\n", encoding="utf-8")
    return root


def run(root: Path, *arguments: str) -> tuple[int, str]:
    """Run pytest with the plugin alone: where the package is installed its entry point would register it once more."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "migrate_guard.pytest_plugin",
        "-p",
        "no:cacheprovider",
        *arguments,
    ]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, "--no-header"], cwd=root, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_the_entry_point_names_the_plugin() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    assert declared["pytest11"] == {"migrate-guard": pytest_plugin.__name__}


def test_every_revision_is_an_item(make_project: MakeProject) -> None:
    code, said = run(project(make_project), "--migrate-guard", "-v")
    assert code == 1
    assert "roundtrip[a1] PASSED" in said
    assert "roundtrip[b2] FAILED" in said
    assert "MG250 round-trip-differs" in said
    assert 'enum type "mood" is left behind' in said
    assert "Traceback" not in said
    assert "2 passed, 1 failed" in said or "1 failed, 2 passed" in said


def test_nothing_without_the_flag(make_project: MakeProject) -> None:
    code, said = run(project(make_project))
    assert (code, "1 passed" in said, "roundtrip" in said) == (0, True, False)


def test_the_ini_option_and_what_is_selected(make_project: MakeProject) -> None:
    root = project(make_project)
    (root / "pytest.ini").write_text("[pytest]\nmigrate_guard = true\n", encoding="utf-8")
    assert run(root, "-k", "a1")[0] == 0
    code, said = run(root, "--migrate-guard-last", "1")
    assert (code, "1 failed, 1 passed" in said) == (1, True)
    code, said = run(root, "--migrate-guard-since", "a1", "-k", "roundtrip")
    assert (code, "1 failed" in said) == (1, True)


def test_databases_are_made_on_the_server_of_the_fixture(make_project: MakeProject, tmp_path: Path) -> None:
    root = project(make_project)
    (tmp_path / "server").mkdir()
    with servers.postgresql(tmp_path / "server") as server, server.connect() as connection:
        parameters = connection.info.get_parameters()
        url = f"postgresql+psycopg://{parameters['user']}@/postgres?host={parameters['host']}"
        (root / "tests" / "conftest.py").write_text(
            "import pytest\nfrom sqlalchemy import create_engine\n\n\n@pytest.fixture\n"
            f"def alembic_engine():\n    return create_engine({url!r})\n",
            encoding="utf-8",
        )
        before = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
        connection.execute("ALTER SYSTEM SET log_statement = 'ddl'")
        connection.execute("SELECT pg_reload_conf()")
        code, said = run(root, "--migrate-guard", "-k", "a1")
        assert code == 0, said
        assert connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall() == before
    log = (tmp_path / "server" / "postgresql.log").read_text(encoding="utf-8")
    assert "CREATE DATABASE" in log
    assert "CREATE TABLE t " in log


@pytest.mark.parametrize(
    ("config", "counted"),
    [
        ('{"script_location": "alembic"}', "1 passed"),
        ('{"file": "alembic.ini"}', "1 passed"),
        ('{"script_location": "elsewhere"}', "1 skipped"),
        ('Config("alembic.ini")', "1 passed"),
        ("None", "1 passed"),
    ],
)
def test_the_fixture_says_which_scripts(config: str, counted: str, make_project: MakeProject) -> None:
    root = project(make_project)
    (root / "tests" / "conftest.py").write_text(
        "import pytest\nfrom alembic.config import Config\n\n\n@pytest.fixture\n"
        f"def alembic_config():\n    return {config}\n",
        encoding="utf-8",
    )
    code, said = run(root, "--migrate-guard", "-k", "a1")
    assert (code, counted in said) == (0, True), said
