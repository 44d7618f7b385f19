"""What a check costs, counted and not timed: files that are parsed, directions that are interpreted, modules imported.

A number that grows is a mistake or has a reason, which belongs beside the new number here.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from benchmarks.generate_history import main as generate
from migrate_guard import files
from migrate_guard.__main__ import run
from migrate_guard.engine import histories
from migrate_guard.reading.interpreter import interpret

ROOT = Path(__file__).parents[1]
REVISIONS = 40
PACKAGE = ROOT / "migrate_guard"


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "argv", ["generate_history.py", str(tmp_path / "history"), "--revisions", str(REVISIONS)])
    generate()
    monkeypatch.chdir(tmp_path / "history")
    return tmp_path / "history"


class Counted(NamedTuple):
    parsed: int
    interpreted: int


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How often something is done that takes time."""
    counts = {"parsed": 0, "interpreted": 0}
    parse = ast.parse

    def parsing(*given: object, **named: object) -> object:
        counts["parsed"] += 1
        return parse(*given, **named)  # type: ignore[call-overload]  # whatever the caller hands over

    def interpreting(*given: object, **named: object) -> object:
        counts["interpreted"] += 1
        return interpret(*given, **named)  # type: ignore[arg-type]  # whatever the caller hands over

    monkeypatch.setattr(ast, "parse", parsing)
    monkeypatch.setattr(histories, "interpret", interpreting)
    return counts


def checked(counts: dict[str, int], *arguments: str) -> Counted:
    counts |= {"parsed": 0, "interpreted": 0}
    assert run(["check", "--exit-zero", *arguments]) == 0
    return Counted(**counts)


def test_a_cold_check_parses_a_script_once_and_interprets_each_direction_once(
    history: Path, counted: dict[str, int]
) -> None:
    # and env.py
    assert checked(counted, "--no-cache") == Counted(parsed=REVISIONS + 1, interpreted=2 * REVISIONS)


def test_a_warm_check_parses_and_interprets_nothing(history: Path, counted: dict[str, int]) -> None:
    checked(counted)
    assert checked(counted) == Counted(0, 0)
    assert checked(counted, "--since", "base").interpreted == 2 * REVISIONS
    assert checked(counted, "--since", "base") == Counted(0, 0)


MODULES = {
    # Ours and all others: Python's own, click, msgspec.
    "--version": (8, 100),
    "a warm check": (44, 105),
    "an empty history": (200, 125),
}
"""How many modules may be imported: of migrate-guard, and besides."""


def imported(directory: Path, *arguments: str) -> tuple[int, int]:
    """How many modules a run imports."""
    code = (
        "import sys; before = set(sys.modules); from migrate_guard.__main__ import run\n"
        f"run({list(arguments)}); print(file=sys.stderr); print(*set(sys.modules) - before, file=sys.stderr)"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=directory, capture_output=True, text=True, env=environ)
    names = done.stderr.splitlines()[-1].split()
    own = [each for each in names if each.partition(".")[0] == "migrate_guard"]
    others = [each for each in names if each not in own and each.partition(".")[0] != "typing_extensions"]
    return len(own), len(others)


@pytest.mark.parametrize("what", MODULES)
def test_modules_that_are_imported(history: Path, tmp_path: Path, what: str) -> None:
    arguments = ["--version"] if what == "--version" else ["check", "--exit-zero"]
    if what == "an empty history":
        for each in (history / "migrations" / "versions").glob("*.py"):
            each.unlink()
    elif what == "a warm check":
        imported(history, *arguments)
    own, others = imported(history, *arguments)
    assert (own <= MODULES[what][0], others <= MODULES[what][1]) == (True, True), (own, others)


# What a run asks the file system it asks in one place, so that the cache knows of it.

ASKS = re.compile(
    r"\.(read_text|read_bytes|is_file|is_dir|exists|iterdir|glob|rglob|stat|lstat|is_symlink|samefile)\("
    r"|(?<![\w.])open\(|os\.(open|scandir|listdir|walk|stat|lstat|access|readlink)\("
    r"|os\.path\.(exists|lexists|isfile|isdir|islink|realpath|getsize|getmtime)\("
)
MAY_ASK = {
    "reading/directories.py": "it notes what it has walked through",
    "reading/models_loaded.py": "where models are loaded nothing is kept",
}


@pytest.mark.parametrize("folder", ["reading", "config", "engine", "history", "sieve"])
def test_the_file_system_is_asked_in_one_place(folder: str) -> None:
    found = []
    for path in sorted((PACKAGE / folder).rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if place in MAY_ASK:
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            text = "" if line.lstrip().startswith('"""') else line
            told = [each for each in ASKS.finditer(text) if not line[: each.start()].endswith(("files", "file_system"))]
            found += [f"{place}:{number}: {line.strip()}"] * bool(told)
    assert found == [], f"ask {files.__name__} instead"
