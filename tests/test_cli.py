"""The command line: what it prints where, and its exit codes."""

import io
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrate_guard import __main__, __version__, engine
from migrate_guard.__main__ import run
from migrate_guard.commands._lanes import draw
from migrate_guard.commands.schema import resolve
from migrate_guard.history.graph import build
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem
from migrate_guard.rules import load_rules
from migrate_guard.terminal import UserError, wants_color
from tests.conftest import MakeProject, script

Capture = pytest.CaptureFixture[str]

CREATE = 'op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))'
DROP = 'op.drop_table("orders")'
PRICE = 'op.add_column("orders", sa.Column("price", sa.Float()))'
CLEAN = {"a1.py": script("a1", None, CREATE, DROP, "create orders")}
MONEY = {**CLEAN, "b2.py": script("b2", "a1", PRICE, 'op.drop_column("orders", "price")', "add prices")}
ONLY_MONEY = ("--isolated", "--select", "float-money")


ENVIRON = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
COMMAND = (sys.executable, "-m", "migrate_guard")


def check(*arguments: str) -> int:
    return run(["check", *arguments])


def test_a_clean_project(make_project: MakeProject, capsys: Capture) -> None:
    make_project(CLEAN)
    assert check(*ONLY_MONEY) == 0
    out, err = capsys.readouterr()
    assert out == "no findings in 1 revision of alembic, postgresql 15, head a1\n"
    assert err == ""


