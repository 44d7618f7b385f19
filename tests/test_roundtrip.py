"""The command `roundtrip`: what it takes, what it says, and what it leaves."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrate_guard.__main__ import run
from tests.conftest import MakeProject, script
from tests.running import ENV, runnable
from tests.servers import needs_postgresql

Capture = pytest.CaptureFixture[str]

TABLE = 'op.create_table("{0}", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.Text()))'
CREATE, DROP = TABLE.format("t"), 'op.drop_table("t")'
POSTGRESQL = "postgresql+psycopg://nobody@nowhere.invalid/app"

CLEAN = {
    "a1.py": script("a1", None, CREATE, DROP),
    "b2.py": script("b2", "a1", TABLE.format("u"), 'op.drop_table("u")'),
}
LEFT = script("c3", "b2", 'op.create_index("ix_t", "t", ["note"])', "pass")


def report(capsys: Capture, *arguments: str) -> tuple[int, dict[str, Any], str]:
    capsys.readouterr()
    code = run(["roundtrip", "--python", sys.executable, "--output-format", "json", *arguments])
    out, err = capsys.readouterr()
    return code, json.loads(out) if out else {}, err


def found(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["code"], each["revision"]) for each in told["findings"]]


def test_there_and_back(make_project: MakeProject, capsys: Capture) -> None:
    root = runnable(make_project(CLEAN))
    before = sorted(root.rglob("*"))
    code, told, err = report(capsys)
    assert (code, told["findings"]) == (0, [])
    assert [line.partition(" (")[0] for line in err.splitlines()] == [
        "a1 revision a1: there and back",
        "b2 revision b2: there and back",
    ]
    left = {each for each in root.rglob("*") if "__pycache__" not in each.parts}
    assert left == set(before), "nothing is left behind in the project"


def test_what_is_left_behind_is_found_and_the_run_goes_on(make_project: MakeProject, capsys: Capture) -> None:
    last = script("d4", "c3", TABLE.format("v"), 'op.drop_table("v")')
    runnable(make_project({**CLEAN, "c3.py": LEFT, "d4.py": last}))
    code, told, err = report(capsys)
    assert (code, found(told)) == (1, [("MG250", "c3")])
    assert told["findings"][0]["line"] == 16
    assert told["findings"][0]["direction"] == "downgrade"
    assert "d4 revision d4: there and back" in err


@pytest.mark.parametrize(
    ("arguments", "judged"),
    [
        ((), ["a1", "b2", "c3"]),
        (("--last", "1"), ["c3"]),
        (("--since", "a1"), ["b2", "c3"]),
        (("b2",), ["b2"]),
        (("a1:",), ["b2", "c3"]),
        (("alembic/versions/b2.py",), ["b2"]),
        (("head", "alembic"), ["c3"]),
    ],
)
def test_which_revisions(
    arguments: tuple[str, ...], judged: list[str], make_project: MakeProject, capsys: Capture
) -> None:
    runnable(make_project({**CLEAN, "c3.py": script("c3", "b2")}))
    code, _, err = report(capsys, *arguments)
    assert code == 0
    assert [line.split()[0] for line in err.splitlines()] == judged


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a1", "b2"), "one revision or range at a time"),
        (("a1", "--last", "1"), "do not go together"),
        (("--last", "0"), "0 is not in the range"),
        (("nonsense",), "nonsense"),
        (("--python", "/no/such/python"), "there is no /no/such/python"),
        (("--scratch-url", "nonsense"), "--scratch-url is no database URL"),
    ],
)
def test_what_cannot_be(arguments: tuple[str, ...], said: str, make_project: MakeProject, capsys: Capture) -> None:
    runnable(make_project(CLEAN))
    code, told, err = report(capsys, *arguments)
    assert (code, told) == (2, {})
    assert said in err
    assert "Traceback" not in err
    assert "internal error" not in err


def test_irreversible_revisions_are_respected_and_said(make_project: MakeProject, capsys: Capture) -> None:
    raises = script("b2", "a1", 'op.add_column("t", sa.Column("x", sa.Text()))', "raise NotImplementedError")
    declared = script("c3", "b2", "op.execute('DELETE FROM t')").replace(
        "depends_on = None", "depends_on = None\nirreversible = True"
    )
    runnable(make_project({"a1.py": CLEAN["a1.py"], "b2.py": raises, "c3.py": declared}))
    code, told, err = report(capsys)
    assert (code, told["findings"]) == (0, [])
    assert "b2 revision b2: not taken back: downgrade() raises" in err
    assert "c3 revision c3: not taken back: the script says that it is irreversible" in err


def test_the_settings_say_that_nobody_goes_back(make_project: MakeProject, capsys: Capture) -> None:
    root = runnable(make_project({**CLEAN, "c3.py": LEFT}))
    (root / "migrate-guard.toml").write_text('downgrades = "none"\nrows = 0\n', encoding="utf-8")
    code, told, err = report(capsys)
    assert (code, told["findings"]) == (0, [])
    assert err.count("not taken back") == 3


def test_findings_are_suppressed_and_filtered_as_those_of_check(make_project: MakeProject, capsys: Capture) -> None:
    silent = LEFT.replace("def downgrade():", "def downgrade():  # migrate-guard: ignore[MG250] it may stay")
    runnable(make_project({**CLEAN, "c3.py": silent}))
    code, told, _ = report(capsys)
    assert (code, told["findings"], told["hidden"]["suppressed"]) == (0, [], 1)
    runnable(make_project({**CLEAN, "c3.py": LEFT}))
    assert report(capsys, "--ignore", "MG250")[0] == 0
    assert report(capsys, "--exit-zero")[0] == 0
    assert run(["check", "--select", "MG003"]) == 0


def test_a_comment_that_nothing_needs_is_told_by_the_command_that_knows(
    make_project: MakeProject, capsys: Capture
) -> None:
    idle = script("c3", "b2").replace("def downgrade():", "def downgrade():  # migrate-guard: ignore[MG250] why")
    runnable(make_project({**CLEAN, "c3.py": idle}))
    assert run(["check", "--select", "MG003"]) == 0
    assert [code for code, _ in found(report(capsys)[1])] == ["MG003"]


def test_a_failing_upgrade_leaves_out_what_rests_on_it(make_project: MakeProject, capsys: Capture) -> None:
    bad = script("b2", "a1", "op.execute('no sql')")
    beside = script("d4", "a1", TABLE.format("w"), 'op.drop_table("w")')
    runnable(make_project({"a1.py": CLEAN["a1.py"], "b2.py": bad, "c3.py": script("c3", "b2"), "d4.py": beside}))
    code, told, err = report(capsys)
    assert (code, found(told)) == (1, [("MG251", "b2")])
    assert "no sql" in told["findings"][0]["message"] or "syntax" in told["findings"][0]["message"]
    assert "c3 revision c3: not taken back: b2 below it could not be applied" in err
    assert "d4 revision d4: there and back" in err


def test_rows_make_the_difference(make_project: MakeProject, capsys: Capture) -> None:
    unique = script("b2", "a1", 'op.create_index("uq", "t", ["note"], unique=True)', 'op.drop_index("uq", "t")')
    runnable(make_project({"a1.py": CLEAN["a1.py"], "b2.py": unique}))
    code, told, err = report(capsys)
    assert (code, found(told)) == (1, [("MG253", "b2")])
    assert told["findings"][0]["line"] == 13
    assert "b2 revision b2: upgrade fails on rows" in err
    assert report(capsys, "--rows", "0")[0] == 0


def test_seed_files(make_project: MakeProject, capsys: Capture) -> None:
    gone = script("b2", "a1", "op.execute(\"DELETE FROM t WHERE note = 'mine'\")")
    root = runnable(make_project({"a1.py": CLEAN["a1.py"], "b2.py": gone}))
    assert report(capsys)[0] == 0
    (root / "seeds").mkdir()
    seed = root / "seeds" / "b2.sql"
    seed.write_text("INSERT INTO t (id, note) VALUES (7, 'mine');\n", encoding="utf-8")
    code, told, _ = report(capsys, "--seed", "seeds", "--fail-on", "warning")
    assert (code, found(told)) == (1, [("MG252", "b2")])
    assert '1 of 5 rows of "t" are gone' in told["findings"][0]["message"]
    _, told, _ = report(capsys, "--seed", "seeds", "--rows", "0")
    assert '1 of 1 rows of "t" are gone' in told["findings"][0]["message"]
    (root / "migrate-guard.toml").write_text('seed = "seeds"\n', encoding="utf-8")
    assert found(report(capsys)[1]) == [("MG252", "b2")]
    seed.write_text("\nINSERT INTO nowhere VALUES (1);\n", encoding="utf-8")
    code, _, err = report(capsys)
    assert code == 2
    assert "b2.sql:2" in err
    assert "nowhere" in err


def test_rows_are_the_same_for_the_same_number(make_project: MakeProject, capsys: Capture) -> None:
    seen = "rows = op.get_bind().exec_driver_sql('SELECT * FROM t').all()"
    tells = script("b2", "a1", f"{seen}\n    if rows: raise ValueError(__import__('zlib').crc32(repr(rows).encode()))")
    runnable(make_project({"a1.py": CLEAN["a1.py"], "b2.py": tells}))
    said = [report(capsys, "--random-seed", number)[1]["findings"][0]["message"] for number in ("0", "0", "1")]
    assert said[0] == said[1] != said[2]
    assert "ValueError" in said[0]


def test_what_is_kept(make_project: MakeProject, capsys: Capture) -> None:
    runnable(make_project(CLEAN))
    code, _, err = report(capsys, "--keep")
    assert code == 0
    connect, remove = err.splitlines()[-2:]
    file = Path(connect.removeprefix("sqlite3 "))
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("b2",)]
    assert remove == f"rm -rf {file.parent}"
    shutil.rmtree(file.parent)


def test_the_python_of_the_settings(make_project: MakeProject, capsys: Capture) -> None:
    root = runnable(make_project(CLEAN))
    (root / "migrate-guard.toml").write_text('python = "tools/nothing"\n', encoding="utf-8")
    capsys.readouterr()
    assert run(["roundtrip", "alembic"]) == 2
    assert f"there is no {root / 'tools' / 'nothing'}" in capsys.readouterr().err


def test_arguments_for_env(make_project: MakeProject, capsys: Capture) -> None:
    root = runnable(make_project(CLEAN))
    asks = "from alembic import context\nassert context.get_x_argument(as_dictionary=True) == {'tenant': 'a'}\n"
    (root / "alembic" / "env.py").write_text(asks + ENV, encoding="utf-8")
    assert report(capsys, "-x", "tenant=a")[0] == 0
    code, _, err = report(capsys)
    assert code == 2
    assert "AssertionError" in err


def test_env_that_cannot_run_names_the_way_without(make_project: MakeProject, capsys: Capture) -> None:
    root = runnable(make_project(CLEAN))
    (root / "alembic" / "env.py").write_text("import not_there\n", encoding="utf-8")
    code, _, err = report(capsys)
    assert code == 2
    assert "No module named 'not_there'" in err
    assert "--no-env" in err
    assert report(capsys, "--no-env")[0] == 0
    (root / "alembic" / "versions" / "b2.py").write_text("import not_there\n" + CLEAN["b2.py"], encoding="utf-8")
    code, _, err = report(capsys, "--no-env")
    assert code == 2
    assert "the scripts of the project cannot be loaded" in err
    assert "--no-env" not in err


def test_a_python_without_alembic(make_project: MakeProject, capsys: Capture, tmp_path: Path) -> None:
    runnable(make_project(CLEAN))
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    capsys.readouterr()
    assert run(["roundtrip", "--python", str(tmp_path / "bare" / "bin" / "python")]) == 2
    _, err = capsys.readouterr()
    assert "has no alembic: name the Python of the project with --python" in err
    assert "Traceback" not in err


def test_env_says_which_database(make_project: MakeProject, capsys: Capture) -> None:
    needs_postgresql()  # which the run begins with, before env.py has its say
    root = runnable(make_project(CLEAN))
    text = ENV.replace('context.config.get_main_option("sqlalchemy.url")', '"sqlite:///app.db"')
    (root / "alembic" / "env.py").write_text(text, encoding="utf-8")
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\n", encoding="utf-8")
    capsys.readouterr()
    assert run(["roundtrip", "--python", sys.executable]) == 0
    assert "sqlite 3" in capsys.readouterr().out
    code, _, err = report(capsys, "--dialect", "postgresql")
    assert code == 2
    assert "--dialect sqlite" in err


def test_user_code_that_ends_the_process(make_project: MakeProject, capsys: Capture) -> None:
    ends = script("b2", "a1", "print('last words', flush=True)\n    import os\n    os._exit(3)")
    runnable(make_project({"a1.py": CLEAN["a1.py"], "b2.py": ends}))
    code, _, err = report(capsys)
    assert code == 2
    assert "in the middle of the upgrade of b2" in err
    assert "last words" in err


def test_a_version_that_does_not_move(make_project: MakeProject, capsys: Capture) -> None:
    needs_postgresql()
    root = runnable(make_project(CLEAN), POSTGRESQL)
    lost = ENV.replace("    context.configure", '    connection.exec_driver_sql("SELECT 1")\n    context.configure')
    (root / "alembic" / "env.py").write_text(lost, encoding="utf-8")
    code, told, err = report(capsys)
    assert (code, found(told)) == (1, [("MG254", "a1")])
    assert "a1 below it could not be applied" in err


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for temporary files that the user under whom a server runs can enter, too."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def below(process: int) -> set[tuple[int, str]]:
    """The processes that one has started, and those that these have, each with its command line."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found = {(int(pid), arguments) for pid, parent, arguments in rows if int(parent) == process}
    return found.union(*(below(pid) for pid, _ in found)) if found else set()


