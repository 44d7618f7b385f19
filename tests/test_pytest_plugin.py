"""Revisions as items of pytest, run as users run them: in a process of its own, on a server that is started for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests import servers
from tests.conftest import MakeProject, script

CREATE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True))', 'op.drop_table("t")'
LEFT = "op.execute(\"CREATE TYPE mood AS ENUM ('ok')\")", "pass"


def project(make_project: MakeProject) -> Path:
    root = make_project({"a1.py": script("a1", None, *CREATE), "b2.py": script("b2", "a1", *LEFT)})
    (root / "tests").mkdir()
    (root / "tests" / "test_own.py").write_text("def test_own() -> None:\n    pass\n", encoding="utf-8")
    return root


def run(root: Path, *arguments: str) -> tuple[int, str]:
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
    # an installed copy would register the plugin once more
    done = subprocess.run([*command, "--no-header"], cwd=root, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


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
    with servers.postgresql(tmp_path / "server") as server, server.connect() as connection:
        parameters = connection.info.get_parameters()
        url = f"postgresql+psycopg://{parameters['user']}@/postgres?host={parameters['host']}"
        (root / "tests" / "conftest.py").write_text(
            "import pytest\nfrom sqlalchemy import create_engine\n\n\n@pytest.fixture\n"
            f"def alembic_engine():\n    return create_engine({url!r})\n",
            encoding="utf-8",
        )
        before = connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall()
        created = "SELECT sum(xact_commit) FROM pg_stat_database"
        code, said = run(root, "--migrate-guard", "-k", "a1")
        assert code == 0, said
        assert connection.execute("SELECT datname FROM pg_database ORDER BY 1").fetchall() == before
        assert connection.execute(created).fetchone() is not None
