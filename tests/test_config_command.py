"""`migrate-guard config`, and what settings do to a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate_guard.__main__ import run
from migrate_guard.asking.house import Habit
from migrate_guard.commands import _config_form
from tests.conftest import MakeProject, script

Capture = pytest.CaptureFixture[str]
INI = "[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {url}\n"
PRICE = 'op.create_table("{name}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("price", sa.Float()))'


def service(root: Path, name: str, url: str, revision: str) -> None:
    """A project with a float for money in the first revision, and an index on a table that is in use in the second."""
    folder = root / "services" / name
    (folder / "alembic" / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(INI.format(url=url), encoding="utf-8")
    (folder / "alembic" / "env.py").write_text("", encoding="utf-8")
    first = script(f"{revision}1", None, PRICE.format(name=name), f'op.drop_table("{name}")')
    second = script(
        f"{revision}2", f"{revision}1", f'op.create_index("ix", "{name}", ["price"])', 'op.drop_index("ix")'
    )
    (folder / "alembic" / "versions" / f"{revision}1.py").write_text(first, encoding="utf-8")
    (folder / "alembic" / "versions" / f"{revision}2.py").write_text(second, encoding="utf-8")


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    service(tmp_path, "billing", "postgresql://db/billing", "b")
    service(tmp_path, "shop", "sqlite:///shop.db", "s")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(capsys: Capture, *arguments: str) -> set[tuple[str, str]]:
    assert run(["check", "--output-format", "json", *arguments, "services/billing", "services/shop"]) in (0, 1)
    findings = json.loads(capsys.readouterr().out)["findings"]
    return {(Path(each["path"]).stem, each["code"]) for each in findings}


def shown(capsys: Capture, *arguments: str) -> Any:
    assert run(["config", "--output-format", "json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


def test_environments_have_their_own_settings(services: Path, capsys: Capture) -> None:
    (services / "migrate-guard.toml").write_text('select = ["MG301", "MG603"]\n', encoding="utf-8")
    assert found(capsys) == {("b1", "MG603"), ("b2", "MG301"), ("s1", "MG603")}
    (services / "migrate-guard.toml").write_text(
        'select = ["MG301", "MG603"]\n'
        '[environments."services/billing"]\nignore = ["float-money"]\n'
        '[environments."services/shop/alembic"]\ndialect = "postgresql"\nstart-after = "s1"\n',
        encoding="utf-8",
    )
    assert found(capsys) == {("b2", "MG301"), ("s2", "MG301")}
    assert found(capsys, "--select", "MG603") == {("b1", "MG603")}, "start-after counts, the file's ignore no more"
    form = shown(capsys, "services/billing", "services/shop")
    assert [(each["settings"], each["target"]) for each in form["found"]] == [
        ("services/billing", "postgresql 15"),
        ("services/shop/alembic", "postgresql 15"),
    ]
    assert form["environments"]["services/billing"]["ignore"] == {
        "value": ["float-money"],
        "source": "file",
        "key": 'environments."services/billing".ignore',
        "line": 3,
    }
    assert set(form["environments"]["services/shop/alembic"]) == {"dialect", "start-after"}


def test_stats_of_one_environment(services: Path, capsys: Capture) -> None:
    (services / "migrate-guard.toml").write_text(
        'select = ["MG301"]\n[environments."services/billing"]\ntable-rows = { billing = 12 }\n', encoding="utf-8"
    )
    assert found(capsys) == set()
    assert run(["plan", "services/billing"]) == 0
    assert "12 rows" in capsys.readouterr().out
    (services / "migrate-guard.toml").write_text('select = ["MG301"]\ntable-rows = { billing = 5_000_000 }\n')
    assert found(capsys) == {("b2", "MG301")}


def test_a_severity_is_what_fails_and_what_is_shown(services: Path, capsys: Capture) -> None:
    file = services / "migrate-guard.toml"
    file.write_text('select = ["MG301", "MG603"]\n[severity]\nall = "warning"\nMG6 = "info"\n', encoding="utf-8")
    assert run(["check", "services/billing", "--output-format", "json"]) == 0
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert {each["code"]: each["severity"] for each in findings} == {"MG301": "warning", "MG603": "info"}
    assert run(["check", "services/billing", "--fail-on", "warning"]) == 1
    assert run(["check", "services/billing", "--fail-on", "info", "--select", "MG603"]) == 1
    assert run(["check", "services/billing", "--fail-on", "warning", "--select", "MG603"]) == 0
    capsys.readouterr()
    rules = {each["code"]: each for each in shown(capsys)["rules"]}
    assert (rules["MG603"]["severity"], rules["MG603"]["on"]) == ("info", True)


@pytest.mark.parametrize(
    "pattern", ["services/billing", "services/*/alembic/versions/b*.py", "b[12].py", "./services/b*"]
)
def test_what_is_excluded_is_replayed_and_counted(services: Path, capsys: Capture, pattern: str) -> None:
    (services / "migrate-guard.toml").write_text(f'select = ["MG603", "MG120"]\nexclude = ["{pattern}"]\n')
    assert found(capsys) == {("s1", "MG603")}
    assert run(["check", "services/billing"]) == 0
    assert "hidden: 1 excluded" in capsys.readouterr().out


def test_every_value_has_an_origin(make_project: MakeProject, capsys: Capture) -> None:
    root = make_project({})
    (root / "pyproject.toml").write_text(
        '[project]\nname = "x"\n\n[tool.migrate-guard]\ndialect = "mysql"\nselect = ["MG3"]\nfail-on = "warning"\n'
        "\n[tool.migrate-guard.options.float-money]\nprecision = [9, 2]\n",
        encoding="utf-8",
    )
    form = shown(capsys, "--db-version", "8.4", "--ignore", "MG301")
    assert form["file"] == "pyproject.toml"
    settings = {key: tuple(each.values()) for key, each in form["settings"].items()}
    assert settings["dialect"] == ("mysql", "file", "dialect", 5)
    assert settings["select"] == (["MG3"], "file", "select", 6)
    assert settings["db-version"] == ("8.4", "command line", "--db-version", None)
    assert settings["ignore"] == (["MG301"], "command line", "--ignore", None)
    assert settings["rows"] == (5, "default", None, None)
    assert settings["options"] == ({"float-money": {"precision": [9, 2]}}, "file", "options", 9)
    rules = {each["code"]: (each["on"], each["why"]) for each in form["rules"]}
    assert rules["MG301"] == (False, 'ignore "MG301"')
    assert rules["MG302"] == (True, 'select "MG3"')
    assert rules["MG603"] == (False, "not in select")
    text = run(["config", "--db-version", "8.4"]), capsys.readouterr().out
    assert text[1].startswith("settings of pyproject.toml\n")
    assert any(line.split() == ["dialect", '"mysql"', "dialect,", "line", "5"] for line in text[1].splitlines())
    assert any(
        line.split() == ["db-version", '"8.4"', "command", "line,", "--db-version"] for line in text[1].splitlines()
    )


def test_a_variable_is_an_origin(make_project: MakeProject, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_project({})
    (root / "migrate-guard.toml").write_text('output-format = "text"\n', encoding="utf-8")
    monkeypatch.setenv("MIGRATE_GUARD_OUTPUT_FORMAT", "concise")
    value = shown(capsys)["settings"]["output-format"]
    assert (value["value"], value["source"], value["key"]) == (
        "concise",
        "environment variable",
        "MIGRATE_GUARD_OUTPUT_FORMAT",
    )


def test_without_a_file(make_project: MakeProject, capsys: Capture) -> None:
    make_project({})
    assert {each["source"] for each in shown(capsys, "--isolated")["settings"].values()} == {"default"}
    assert run(["config", "--isolated"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("no configuration file\n")
    assert any(
        line.split() == ["off", "MG004", "suppression-without-reason", "warning", "default"]
        for line in out.splitlines()
    )


def test_what_the_house_does_is_shown() -> None:
    given = [
        Habit("table names", "plural", 9, 10, "table-name-style.plural", is_learnt=True),
        Habit("zones", "aware", 2, 3, "zones.expect"),
        Habit("index names", "ix_{table}", 2, 3, "index-name-style.pattern", is_set=True),
        Habit("ids", "", 2, 3, "x.y"),
    ]
    form = _config_form.habits(given)
    assert list(_config_form.habit_lines(form)) == [
        "table names: plural (learnt from 9 of 10 tables; option table-name-style.plural)",
        "zones: aware (default; 2 of 3 tables; option zones.expect)",
        "index names: ix_{table} (set; 2 of 3 tables; option index-name-style.pattern)",
        "ids: nothing in particular (default; 2 of 3 tables; option x.y)",
    ]