def test_findings(make_project: MakeProject, capsys: Capture) -> None:
    make_project(MONEY)
    assert check(*ONLY_MONEY, "alembic/versions") == 1
    out, err = capsys.readouterr()
    assert out.startswith("alembic/versions/b2.py:13:")
    assert "error MG603 float-money" in out
    assert "\x1b" not in out
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--exit-zero",), 0),
        (("--fail-on", "error"), 1),
        (("--fail-on", "info"), 1),
        (("--ignore", "MG6"), 1),
        (("--ignore", "MG603"), 0),
        (("--ignore", "float-money", "-q"), 0),
        (("--no-cache", "--statistics"), 1),
    ],
)
def test_exit_codes(make_project: MakeProject, arguments: tuple[str, ...], code: int) -> None:
    make_project(MONEY)
    assert check(*ONLY_MONEY, *arguments) == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "nothing/here"), "nothing/here does not exist"),
        (("check", "--select", "flaot-money"), 'did you mean "float-money"?'),
        (("check", "--dialect", "postgres"), 'did you mean "postgresql"?'),
        (("check", "--output-format", "xml"), "--output-format: expected one of"),
        (("check", "--config", "no.toml"), "no.toml: --config: it does not exist"),
        (("check", "--config", "no.toml", "--isolated"), "does not go with --config"),
        (("check", "--statistics", "--output-format", "json"), "--statistics does not go with"),
        (("check", "--no-such-option"), "No such option"),
        (("check", "--output-file", "alembic.ini/report.txt"), "cannot write alembic.ini/report.txt"),
        (("check", "-n", "billing"), "[billing]"),
        (("chekc",), 'did you mean "check"?'),
        (("explain", "flaot-money"), 'did you mean "float-money"?'),
        (("explain",), "name one rule"),
        (("explain", "--all", "MG603"), "name one rule"),
        (("schema", "zz"), 'there is no revision "zz"'),
        (("schema", "a1", "b2"), "one revision at a time"),
    ],
)
def test_mistakes_exit_with_2_and_one_line(
    make_project: MakeProject, capsys: Capture, arguments: tuple[str, ...], message: str
) -> None:
    make_project(MONEY)
    assert run(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err
    assert [line for line in err.splitlines() if line.startswith("error: ")]


def test_mistakes_in_the_configuration(make_project: MakeProject, capsys: Capture) -> None:
    project = make_project(CLEAN)
    (project / "migrate-guard.toml").write_text('selct = ["MG6"]\n')
    assert check() == 2
    assert 'selct: there is no such setting; did you mean "select"?' in capsys.readouterr().err
    (project / "migrate-guard.toml").write_text('select = ["MG603"]\noutput-format = "concise"\n')
    assert check() == 0
    assert capsys.readouterr().out == ""


def test_no_scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    assert check("--isolated") == 0
    out, err = capsys.readouterr()
    assert out == "no findings\n"
    assert err.startswith("warning: no migration scripts found")


@pytest.mark.parametrize(
    ("url", "arguments", "said"),
    [
        ("mssql+pyodbc://db/app", (), "nothing is known of mssql, so it is judged as postgresql 15"),
        ("mssql+pyodbc://db/app", ("--dialect", "mysql"), ""),
        ("mssql+pyodbc://db/app", ("--quiet",), ""),
        ("driver://user:pass@localhost/dbname", (), ""),
        ("", (), ""),
    ],
)
def test_a_database_of_which_nothing_is_known(
    url: str, arguments: tuple[str, ...], said: str, make_project: MakeProject, capsys: Capture
) -> None:
    make_project({"a.py": script("a", None)}, url)
    check("--isolated", *arguments)
    err = capsys.readouterr().err
    assert said in err if said else err == ""


def test_an_empty_versions_directory(make_project: MakeProject, capsys: Capture) -> None:
    make_project({})
    assert check("--isolated") == 0
    assert "warning: no migration scripts found" in capsys.readouterr().err


def test_json(make_project: MakeProject, capsys: Capture) -> None:
    make_project(MONEY)
    assert check(*ONLY_MONEY, "--output-format", "json") == 1
    out, err = capsys.readouterr()
    (finding,) = json.loads(out)["findings"]
    assert (finding["path"], finding["code"], finding["object"]) == ("alembic/versions/b2.py", "MG603", "orders.price")
    assert len(finding["fingerprint"]) == 16
    assert err == ""


def test_suppressed_findings_are_counted(make_project: MakeProject, capsys: Capture) -> None:
    comment = f"{PRICE}  # migrate-guard: ignore[MG603] a test\n"
    make_project({**CLEAN, "b2.py": script("b2", "a1", comment)})
    assert check("--isolated", "--select", "MG603,MG003") == 0
    assert "hidden: 1 suppressed" in capsys.readouterr().out


def test_only_given_files_are_reported(make_project: MakeProject, capsys: Capture) -> None:
    make_project({**MONEY, "c3.py": script("c3", "b2", PRICE.replace("price", "fee"))})
    assert check(*ONLY_MONEY, "--output-format", "concise", "alembic/versions/c3.py") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["alembic/versions/c3.py"]


def test_per_file_ignores(make_project: MakeProject) -> None:
    project = make_project(MONEY)
    (project / "migrate-guard.toml").write_text('select = ["MG603"]\n[per-file-ignores]\n"alembic/**" = ["MG603"]\n')
    assert check() == 0


def test_the_report_goes_to_a_file(make_project: MakeProject, capsys: Capture) -> None:
    project = make_project(MONEY)
    report = project / "report.txt"
    report.write_text("old")
    report.chmod(0o640)
    assert check(*ONLY_MONEY, "--output-file", "report.txt") == 1
    assert capsys.readouterr().out == ""
    assert "float-money" in report.read_text()
    assert stat.S_IMODE(report.stat().st_mode) == 0o640
    assert sorted(each.name for each in project.iterdir()) == ["alembic", "alembic.ini", "report.txt"]


def test_a_failing_write_leaves_the_old_file(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make_project(CLEAN)
    (project / "report.txt").write_text("old")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    assert check(*ONLY_MONEY, "--output-file", "report.txt") == 2
    assert (project / "report.txt").read_text() == "old"
    assert sorted(each.name for each in project.iterdir()) == ["alembic", "alembic.ini", "report.txt"]


@pytest.mark.parametrize(
    ("choice", "environ", "is_terminal", "expected"),
    [
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": "", "FORCE_COLOR": "1", "TERM": "dumb"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, True, True),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"TERM": "xterm"}, True, True),
        ("auto", {"TERM": "xterm"}, False, False),
    ],
)
def test_colours(choice: str, environ: dict[str, str], is_terminal: bool, expected: bool) -> None:
    assert wants_color(choice, environ, is_terminal=is_terminal) is expected  # type: ignore[arg-type]


def test_colours_in_the_report(make_project: MakeProject, capsys: Capture) -> None:
    make_project(MONEY)
    check(*ONLY_MONEY, "--color", "always")
    assert "\x1b[1;31merror\x1b[0m" in capsys.readouterr().out


def test_a_bug_of_ours_says_so(make_project: MakeProject, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(CLEAN)

    def crash(*arguments: object, **keywords: object) -> None:
        raise RuntimeError("out of cheese")

    monkeypatch.setattr(engine, "check", crash)
    assert check("--isolated") == 2
    err = capsys.readouterr().err
    assert err.startswith("internal error: RuntimeError: out of cheese\n")
    assert "report it" in err
    assert "Traceback" not in err
    assert check("--isolated", "-v") == 2
    assert "Traceback" in capsys.readouterr().err
    monkeypatch.setenv("MIGRATE_GUARD_TRACEBACK", "1")
    assert check("--isolated") == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_crashed_rule_exits_with_2(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    from msgspec.structs import replace

    from migrate_guard import rules

    def crash(subject: object) -> list[Problem]:
        raise RuntimeError("out of cheese")

    broken = tuple(replace(rule, check=crash) if rule.name == "float-money" else rule for rule in load_rules())
    monkeypatch.setattr(rules, "load_rules", lambda: broken)
    make_project(MONEY)
    assert check("--isolated", "--exit-zero") == 2


def test_interruption(make_project: MakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    make_project(CLEAN)

    def interrupt(*arguments: object, **keywords: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "check", interrupt)
    assert check("--isolated") == 130


def test_a_reader_that_leaves_early(make_project: MakeProject) -> None:
    make_project(MONEY)
    process = subprocess.Popen(
        [*COMMAND, "check", *ONLY_MONEY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_a_full_disk(make_project: MakeProject) -> None:
    make_project(MONEY)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, "check", *ONLY_MONEY], stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRON
        )
    assert done.returncode == 2
    assert done.stderr == "error: cannot write to stdout: No space left on device\n"


def test_an_encoding_that_lacks_characters(make_project: MakeProject) -> None:
    make_project({**CLEAN, "b2.py": script("b2", "a1", PRICE.replace("price", "preis_€_price"))})
    done = subprocess.run(
        [*COMMAND, "check", *ONLY_MONEY], capture_output=True, env={**ENVIRON, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 1
    assert b"preis_\\u20ac_price" in done.stdout


HEAVY = {"alembic", "libcst", "rich", "sqlalchemy", "sqlglot"}


def test_a_check_imports_only_the_standard_library_click_and_msgspec(make_project: MakeProject) -> None:
    make_project(CLEAN)
    arguments = ["check", "--isolated", "--ignore", "MG604"]
    code = (
        "import sys; before = set(sys.modules); from migrate_guard.__main__ import run;"
        f"run({arguments}); print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=ENVIRON)
    *report, modules = done.stdout.splitlines()
    assert report[-1].startswith("no findings in 1 revision")
    imported = {name.partition(".")[0] for name in modules.split()}
    assert not imported & HEAVY
    # msgspec imports typing_extensions where it is installed.
    assert imported - {"migrate_guard", "click", "msgspec", "typing_extensions"} <= sys.stdlib_module_names


def test_help_and_version(capsys: Capture) -> None:
    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    for command in ("check", "explain", "graph", "schema"):
        assert f"  {command} " in out
    assert run(["check", "--help"]) == 0
    assert "--output-format" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["baseline", "check", "graph", "plan", "schema"])
def test_commands_that_read_scripts_take_the_same_options(
    make_project: MakeProject, capsys: Capture, command: str
) -> None:
    make_project(CLEAN)
    assert run([command, "--help"]) == 0
    out = capsys.readouterr().out
    options = (
        "--dialect NAME",
        "--db-version VERSION",
        "--config FILE",
        "--isolated",
        "-n, --name SECTION",
        "--no-cache",
    )
    for option in options:
        assert f"  {option} " in out
    arguments = ["--dialect", "sqlite", "--db-version", "3.40", "--isolated", "-n", "alembic", "--no-cache"]
    assert run([command, *arguments]) == 0
    assert capsys.readouterr().out


def test_no_command(capsys: Capture) -> None:
    assert run([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Usage: migrate-guard")


def test_python_dash_m() -> None:
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, env=ENVIRON)
    assert (done.returncode, done.stdout) == (0, f"migrate-guard, version {__version__}\n")


# explain


@pytest.mark.parametrize("word", ["MG603", "mg603", "float-money", "FLOAT-MONEY"])
def test_explain(capsys: Capture, word: str) -> None:
    assert run(["explain", word]) == 0
    assert capsys.readouterr().out.startswith("# MG603: float-money\n")


def test_explain_all(capsys: Capture) -> None:
    assert run(["explain", "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[rule.code, rule.name] for rule in load_rules()]
    assert run(["explain", "--all", "--output-format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [each["code"] for each in listed] == [rule.code for rule in load_rules()]


# schema


def test_schema_json(make_project: MakeProject, capsys: Capture) -> None:
    make_project(MONEY)
    assert run(["schema", "--format", "json", "--isolated"]) == 0
    form = json.loads(capsys.readouterr().out)
    assert (form["version"], form["dialect"], form["revision"]) == (1, "postgresql", ["b2"])
    assert list(form["tables"]["orders"]["columns"]) == ["id", "price"]
    assert form["tables"]["orders"]["columns"]["id"] == {
        "type": "INTEGER",
        "nullable": False,
        "default": "nextval('orders_id_seq'::regclass)",
        "identity": False,
        "computed": False,
    }
    assert form["tables"]["orders"]["primary_key"]["columns"] == ["id"]
    assert set(form["tables"]["orders"]) == {
        "columns",
        "partition",
        "primary_key",
        "foreign_keys",
        "unique_constraints",
        "check_constraints",
        "indexes",
    }


@pytest.mark.parametrize("word", ["a1", "a"])
def test_schema_at_a_revision(make_project: MakeProject, capsys: Capture, word: str) -> None:
    make_project(MONEY)
    assert run(["schema", word, "alembic.ini", "--isolated"]) == 0
    out = capsys.readouterr().out
    assert "orders\n  id  INTEGER  not null" in out
    assert "price" not in out


def test_schema_at_the_base(make_project: MakeProject, capsys: Capture) -> None:
    make_project(MONEY)
    assert run(["schema", "base", "--isolated"]) == 0
    assert capsys.readouterr().out == "the schema is empty\n"


def test_an_argument_that_exists_is_a_path(make_project: MakeProject, capsys: Capture) -> None:
    project = make_project(MONEY)
    (project / "a1").mkdir()
    assert run(["schema", "a1", "--isolated"]) == 2
    assert "no Alembic environment here" in capsys.readouterr().err


def a_revision(id: str, *down: str, labels: tuple[str, ...] = ()) -> Revision:
    return Revision(id, f"{id}.py", Span(f"{id}.py", 1, 1, 1, 2), down, branch_labels=labels, message=f"message {id}")


def test_words_for_revisions() -> None:
    history = build([a_revision("aa1"), a_revision("aa2", "aa1", labels=("shop",)), a_revision("b1", "aa1")])
    assert resolve("heads", history) == ("aa2", "b1")
    assert resolve("base", history) == ()
    assert resolve("aa1", history) == ("aa1",)
    assert resolve("b", history) == ("b1",)
    assert resolve("shop", history) == ("aa2",)
    with pytest.raises(UserError, match="several revisions: aa1, aa2"):
        resolve("aa", history)
    with pytest.raises(UserError, match="there are 2 heads"):
        resolve("head", history)
    with pytest.raises(UserError, match='did you mean "aa2"'):
        resolve("aa22", history)


# graph


def test_graph(make_project: MakeProject, capsys: Capture) -> None:
    make_project(MONEY)
    assert run(["graph", "--isolated"]) == 0
    assert capsys.readouterr().out == "*  b2 (head) add prices\n*  a1 (base) create orders\n"


def test_a_merge_is_drawn() -> None:
    drawing = draw(build([a_revision("a"), a_revision("b", "a"), a_revision("c", "a"), a_revision("d", "b", "c")]))
    lines = drawing.splitlines()
    assert lines[0] == "*  d (head) message d"
    assert lines[1] == "|\\"
    assert lines[-2:] == ["|/", "*  a (base) message a"]
    assert sum("*" in line for line in lines) == 4


def test_faults_are_named() -> None:
    loop = [a_revision("x", "y"), a_revision("y", "x")]
    drawing = draw(build([a_revision("a", "gone"), a_revision("a", "gone"), *loop]))
    assert "gone is missing" in drawing
    assert "a is the id of several scripts" in drawing
    assert "is a loop" in drawing
    assert draw(build([])) == "there are no revisions\n"


def test_main_exits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["migrate-guard", "--version"])
    with pytest.raises(SystemExit) as caught:
        __main__.main()
    assert caught.value.code == 0


def test_progress_is_shown_only_to_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate_guard import terminal

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with terminal.progress("reading"):
        pass
    assert screen.getvalue() == ""
    monkeypatch.setattr(terminal, "PATIENCE", 0.0)
    with terminal.progress("reading"):
        for _ in range(500):
            if screen.getvalue():
                break
            time.sleep(0.01)
    assert screen.getvalue() == "\rreading\r\x1b[K"


def test_a_selection_that_names_nothing_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for value in ("", " , "):
        assert run(["check", "--select", value, str(tmp_path)]) == 2
        assert "error: --select: expected a code" in capsys.readouterr().err


def test_closed_streams() -> None:
    shop = str(Path(__file__).parent.parent / "fixtures/shop")
    for closing in (">&-", "2>&-", ">&- 2>&-"):
        shell = f'"{sys.executable}" -m migrate_guard check "{shop}" {closing}'
        assert subprocess.run(["sh", "-c", shell], env=ENVIRON, capture_output=True).returncode == 1


def test_a_rule_more_than_selected(make_project: MakeProject, capsys: Capture) -> None:
    make_project(MONEY)
    assert check("--isolated", "--select", "MG101", "-q") == 0
    assert capsys.readouterr().out == ""
    assert check("--isolated", "--select", "MG101", "--extend-select", "float-money", "--quiet") == 1
    out = capsys.readouterr().out
    assert "MG603" in out
    assert "1 finding" not in out
