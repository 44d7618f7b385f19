"""What was told of models is kept as long as what they import is as it was."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from migrate_guard.__main__ import run
from migrate_guard.cache import VARIABLE
from tests.conftest import MakeProject, script
from tests.repositories import make

PARTS = """\
from sqlalchemy import Column, Integer, Text

open("imported", "a").write(".")


def columns():
    return [Column("id", Integer, primary_key=True), Column("note", Text)]
"""
MODELS = """\
from app.parts import columns
from sqlalchemy import MetaData, Table

metadata = MetaData()
notes = Table("notes", metadata, *columns())
"""
COLUMNS = 'sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.Text())'
SCRIPTS = {"a1.py": script("a1", None, f'op.create_table("notes", {COLUMNS})', 'op.drop_table("notes")')}
CACHE = Path(".migrate_guard_cache")


class Project:
    """A project, and how often its models were imported."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root, self._capsys = root, capsys
        (root / "app").mkdir()
        self.write("__init__", "")
        self.write("parts", PARTS)
        self.write("models", MODELS)

    def write(self, module: str, text: str) -> None:
        (self.root / "app" / f"{module}.py").write_text(text, encoding="utf-8")

    def drifts(self, *arguments: str) -> tuple[list[str], int]:
        """The codes that are found, and how often the models have been imported by now."""
        command = ["drift", "--models", "app", "--python", sys.executable, "--output-format", "json", "--isolated"]
        code = run([*command, *arguments])
        out, err = self._capsys.readouterr()
        assert code in (0, 1), err
        return [each["code"] for each in json.loads(out)["findings"]], len((self.root / "imported").read_text())


@pytest.fixture
def project(make_project: MakeProject, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv(VARIABLE)
    return Project(make_project(SCRIPTS), capsys)


def test_a_second_run_imports_nothing(project: Project) -> None:
    assert project.drifts() == ([], 1)
    assert project.drifts() == ([], 1)
    assert (CACHE / ".gitignore").read_text() == "*\n"
    assert project.drifts("--no-cache") == ([], 2)


def test_what_is_imported_counts(project: Project) -> None:
    project.drifts()
    project.write("parts", PARTS.replace("Text)", "Text, nullable=False)"))
    assert project.drifts() == (["MG152"], 2)
    project.write("more", 'from app.models import metadata\nfrom sqlalchemy import Table\nTable("more", metadata)\n')
    assert project.drifts() == (["MG150", "MG152"], 3)
    assert project.drifts() == (["MG150", "MG152"], 3)


def test_a_script_that_is_new_is_compared(project: Project) -> None:
    project.drifts()
    dropped = script("b2", "a1", 'op.drop_column("notes", "note")', "pass")
    (project.root / "alembic" / "versions" / "b2.py").write_text(dropped)
    assert project.drifts()[0] == ["MG150"]


@pytest.mark.parametrize("held", [b"", b"{", b"[]", b'{"depends": {}, "event": {}}', b'{"depends": {}}', b"\xff\x00"])
def test_what_is_no_answer_is_as_good_as_none(project: Project, held: bytes) -> None:
    project.drifts()
    (answer,) = (CACHE / "models").glob("*.json")
    answer.write_bytes(held)
    assert project.drifts() == ([], 2)
    assert project.drifts() == ([], 2)


def test_a_cache_that_cannot_be_written(project: Project) -> None:
    CACHE.write_text("a file")
    assert project.drifts() == ([], 1)
    assert project.drifts() == ([], 2)


def test_no_more_than_some_are_kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrate_guard.probes.kept_models.MOST", 2)
    for version in ("14", "15", "16"):
        project.drifts("--db-version", version)
    assert len(list((CACHE / "models").iterdir())) == 2


TWO_RELEASES = """\
from sqlalchemy import Column, Integer, MetaData, Table, Text

metadata = MetaData()
notes = Table("notes", metadata, Column("id", Integer, primary_key=True), Column("note", Text))
"""


def test_a_column_goes_in_two_releases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error while the running code maps it, and nothing once it does not."""
    repo = make(tmp_path / "repo")
    monkeypatch.chdir(repo.project)
    (repo.project / "shop.py").write_text(TWO_RELEASES)
    repo.commit(c3=script("c3", "b2", f'op.create_table("notes", {COLUMNS})', 'op.drop_table("notes")'))
    repo.git("checkout", "--quiet", "-b", "topic")
    (repo.project / "shop.py").write_text(TWO_RELEASES.replace(', Column("note", Text)', ""))
    dropped = script(
        "d4", "c3", 'op.drop_column("notes", "note")', 'op.add_column("notes", sa.Column("note", sa.Text()))'
    )
    repo.commit(d4=dropped)
    command = [
        "check",
        "--isolated",
        "--models",
        "shop:metadata",
        "--python",
        sys.executable,
        "--output-format",
        "json",
    ]

    def found() -> list[tuple[str, str]]:
        run([*command, "--since", "main", "--select", "MG402"])
        out, err = capsys.readouterr()
        assert not err
        return [(each["severity"], each["message"]) for each in json.loads(out)["findings"]]

    ((severity, message),) = found()
    assert severity == "error"
    assert 'running code, where it is "notes.note", fails' in message
    assert found() == [(severity, message)], "of what was kept"
    # the release before takes it out of the models only
    repo.git("checkout", "--quiet", "main")
    (repo.project / "shop.py").write_text(TWO_RELEASES.replace(', Column("note", Text)', ""))
    repo.commit()
    repo.git("checkout", "--quiet", "-b", "second")
    repo.commit(d4=dropped)
    assert found() == []
