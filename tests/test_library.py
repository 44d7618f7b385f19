"""Checking from Python."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from threading import Thread

import jsonschema
import pytest

import migrate_guard
from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script
from tests.test_own_rules import write_rule

ROOT = Path(__file__).parent.parent
PRICE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("price", sa.Float()))'
MONEY = {"select": ["float-money"]}
SCHEMA = json.loads(files("migrate_guard").joinpath("schemas/check.schema.json").read_text("utf-8"))
EXAMPLE = '''\
"""A gate of one's own."""

from pathlib import Path

import migrate_guard
from migrate_guard import CheckError, ConfigError, Finding, Report, Severity


def gate(project: Path) -> int:
    try:
        report: Report = migrate_guard.check(project, {"select": ["default"], "severity": {"MG3": "warning"}})
    except ConfigError as error:
        return len([mistake.nearest for mistake in error.mistakes])
    except CheckError:
        return 2
    worst: Finding | None = max(report.findings, key=lambda each: each.severity, default=None)
    if worst is not None and worst.severity is Severity.ERROR:
        print(worst.span.path, worst.span.line, worst.message, worst.write or worst.help)
    text: str = report.render("concise") + report.to_json()
    hidden: int = sum(report.hidden.values())
    code: int = report.exit_code
    return code if report.is_clean or report.errors or report.warnings else len(text) + hidden
'''


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    return make_project({"a1.py": script("a1", None, PRICE, 'op.drop_table("t")')})


def test_a_report(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    report = migrate_guard.check(config=MONEY)
    (finding,) = report.findings
    assert isinstance(finding, migrate_guard.Finding)
    assert (finding.code, finding.severity) == ("MG603", migrate_guard.Severity.ERROR)
    assert (project / finding.span.path).is_file()
    assert (report.exit_code, report.is_clean, report.errors) == (1, False, (finding,))
    document = json.loads(report.to_json())
    jsonschema.validate(document, SCHEMA)
    assert [each["code"] for each in document["findings"]] == ["MG603"]
    assert report.render("concise").startswith(f"{finding.span}: ")
    with pytest.raises(ValueError, match='no format "xml"'):
        report.render("xml")
    assert capfd.readouterr() == ("", "")


def test_it_says_what_the_command_says(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "migrate-guard.toml").write_text('select = ["MG6"]\n', encoding="utf-8")
    assert run(["check", "--output-format", "json"]) == 1
    by_command = json.loads(capsys.readouterr().out)
    for paths in ((), project, str(project), [project / "alembic.ini"]):
        by_library = json.loads(migrate_guard.check(paths).to_json())
        assert by_library["findings"] == by_command["findings"]


def test_a_file_a_mapping_and_no_settings(project: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text('select = ["MG101"]\n', encoding="utf-8")
    (project / "migrate-guard.toml").write_text('ignore = ["all"]\n', encoding="utf-8")
    assert migrate_guard.check(config=file).is_clean
    assert migrate_guard.check().is_clean
    assert not migrate_guard.check(config={}).is_clean
    assert migrate_guard.check(config={**MONEY, "fail-on": "error", "severity": {"MG603": "info"}}).exit_code == 0
    nested = {"per-file-ignores": {"*.py": ("MG6",)}, "stats": Path("sizes.json")}
    with pytest.raises(migrate_guard.CheckError, match=r"sizes\.json"):
        migrate_guard.check(config=nested)


def test_mistakes_are_exceptions(project: Path) -> None:
    with pytest.raises(migrate_guard.ConfigError) as caught:
        migrate_guard.check(config={"selekt": [], "rows": -1, "rules": ["nowhere"]})
    assert [each.key for each in caught.value.mistakes] == ["selekt", "rows", "rules"]
    assert str(caught.value).startswith("3 mistakes in the configuration\n")
    with pytest.raises(migrate_guard.CheckError, match="does not exist"):
        migrate_guard.check("nowhere")
    with pytest.raises(migrate_guard.CheckError):
        migrate_guard.check(since="nothing")
    with pytest.raises(migrate_guard.CheckError):
        migrate_guard.check(baseline="nowhere.json")


def test_warnings_are_told_and_not_printed(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    empty = project / "empty" / "versions"
    empty.mkdir(parents=True)
    assert "no migration scripts found" in " ".join(migrate_guard.check(empty).warnings)
    assert capfd.readouterr() == ("", "")


def test_a_crashed_rule_is_a_finding_and_2(project: Path) -> None:
    crashing = "def table_named_tmp(step: Step[CreateTable], options: Options) -> Iterator[Problem]:\n"
    from tests.test_own_rules import RULE

    head, _, tail = RULE.partition(crashing)
    docstring = tail.splitlines()[0]
    write_rule(project / "ours", f"{head}{crashing}{docstring}\n    raise ValueError(step)\n    yield\n")
    report = migrate_guard.check(config={"rules": ["ours"], "select": ["ACME"]})
    assert (report.exit_code, [each.name for each in report.findings]) == (2, ["rule-crashed"])


def test_calls_know_nothing_of_each_other(project: Path) -> None:
    environ, directory, modules = dict(os.environ), Path.cwd(), sys.path[:]
    first = migrate_guard.check(config=MONEY)
    write_rule(project / "ours")
    migrate_guard.check(config={"rules": ["ours"]})
    reports: list[migrate_guard.Report] = []
    threads = [Thread(target=lambda: reports.append(migrate_guard.check(config=MONEY))) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.findings for each in reports] == [first.findings] * 3
    assert (dict(os.environ), Path.cwd(), sys.path) == (environ, directory, modules)


def test_importing_it_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import migrate_guard; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["migrate_guard"]


def test_every_public_name_is_there() -> None:
    stub = (Path(migrate_guard.__file__).with_suffix(".pyi")).read_text(encoding="utf-8")
    for name in migrate_guard.__all__:
        assert getattr(migrate_guard, name) is not None
        assert name in dir(migrate_guard)
        assert f" as {name}\n" in stub or f"{name}: " in stub
    with pytest.raises(AttributeError):
        migrate_guard.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_types_are_told(tmp_path: Path) -> None:
    (tmp_path / "gate.py").write_text(EXAMPLE, encoding="utf-8")
    (tmp_path / "wrong.py").write_text("import migrate_guard\n\nmigrate_guard.check(1).findings[0].nothing\n")
    mypy = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    environ = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(
        [*mypy, "--follow-imports=silent", "gate.py"], cwd=tmp_path, capture_output=True, text=True, env=environ
    )
    assert done.stdout == "Success: no issues found in 1 source file\n"
    done = subprocess.run(
        [*mypy, "--follow-imports=silent", "wrong.py"], cwd=tmp_path, capture_output=True, text=True, env=environ
    )
    assert done.stdout.count("error: ") == 2


def test_the_example_runs(project: Path) -> None:
    names: dict[str, object] = {}
    exec(compile(EXAMPLE, "gate.py", "exec"), names)
    gate = names["gate"]
    assert callable(gate)
    assert gate(project) == 1