def alive(processes: set[tuple[int, str]]) -> set[tuple[int, str]]:
    listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    now = {(int(pid), arguments) for pid, arguments in (line.split(None, 1) for line in listed.splitlines())}
    return processes & now


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_after_a_signal(by: signal.Signals, make_project: MakeProject, place: Path) -> None:
    needs_postgresql()
    waits = script("b2", "a1", "open('here', 'w').close()\n    import time\n    time.sleep(60)")
    root = runnable(make_project({"a1.py": CLEAN["a1.py"], "b2.py": waits}), POSTGRESQL)
    command = [sys.executable, "-m", "migrate_guard", "roundtrip", "--python", sys.executable]
    environment = {**os.environ, "TMPDIR": str(place)}
    with subprocess.Popen(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: (root / "here").exists() or process.poll() is not None)
        assert process.poll() is None, process.communicate()[1]
        assert any(place.iterdir())
        started = below(process.pid)
        assert len(started) > 3, "a janitor, a server and a worker"
        process.send_signal(by)
        _, err = process.communicate(timeout=30)
    assert process.returncode in {signal.SIGINT: (130,), signal.SIGTERM: (143,), signal.SIGKILL: (-9,)}[by]
    assert "Traceback" not in err
    until(lambda: not any(place.iterdir()) and not alive(started))


def until(condition: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.05)
