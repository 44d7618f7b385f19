"""`check --models`: models are linted beside the migrations, or alone, and stay unimported where nobody names them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script
from tests.repositories import Repo, make

Capture = pytest.CaptureFixture[str]

MODELS = '''\
"""The models of a shop."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id", name="fk_orders_user_id_users"))
    made_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), default=datetime.utcnow)
'''
OPTIONS = ("--ignore", "MG604", "--python", sys.executable, "--no-cache")
PRICE = 'op.create_table("goods", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("price", sa.Float()))'

Found: TypeAlias = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def found(capsys: Capture) -> Found:
    """Return a function that gives what a check finds."""

    def findings(*arguments: str) -> list[dict[str, Any]]:
        code = run(["check", *OPTIONS, "--output-format", "json", *arguments])
        out, err = capsys.readouterr()
        assert code in (0, 1), err
        assert not err
        return list(json.loads(out)["findings"])

    return findings


def places(findings: list[dict[str, Any]]) -> set[tuple[str, str, int, str | None]]:
    return {(each["code"], each["path"], each["line"], each["object"]) for each in findings}


OF_MODELS = {
    ("MG602", "app.py", 23, "orders.user_id"),
    ("MG623", "app.py", 24, "orders.made_at"),
}


def test_beside_the_migrations(make_project: MakeProject, found: Found) -> None:
    project = make_project({"a1.py": script("a1", None, PRICE, 'op.drop_table("goods")')})
    (project / "app.py").write_text(MODELS)
    findings = found("--models", "app:Base")
    script_path = "alembic/versions/a1.py"
    assert places([each for each in findings if each["path"] == "app.py"]) == OF_MODELS
    assert [each["object"] for each in findings if each["path"] == script_path and each["code"] == "MG603"]
    assert {(each["revision"], each["direction"]) for each in findings if each["path"] == "app.py"} == {(None, None)}


def test_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Found, capsys: Capture) -> None:
    (tmp_path / "app.py").write_text(MODELS)
    monkeypatch.chdir(tmp_path)
    assert places(found("--models", "app")) == OF_MODELS
    assert run(["check", *OPTIONS, "--models", "app"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 findings (2 warnings) in 2 tables of app, postgresql 15"


def test_the_setting(make_project: MakeProject, found: Found) -> None:
    project = make_project({"a1.py": script("a1", None, PRICE, 'op.drop_table("goods")')})
    (project / "app.py").write_text(MODELS)
    (project / "migrate-guard.toml").write_text('models = "app:Base"\n')
    assert places(found()) >= OF_MODELS
    # Nothing is reported of models where scripts are asked for, so none are imported.
    (project / "app.py").write_text("raise SystemExit('imported')\n")
    assert {each["path"] for each in found("alembic/versions/a1.py")} == {"alembic/versions/a1.py"}


def test_comments_in_models_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Found) -> None:
    ignored = MODELS.replace("default=datetime.utcnow)", "default=datetime.utcnow)  # migrate-guard: ignore[MG623] old")
    ignored = ignored.replace("class User(Base):", "class User(Base):  # migrate-guard: ignore[MG602] nothing here")
    (tmp_path / "app.py").write_text(ignored)
    monkeypatch.chdir(tmp_path)
    assert {(each["code"], each["line"]) for each in found("--models", "app:Base")} == {("MG602", 23), ("MG003", 13)}


def test_a_baseline_accepts_what_models_have(make_project: MakeProject, found: Found, capsys: Capture) -> None:
    project = make_project({"a1.py": script("a1", None, PRICE, 'op.drop_table("goods")')})
    (project / "app.py").write_text(MODELS)
    assert run(["baseline", "--models", "app:Base", *OPTIONS]) == 0
    capsys.readouterr()
    assert not found("--models", "app:Base")
    # Without the models nothing is said about their entries: they are not stale.
    assert not found()
    (project / "app.py").write_text(MODELS.replace("made_at", "done_at"))
    assert [each["object"] for each in found("--models", "app:Base", "-q")] == ["orders.done_at"]


def test_models_that_cannot_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["check", *OPTIONS, "--models", "nowhere:Base"]) == 2
    assert "nowhere:Base: there is no module nowhere: name it as the project imports it" in capsys.readouterr().err
    (tmp_path / "app.py").write_text("import nothing\n")
    assert run(["check", *OPTIONS, "--models", "app:Base"]) == 2
    said = capsys.readouterr().err
    assert f'File "{tmp_path}/app.py", line 1, in <module>\n    import nothing' in said
    assert "importlib" not in said


@pytest.mark.parametrize("name", ["app.db:", ":Base", "app/db.py", "app db"])
def test_what_is_no_name_of_models(name: str, capsys: Capture) -> None:
    assert run(["check", "--isolated", "--models", name]) == 2
    assert f'--models: expected a module, or what it has, such as "app.db:Base", or a list of them, got ["{name}"]' in (
        capsys.readouterr().err.replace("'", '"')
    )


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "none"))
    made = make(tmp_path / "repo")
    monkeypatch.chdir(made.project)
    return made


def test_since_a_branch(repo: Repo, found: Found) -> None:
    (repo.project / "app.py").write_text(MODELS)
    repo.commit(c3=script("c3", "b2", 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True))'))
    repo.git("checkout", "--quiet", "-b", "topic")
    since = ("--isolated", "--models", "app:Base", "--since", "main")
    assert not found(*since)
    assert not found("--isolated", "--models", "app:Base", "--since", "c3"), "a revision says nothing of models"
    repo.commit(d4=script("d4", "c3", 'op.drop_table("users")'))
    (dropped,) = [each for each in found(*since) if each["code"] == "MG401"]
    assert (dropped["severity"], "app.User" in dropped["message"]) == ("error", True)
    (repo.project / "app.py").write_text(f"{MODELS}\n# more\n")
    assert {each["code"] for each in found(*since) if each["path"] == "app.py"} == {"MG602", "MG623"}


def test_since_a_branch_without_models(repo: Repo, capsys: Capture) -> None:
    repo.git("checkout", "--quiet", "-b", "topic")
    (repo.project / "app.py").write_text(MODELS)
    repo.commit()
    assert run(["check", *OPTIONS, "--isolated", "--models", "app:Base", "--since", "main"]) == 0
    out, err = capsys.readouterr()
    assert "MG623" in out
    assert "warning: what the running code maps is not known: of main the models cannot be loaded" in err


OF_CHILDREN = ("migrate_guard.probes", "migrate_guard.commands._models", "migrate_guard.engine.modelling", "subprocess")


def test_a_check_without_models_starts_nothing(make_project: MakeProject) -> None:
    make_project({"a1.py": script("a1", None)})
    code = (
        "import sys; from migrate_guard.__main__ import run; run(['check', '--isolated', '-q']);"
        f"print([each for each in sys.modules if each.startswith({OF_CHILDREN})])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
