"""Where reports go: stdout, files, the summary of a step; and who says in which format."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import junitparser
import pytest

from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script
from tests.reporting import annotation, comment, valid
from tests.running import runnable

Capture = pytest.CaptureFixture[str]

CREATE = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
WIDE = 'a = "😀日本"; op.add_column("orders", sa.Column("price", sa.Float()))'
MONEY = {
    "a1.py": script("a1", None, CREATE, 'op.drop_table("orders")'),
    "b2.py": script("b2", "a1", WIDE, 'op.drop_column("orders", "price")', "prices | <b> @all"),
}
PLACE = f"alembic/versions/b2.py:13:{len('    ' + WIDE[: WIDE.index('sa.Column')]) + 1}"
"""Of the one finding, its column counting characters."""
ONLY_MONEY = ("--isolated", "--select", "float-money")


@pytest.fixture
def project(make_project: MakeProject) -> Path:
    return make_project(MONEY)


def check(*arguments: str) -> int:
    return run(["check", *ONLY_MONEY, *arguments])


# -- files


def test_a_file_is_written_instead_of_stdout(project: Path, capsys: Capture) -> None:
    assert check("--output-format", "sarif", "--output-file", "reports/ci/x.sarif") == 1
    assert capsys.readouterr().out == ""
    (one,) = valid((project / "reports/ci/x.sarif").read_text("utf-8"), "sarif-2.1.0.json")["runs"][0]["results"]
    assert one["ruleId"] == "MG603"


def test_files_of_other_formats_beside_the_console(project: Path, capsys: Capture) -> None:
    files = ("sarif:x.sarif", "gitlab:gl.json", "junit:ü.xml", "text:x.txt", "concise:x.txt.2")
    assert check("--color", "always", *(word for each in files for word in ("--output-file", each))) == 1
    out = capsys.readouterr().out
    assert "\x1b[1;31merror\x1b[0m" in out
    valid((project / "x.sarif").read_text("utf-8"), "sarif-2.1.0.json")
    (found,) = valid((project / "gl.json").read_text("utf-8"), "gitlab-code-quality.schema.json")
    assert found["check_name"] == "MG603 float-money"
    assert junitparser.JUnitXml.fromfile(str(project / "ü.xml")).failures == 1
    # Files have no colours.
    assert (project / "x.txt").read_text("utf-8").startswith("alembic/versions/b2.py:13:")
    assert (project / "x.txt.2").read_text("utf-8").startswith(f"{PLACE}: error MG603")


def test_the_format_of_the_console_is_that_of_files_without_one(project: Path, capsys: Capture) -> None:
    assert check("--output-format", "json", "--output-file", "a.json", "--output-file", "concise:-") == 1
    assert json.loads((project / "a.json").read_text("utf-8"))["version"] == 1
    assert capsys.readouterr().out.startswith(f"{PLACE}: error")
    assert check("--output-format", "json", "--output-file", "-") == 1
    assert json.loads(capsys.readouterr().out)["version"] == 1


def test_the_statistics_go_with_files_of_other_formats(project: Path, capsys: Capture) -> None:
    assert check("--statistics", "--output-file", "json:a.json") == 1
    assert capsys.readouterr().out.startswith("1  MG603  float-money\n")
    assert len(json.loads((project / "a.json").read_text("utf-8"))["findings"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--output-file", ""), "--output-file: expected FILE or FORMAT:FILE"),
        (("--output-file", "sarif:"), "--output-file: expected FILE or FORMAT:FILE"),
        (("--output-file", "sairf:x.sarif"), '--output-file: there is no format "sairf"; did you mean "sarif"?'),
        (("--output-file", "alembic"), "cannot write alembic: Is a directory"),
        (("--output-file", "alembic.ini/x/y"), "cannot write alembic.ini/x/y: Not a directory"),
        (("--output-file", "a", "--output-file", "json:./a"), "--output-file: two reports go to ./a"),
        (("--output-file", "json:-"), "--output-file: two reports go to stdout"),
        (("--output-format", "sarfi"), 'did you mean "sarif"?'),
    ],
)
def test_what_cannot_be_is_told(arguments: tuple[str, ...], message: str, project: Path, capsys: Capture) -> None:
    assert check(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert sorted(each.name for each in project.iterdir()) == ["alembic", "alembic.ini"]


def test_what_cannot_be_written_takes_nothing_from_the_console(project: Path, capsys: Capture) -> None:
    assert check("--output-file", "sarif:alembic.ini/x") == 2
    out, err = capsys.readouterr()
    assert "float-money" in out
    assert err.startswith("error: cannot write alembic.ini/x")


def test_a_name_with_a_colon_is_a_name(project: Path) -> None:
    assert check("--output-file", "./sarif:old", "--output-file", "C:report", "--output-file", "2026-11-22T10:00") == 1
    assert {each.name for each in project.iterdir()} >= {"sarif:old", "C:report", "2026-11-22T10:00"}


def test_a_file_is_replaced_whole_and_keeps_its_mode(project: Path) -> None:
    old = project / "x.sarif"
    old.write_text("old")
    old.chmod(0o604)
    assert check("--output-file", "sarif:x.sarif", "-q") == 1
    assert stat.S_IMODE(old.stat().st_mode) == 0o604
    assert json.loads(old.read_text("utf-8"))["version"] == "2.1.0"
    assert sorted(each.name for each in project.iterdir()) == ["alembic", "alembic.ini", "x.sarif"]


# -- the format of a job


def test_the_environment_says_the_format(project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATE_GUARD_OUTPUT_FORMAT", "json-lines")
    (project / "migrate-guard.toml").write_text('select = ["MG603"]\noutput-format = "json"\n', encoding="utf-8")
    assert run(["check"]) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "MG603"
    assert run(["check", "--output-format", "concise"]) == 1
    assert capsys.readouterr().out.startswith(f"{PLACE}: error")
    assert run(["check", "--statistics"]) == 1
    assert capsys.readouterr().out.startswith("1  MG603")
    monkeypatch.setenv("MIGRATE_GUARD_OUTPUT_FORMAT", "")
    assert run(["check"]) == 1
    assert json.loads(capsys.readouterr().out)["version"] == 1


@pytest.mark.parametrize("command", ["check", "drift", "roundtrip"])
def test_a_wrong_format_of_the_environment(
    command: str, project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGRATE_GUARD_OUTPUT_FORMAT", "githbu")
    assert run([command]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: MIGRATE_GUARD_OUTPUT_FORMAT: expected one of concise, github, ")
    assert err.endswith('got "githbu"; did you mean "github"?\n')


@pytest.mark.parametrize("command", ["check", "drift", "roundtrip"])
def test_help_names_the_formats_and_the_variable(command: str, capsys: Capture) -> None:
    assert run([command, "--help"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "concise, github, gitlab, json, json-lines, junit, markdown, rdjson, sarif, statistics, text; text" in said
    assert "or what MIGRATE_GUARD_OUTPUT_FORMAT says." in said
    assert "--output-file [FORMAT:]FILE" in said


# -- the summary of a step


def test_github_gets_a_summary_behind_what_is_there(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = project / "summary.md"
    summary.write_text("# before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert check("--output-format", "github", "--since", "a1") == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert annotation(line).properties["file"] == "alembic/versions/b2.py"
    read = comment(summary.read_text("utf-8"))
    assert read.headings[:2] == ["before", "migrate-guard: 1 finding (1 error)"]
    assert read.headings[-2:] == ["Plan of the new revisions", "b2 prices | <b> @all"]
    assert check("--output-format", "json", "--since", "a1") == 1
    assert comment(summary.read_text("utf-8")) == read


def test_a_summary_that_cannot_be_written_fails_no_run(
    project: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project / "no" / "summary.md"))
    assert check("--output-format", "github", "--exit-zero") == 0
    out, err = capsys.readouterr()
    assert out.startswith("::error title=MG603 float-money,")
    assert err == (
        f"warning: cannot add to {project}/no/summary.md, which GITHUB_STEP_SUMMARY names: No such file or directory\n"
    )


# -- the comment


def test_a_comment_has_the_plan_of_what_is_new(project: Path, capsys: Capture) -> None:
    assert check("--output-format", "markdown", "--since", "a1") == 1
    read = comment(capsys.readouterr().out)
    assert read.headings == [
        "migrate-guard: 1 finding (1 error)",
        "alembic/versions/b2.py",
        "Plan of the new revisions",
        "b2 prices | <b> @all",
    ]
    assert [row[1] for row in read.rows][1:] == ["ALTER TABLE orders ADD COLUMN price DOUBLE PRECISION"]
    assert all(each.startswith(("<!-- ", "<details>", "</details>")) for each in read.html)
    assert check("--output-format", "markdown") == 1
    assert "Plan of the new revisions" not in capsys.readouterr().out
    assert check("--output-format", "markdown", "--since", "b2") == 0
    assert comment(capsys.readouterr().out).headings == ["migrate-guard: no findings"]


def test_a_project_in_a_subdirectory_of_a_repository(
    make_project: MakeProject, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(MONEY)
    root = project / "root"
    (root / "back end").mkdir(parents=True)
    for name in ("alembic", "alembic.ini"):
        (project / name).rename(root / "back end" / name)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    monkeypatch.chdir(root / "back end")
    assert check("--output-format", "github") == 1
    assert annotation(capsys.readouterr().out).properties["file"] == "back end/alembic/versions/b2.py"
    assert check("--output-format", "markdown", "--since", "a1") == 1
    text = capsys.readouterr().out
    assert text.count("`back end/alembic/versions/b2.py`") == 2
    assert check("--output-format", "concise") == 1
    assert capsys.readouterr().out.startswith(f"{PLACE}:")


def test_fingerprints_of_gitlab_outlast_edits(project: Path, capsys: Capture) -> None:
    def fingerprints() -> list[str]:
        run(["check", "--isolated", "--output-format", "gitlab"])
        return [each["fingerprint"] for each in valid(capsys.readouterr().out, "gitlab-code-quality.schema.json")]

    before = fingerprints()
    path = project / "alembic" / "versions" / "b2.py"
    path.write_text(path.read_text("utf-8").replace("def upgrade", "\n# a comment\n\ndef upgrade"), encoding="utf-8")
    assert fingerprints() == before
    assert len(set(before)) == len(before) > 1


# -- the other commands


def test_drift_writes_the_same_formats(project: Path, capsys: Capture) -> None:
    (project / "models.py").write_text(
        "from sqlalchemy import Column, Integer, MetaData, Table\n"
        'Table("orders", meta := MetaData(), Column("id", Integer, primary_key=True), Column("extra", Integer))\n',
        encoding="utf-8",
    )
    arguments = ("--python", sys.executable, "--models", "models:meta", "--isolated")
    files = ("sarif:x.sarif", "gitlab:gl.json", "rdjson:rd.json", "junit:x.xml", "json-lines:x.jsonl")
    run(["drift", *arguments, *(word for each in files for word in ("--output-file", each))])
    assert "extra" in capsys.readouterr().out
    found = valid((project / "x.sarif").read_text("utf-8"), "sarif-2.1.0.json")["runs"][0]["results"]
    assert len(valid((project / "gl.json").read_text("utf-8"), "gitlab-code-quality.schema.json")) == len(found) > 0
    assert len(valid((project / "rd.json").read_text("utf-8"), "rdjson.schema.json")["diagnostics"]) == len(found)
    assert junitparser.JUnitXml.fromfile(str(project / "x.xml")).tests == len(found)
    assert len((project / "x.jsonl").read_text("utf-8").splitlines()) == len(found)


def test_roundtrip_writes_the_same_formats(make_project: MakeProject, capsys: Capture) -> None:
    project = runnable(make_project({"a1.py": script("a1", None, CREATE)}))
    files = ("--output-file", "sarif:x.sarif", "--output-file", "json:x.json", "--output-file", "markdown:x.md")
    run(["roundtrip", "--isolated", "--python", sys.executable, "-q", *files])
    assert "MG2" in capsys.readouterr().out
    found = json.loads((project / "x.json").read_text("utf-8"))["findings"]
    results = valid((project / "x.sarif").read_text("utf-8"), "sarif-2.1.0.json")["runs"][0]["results"]
    assert len(results) == len(found) > 0
    assert len(comment((project / "x.md").read_text("utf-8")).rows) == len(found)


# -- what is loaded


def test_only_the_format_that_is_asked_for_is_loaded(project: Path) -> None:
    names = ("sarif", "github", "gitlab", "junit", "rdjson", "markdown", "json", "json_lines", "concise")
    code = (
        "import sys; from migrate_guard.__main__ import run; run(sys.argv[1:]);"
        f"print([each for each in {names} if f'migrate_guard.reporters.{{each}}' in sys.modules],"
        "[each for each in ('xml.etree', 'migrate_guard.planning', 'sqlglot', 'subprocess') if each in sys.modules])"
    )
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}

    def loaded(*arguments: str) -> str:
        command = [sys.executable, "-c", code, "check", *ONLY_MONEY, *arguments]
        return subprocess.run(command, capture_output=True, text=True, env=environ, check=True).stdout.splitlines()[-1]

    assert loaded() == "[] []"
    assert loaded("--output-format", "github") == "['github'] []"
    assert loaded("--output-file", "sarif:x.sarif") == "['sarif'] []"
    assert loaded("--output-format", "junit") == "['junit'] ['xml.etree']"
    assert loaded("--output-format", "markdown") == "['markdown'] []"


def test_options_know_no_reporter() -> None:
    code = "import sys; import migrate_guard.commands._options; print('migrate_guard.reporters' in sys.modules)"
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=True)
    assert done.stdout == "False\n"
