"""The command `drift`: what it takes, what it says, and what it ends with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from migrate_guard.__main__ import run
from migrate_guard.model.models import Models
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Source
from migrate_guard.model.target import Target
from migrate_guard.probes import models as loading
from tests.conftest import MakeProject, script
from tests.drifting import folded

Capture = pytest.CaptureFixture[str]
Asked: TypeAlias = list[loading.Wanted]
Declare: TypeAlias = Callable[..., Asked]

CREATE = 'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("age", sa.Integer()))'
USERS = "CREATE TABLE users (id SERIAL NOT NULL, age INTEGER, PRIMARY KEY (id))"
MORE = USERS.replace("age INTEGER", "age BIGINT, note TEXT")


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch, make_project: MakeProject) -> Declare:
    """Make a project with users, whose models are what some SQL makes."""

    def declared(sql: str, text: str = "class User: ...\n") -> Asked:
        asked: Asked = []

        def load(wanted: loading.Wanted) -> Models:
            asked.append(wanted)
            schema = folded([sql], Target.default()) if sql else Schema()
            return Models(schema, sources={"models.py": Source("models.py", text)})

        monkeypatch.setattr(loading, "load", load)
        make_project({"a1.py": script("a1", None, CREATE)})
        return asked

    return declared


def test_nothing_differs(declare: Declare, capsys: Capture) -> None:
    asked = declare(USERS)
    assert run(["drift"]) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("no findings in 1 revision of alembic, postgresql 15, head a1\n", "")
    (wanted,) = asked
    assert wanted.specs == ()
    assert wanted.history is not None
    assert [str(each) for each in wanted.history.tables] == ["users"]


def test_what_differs(declare: Declare, capsys: Capture) -> None:
    declare(MORE)
    assert run(["drift", "--output-format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)["findings"]
    assert [(each["code"], each["object"], each["path"]) for each in told] == [
        ("MG150", "users.note", "models.py"),
        ("MG152", "users.age", "models.py"),
    ]
    assert told[0]["write"] == 'op.add_column("users", sa.Column("note", sa.Text(), nullable=True))'


def test_other_rules_are_not_asked(declare: Declare, capsys: Capture) -> None:
    declare(MORE)
    assert run(["drift", "--select", "MG2,MG152", "--output-format", "concise", "-q"]) == 1
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()] == ["MG152"]


@pytest.mark.parametrize(
    ("arguments", "code"), [(["--exit-zero"], 0), (["--ignore", "MG150,MG152"], 0), (["--select", "MG150"], 1)]
)
def test_what_it_ends_with(arguments: list[str], code: int, declare: Declare) -> None:
    declare(MORE)
    assert run(["drift", *arguments]) == code


def test_what_only_migrations_make_fails_no_run_by_itself(declare: Declare, capsys: Capture) -> None:
    declare("CREATE TABLE users (id SERIAL NOT NULL, PRIMARY KEY (id))")
    assert run(["drift", "--output-format", "json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["findings"]
    assert (told["code"], told["revision"], told["object"]) == ("MG151", "a1", "users.age")
    assert run(["drift", "--fail-on", "warning"]) == 1


def test_a_comment_in_the_models_hides_it(declare: Declare, capsys: Capture) -> None:
    declare(MORE, "class User: ...  # migrate-guard: ignore[MG150, MG152] next release\n")
    assert run(["drift"]) == 0
    assert "hidden: 2 suppressed" in capsys.readouterr().out


def test_the_models_are_named(declare: Declare, tmp_path: Path) -> None:
    asked = declare(USERS)
    (tmp_path / "migrate-guard.toml").write_text('models = "app.db:Base"\n', encoding="utf-8")
    run(["drift"])
    run(["drift", "--models", "app.a", "--models", "app.b:metadata", "-x", "tenant=a"])
    assert [tuple(each.specs) for each in asked] == [("app.db:Base",), ("app.a", "app.b:metadata")]
    assert [tuple(each.x) for each in asked] == [(), ("tenant=a",)]


def test_models_without_tables_are_not_compared(declare: Declare, capsys: Capture) -> None:
    declare("")
    assert run(["drift"]) == 2
    assert "the models have no tables: --models names" in capsys.readouterr().err


def test_what_was_not_understood_is_counted(declare: Declare, capsys: Capture, tmp_path: Path) -> None:
    declare(MORE)
    opaque = 'op.execute(__import__("os").environ["MORE"])'
    (tmp_path / "alembic" / "versions" / "b2.py").write_text(script("b2", "a1", opaque), encoding="utf-8")
    assert run(["drift"]) == 0
    assert "1 operation not understood (-v lists them)" in capsys.readouterr().out


def test_check_asks_nothing_of_it(declare: Declare, capsys: Capture) -> None:
    declare(MORE)
    run(["check", "--select", "MG15", "--output-format", "json"])
    assert json.loads(capsys.readouterr().out)["findings"] == []
