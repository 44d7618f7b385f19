"""Round trips of the fixture projects, each through its own env.py."""

from __future__ import annotations

import getpass
import json
import shutil
import sys
from pathlib import Path

import pytest

from migrate_guard.__main__ import run
from tests.servers import mariadb, needs_mariadb, needs_postgresql

FIXTURES = Path(__file__).parents[1] / "fixtures"

FOUND: dict[str, list[tuple[str, str]]] = {
    "async_env": [],
    "batch": [],
    "branched": [],
    "brewery": [],
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
    "warehouse": [("MG251", "03cc7f509db2"), ("MG251", "05ee9172bfd4")],
}
"""What is found, and in which revision; the scripts of the other fixtures are not there to be run."""
MARIADB = frozenset({"brewery", "warehouse"})


@pytest.mark.parametrize("name", FOUND)
def test_fixture(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in MARIADB:
        needs_mariadb()
    elif name not in ("batch", "garden"):  # which are made for SQLite
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


def test_half_of_a_revision_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """MariaDB commits each statement: the run says what the failing revision has made before it failed."""
    needs_mariadb()
    shutil.copytree(FIXTURES / "warehouse", tmp_path / "warehouse")
    monkeypatch.chdir(tmp_path / "warehouse")
    run(["roundtrip", "05ee9172bfd4", "--python", sys.executable, "--output-format", "json"])
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["line"], finding["code"]) == (19, "MG251")
    assert finding["message"].endswith(
        "; what came before is committed: "
        'column "label" of "boxes" is there and the index "ix_boxes_label" on "boxes" is there'
    )


@pytest.mark.parametrize("database", ["", "mysql"])
def test_a_server_that_is_named(
    database: str,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A URL needs no database: the run makes its own, and leaves none behind."""
    shutil.copytree(FIXTURES / "brewery", tmp_path / "brewery")
    monkeypatch.chdir(tmp_path / "brewery")
    with mariadb(tmp_path_factory.mktemp("server")) as server:
        url = f"mysql+pymysql://{getpass.getuser()}@localhost/{database}?unix_socket={server.socket}"
        code = run(["roundtrip", "--python", sys.executable, "--scratch-url", url])
        assert code == 0
        assert capsys.readouterr().err.count(": there and back (") == 5
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES")
            left = {name for (name,) in cursor.fetchall()}
    assert left == {"information_schema", "mysql", "performance_schema", "sys"}
