"""Round trips of the fixture projects, each through its own env.py."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from migrate_guard.__main__ import run
from tests.servers import needs_postgresql

FIXTURES = Path(__file__).parents[1] / "fixtures"

FOUND: dict[str, list[tuple[str, str]]] = {
    "async_env": [],
    "batch": [],
    "branched": [],
    "clinic": [],
    "careful": [
        # it brings rows in order elsewhere: in batches, beside the deploy
        ("MG253", "a0c1d2e3f406"),
        ("MG250", "a0c1d2e3f409"),
        ("MG253", "a0c1d2e3f409"),
    ],
    "flask_migrate": [],
    "garden": [
        ("MG252", "c1a7e0d94b24"),
        ("MG250", "c1a7e0d94b25"),
        ("MG250", "c1a7e0d94b25"),
        ("MG251", "c1a7e0d94b27"),
    ],
    "library": [],
    "linear": [("MG252", "0b9e5d62c7f3")],
    "multi_head": [],
    "multidb": [],
    "sqlmodel": [],
    "two_bases": [],
}
"""What is found, and in which revision; the scripts of the other fixtures are not there to be run."""


@pytest.mark.parametrize("name", FOUND)
def test_fixture(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name not in ("batch", "garden"):  # which are made for SQLite
        needs_postgresql()
    shutil.copytree(FIXTURES / name, tmp_path / name)
    monkeypatch.chdir(tmp_path / name)
    monkeypatch.setenv("FLASK_APP", "club")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    code = run(["roundtrip", "--python", sys.executable, "--output-format", "json"])
    out, err = capsys.readouterr()
    assert code in (0, 1), err
    found = [(each["code"], each["revision"]) for each in json.loads(out)["findings"]]
    assert found == FOUND[name], err
    assert "has no rows of ours" not in err
