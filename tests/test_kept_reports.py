"""The report of the last run is kept as long as all that it depends on is as it was."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate_guard import cache
from migrate_guard.__main__ import run
from migrate_guard.commands._kept_reports import MOST
from tests.conftest import MakeProject, script
from tests.repositories import make, price

ROOT = Path(__file__).parents[1]
HELPERS = """\
import sqlalchemy as sa

def price():
    return sa.Column("price", sa.Float())
"""
SCRIPTS = {
    "a1.py": script("a1", None, 'op.create_table("items", sa.Column("id", sa.Integer(), primary_key=True))'),
    "b2.py": script("b2", "a1", "from shared import price\n    op.add_column('items', price())"),
}
VERSIONS_OF_PROJECT = "alembic/versions"
Capture: TypeAlias = pytest.CaptureFixture[str]


def checked(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    """The exit code of a check and what it says, without the time that it took."""
    code = run(["check", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def codes(capsys: Capture, *arguments: str) -> list[str]:
    code, out, err = checked(capsys, "--output-format", "json", *arguments)
    assert code in (0, 1), err
    return [each["code"] for each in json.loads(out)["findings"]]


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    root = make_project(SCRIPTS)
    (root / "shared.py").write_text(HELPERS)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\n")
    return root


def kept(own_cache: Path) -> list[Path]:
    return sorted((own_cache / "reports").glob("*.json"))


def test_a_second_run_interprets_nothing(
    project: Path, capsys: Capture, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = checked(capsys)
    assert first[0] == 1
    assert len(kept(own_cache)) == 1
    monkeypatch.setattr("migrate_guard.engine.read", None)
    assert checked(capsys) == first
    assert checked(capsys, "--output-format", "concise", "--exit-zero")[0] == 2, "another command line is another run"


def test_the_report_in_every_format_is_the_same(project: Path, capsys: Capture) -> None:
    from migrate_guard.reporters import formats

    for name in formats():
        first = checked(capsys, "--output-format", name)
        if name == "json":
            texts = [first[1], checked(capsys, "--output-format", name)[1]]
            reports = [{**json.loads(each), "elapsed_ms": 0} for each in texts]
            assert reports[0] == reports[1]
        else:
            assert checked(capsys, "--output-format", name) == first


@pytest.mark.parametrize(
    ("file", "text", "is_another"),
    [
        pytest.param("shared.py", HELPERS.replace("Float", "Numeric"), True, id="a helper that a script imports"),
        pytest.param("alembic/versions/b2.py", SCRIPTS["b2.py"].replace("op.add", "#"), True, id="a script"),
        pytest.param("alembic/versions/c3.py", script("c3", "a1"), True, id="a new script"),
        pytest.param("shared/__init__.py", HELPERS.replace("Float", "Text"), True, id="a module that comes before"),
        pytest.param("migrate-guard.toml", 'ignore = ["MG603"]\n', True, id="settings where there were none"),
        pytest.param("alembic/env.py", "from alembic import context\nimport os\n", False, id="env.py, to no effect"),
        pytest.param("elsewhere.py", "x = 1\n", False, id="a file that nobody asks for"),
    ],
)
def test_what_a_report_depends_on(project: Path, capsys: Capture, file: str, text: str, is_another: bool) -> None:
    before = codes(capsys)
    assert "MG603" in before
    place = project / file
    place.parent.mkdir(exist_ok=True)
    place.write_text(text)
    found = codes(capsys)
    assert found == codes(capsys, "--no-cache")
    assert (found != before) == is_another


def test_a_file_that_is_removed(project: Path, capsys: Capture) -> None:
    before = codes(capsys)
    (project / "shared.py").unlink()
    assert codes(capsys) == codes(capsys, "--no-cache") != before


def test_the_environment_and_the_version_count(
    project: Path, capsys: Capture, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes(capsys)
    monkeypatch.setenv("ALEMBIC_CONFIG", "alembic.ini")
    codes(capsys)
    monkeypatch.setattr("migrate_guard.commands._kept_reports.__version__", "999")
    codes(capsys)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    codes(capsys)
    assert len(kept(own_cache)) == 4


def test_an_edited_migrate_guard_is_another_one(tmp_path: Path) -> None:
    from migrate_guard.commands._kept_reports import _modules

    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "a.py").write_text("1")
    before = list(_modules(str(tmp_path)))
    (tmp_path / "rules" / "a.py").write_text("22")
    assert list(_modules(str(tmp_path))) != before


def test_going_to_and_fro_between_branches(
    project: Path, capsys: Capture, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = checked(capsys)
    (project / VERSIONS_OF_PROJECT / "c3.py").write_text(script("c3", "b2", "op.drop_table('items')"))
    other = checked(capsys)
    assert one != other
    assert len(kept(own_cache)) == 2
    monkeypatch.setattr("migrate_guard.engine.read", None)
    assert checked(capsys) == other
    (project / VERSIONS_OF_PROJECT / "c3.py").unlink()
    assert checked(capsys) == one


def test_warnings_are_said_again(make_project: MakeProject, capsys: Capture) -> None:
    make_project({})
    first = checked(capsys)
    assert "no migration scripts found" in first[2]
    assert checked(capsys) == first


def test_the_baseline_counts(project: Path, capsys: Capture) -> None:
    assert "MG603" in codes(capsys)
    run(["baseline"])
    capsys.readouterr()
    assert codes(capsys) == []
    assert codes(capsys) == []
    assert "hidden" in checked(capsys)[1]
    assert "hidden" in checked(capsys)[1]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-50]), id="cut off"),
        pytest.param(lambda path: path.write_bytes(b"{}"), id="another shape"),
        pytest.param(lambda path: path.write_bytes(b"[" * 100_000), id="deep"),
        pytest.param(lambda path: path.write_bytes(b"\xff\xfe"), id="no text"),
        pytest.param(lambda path: (path.unlink(), path.mkdir()), id="a folder"),
    ],
)
def test_a_file_that_is_no_answer_of_ours_is_as_good_as_none(
    project: Path, capsys: Capture, own_cache: Path, spoil: Callable[[Path], object]
) -> None:
    first = checked(capsys)
    spoil(kept(own_cache)[0])
    assert checked(capsys) == first


def test_what_is_spoilt_is_told_with_v(project: Path, capsys: Capture, own_cache: Path) -> None:
    checked(capsys, "-v")
    kept(own_cache)[0].write_bytes(b"{}")
    assert "is not used: " in checked(capsys, "-v")[2]
    (project / "shared.py").write_text("")
    assert "shared.py has changed since the last run" in checked(capsys, "-v")[2]


def test_a_cache_that_cannot_be_written(
    project: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "file" / "cache"))
    first = checked(capsys)
    assert first[0] == 1
    assert first[2] == ""
    assert "keeps nothing: " in checked(capsys, "-v")[2]


def test_no_cache_neither_reads_nor_writes(project: Path, capsys: Capture, own_cache: Path) -> None:
    checked(capsys, "--no-cache")
    assert not own_cache.exists()


def test_only_the_last_are_kept(project: Path, capsys: Capture, own_cache: Path) -> None:
    for number in range(MOST + 3):
        checked(capsys, "--ignore", f"MG6{number:02}"[:5], "--db-version", str(12 + number % 6), "-n", "alembic")
        checked(capsys, "--select", "MG0", "--db-version", str(12 + number % 6), "-v", *["-q"] * (number % 3))
    assert 0 < len(kept(own_cache)) <= MOST


def test_the_directory_is_named(project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(cache.VARIABLE)
    checked(capsys)
    assert sorted(os.listdir(".migrate_guard_cache")) == [".gitignore", "CACHEDIR.TAG", "reports"]
    checked(capsys, "--cache-dir", "elsewhere")
    assert kept(Path("elsewhere"))


def test_clean(project: Path, capsys: Capture, own_cache: Path) -> None:
    assert run(["clean"]) == 0
    assert "there is no cache in" in capsys.readouterr().err
    checked(capsys)
    (own_cache / "notes.txt").write_text("mine")
    assert run(["clean"]) == 0
    assert "removed" in capsys.readouterr().err
    assert os.listdir(own_cache) == ["notes.txt"]
    assert run(["clean", "--cache-dir", str(project)]) == 0
    assert "there is no cache in" in capsys.readouterr().err
    assert (project / "alembic.ini").exists()


def test_two_runs_at_once(project: Path, own_cache: Path) -> None:
    command = [sys.executable, "-m", "migrate_guard", "check", "--output-format", "concise"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    said = {each.communicate()[0] for each in running}
    assert len(said) == 1
    assert [each.name for each in own_cache.iterdir() if each.name.endswith(".tmp")] == []
    assert len(list((own_cache / "reports").iterdir())) == 1


def test_what_git_says_is_asked_again(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = make(tmp_path / "repo")
    monkeypatch.chdir(repo.project)
    repo.git("switch", "--quiet", "--create", "feature")
    repo.commit(c3=price("c3", "b2"))
    first = checked(capsys, "--since", "main", "--output-format", "concise")
    assert first[0] == 1
    with monkeypatch.context() as patched:
        patched.setattr("migrate_guard.engine.read", None)
        assert checked(capsys, "--since", "main", "--output-format", "concise") == first
    repo.git("branch", "--force", "main", "feature")
    assert checked(capsys, "--since", "main", "--output-format", "concise")[0] == 0


def test_the_plan_of_a_comment_is_made_anew(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = make(tmp_path / "repo")
    monkeypatch.chdir(repo.project)
    repo.git("switch", "--quiet", "--create", "feature")
    repo.commit(c3=price("c3", "b2"))
    first = checked(capsys, "--since", "main", "--output-format", "markdown")
    assert "CREATE TABLE" in first[1] or "plan" in first[1].lower()
    assert checked(capsys, "--since", "main", "--output-format", "markdown") == first


# Edits of a real project, one after the other: with and without the cache the same is found.

VERSIONS = "migrations/versions"


def edit(root: Path, number: int, place: int) -> None:
    """Do one of many things to a project."""
    scripts = sorted((root / VERSIONS).glob("*.py"))
    chosen = scripts[place % len(scripts)]
    text = chosen.read_text()
    match number:
        case 0:
            chosen.write_text(text.replace("nullable=False", "nullable=True", 1))
        case 1:
            chosen.write_text(text.replace("Integer", "BigInteger", 1))
        case 2:
            chosen.write_text(text + f"\n\n# {place}\n")
        case 3 if len(scripts) > 2:
            chosen.unlink()
        case 4:
            chosen.rename(chosen.with_name(f"moved_{place}_{chosen.name}"))
        case 5:
            chosen.write_text(f"import odd{place}\n{text}")
        case 6:
            (root / VERSIONS / f"new{place}.py").write_text(script(f"new{place}", None, 'op.drop_table("users")'))
        case 7:
            (root / "migrate-guard.toml").write_text(f'ignore = ["MG{place % 7}"]\n')
        case 8:
            (root / "migrate-guard.toml").unlink(missing_ok=True)
        case 9:
            env = root / "migrations" / "env.py"
            env.write_text(env.read_text() + f"\nTRANSACTION = {place}\n")
        case 10:
            chosen.write_bytes(text.encode()[: len(text) // 2])
        case 11:
            chosen.write_text(f"# migrate-guard: ignore-file\n{text}")
        case _:
            os.utime(chosen)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(edits=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9)), min_size=1, max_size=4))
def test_with_and_without_the_cache_the_same_is_found(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, edits: list[tuple[int, int]]
) -> None:
    root = tmp_path / "shop"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(ROOT / "fixtures" / "shop", root)
    monkeypatch.chdir(root)
    for number, place in [(12, 0), *edits]:
        edit(root, number, place)
        first = checked(capsys, "--output-format", "concise", "migrations")
        assert first == checked(capsys, "--output-format", "concise", "migrations")
        assert first == checked(capsys, "--output-format", "concise", "migrations", "--no-cache")
