"""What the README and its neighbours say is so."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from migrate_guard.commands.explain import listing
from migrate_guard.config import ConfigError, Overrides, load
from migrate_guard.config.loading import KEYS
from migrate_guard.reporters import formats
from migrate_guard.rules import load_rules
from tests.servers import needs_postgresql

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_table_of_rules_is_that_of_explain() -> None:
    assert any(block == listing(load_rules()) for block in blocks("text")), "paste the output of explain --all"


def test_the_output_is_that_of_the_command() -> None:
    lines = [line for block in blocks("console") for line in block.splitlines() if " check " in line]
    (arguments,) = (line.rpartition("migrate-guard ")[2].split() for line in lines)
    run = subprocess.run(
        [sys.executable, "-m", "migrate_guard", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    (shown,) = (block for block in blocks("text") if "fixtures/shop/migrations" in block)
    for part in shown.strip().split("\n\n"):
        assert part == "…" or f"\n{part}\n" in f"\n{run.stdout}"


def test_the_round_trips_are_those_of_the_command() -> None:
    needs_postgresql()
    (line,) = (line for block in blocks("console") for line in block.splitlines() if " roundtrip " in line)
    arguments = line.rpartition("migrate-guard ")[2].split()
    run = subprocess.run(
        [sys.executable, "-m", "migrate_guard", *arguments, "--python", sys.executable],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    (shown,) = (block for block in blocks("text") if "fixtures/linear/alembic, postgresql" in block)
    version = re.compile(r"postgresql \d+(\.\d+)?")
    assert version.sub("postgresql", run.stdout) == version.sub("postgresql", shown)
    assert run.stderr.count(": there and back") == 4


def test_the_drift_is_that_of_the_command() -> None:
    (line,) = (line for block in blocks("console") for line in block.splitlines() if " drift " in line)
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "migrate_guard",
            *line.rpartition("migrate-guard ")[2].split(),
            "--python",
            sys.executable,
        ],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1, run.stderr
    assert run.stdout in blocks("text")


def test_the_line_that_runs_the_tests_is_the_one_that_is_run() -> None:
    lines = [line for block in blocks("console") for line in block.splitlines() if "pytest" in line]
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert lines
    assert all(line.removeprefix("$ ") in run.splitlines() for line in lines)


def test_the_configuration_in_the_readme_is_valid_and_complete(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
    try:
        settings = load(tmp_path, Overrides(), rules=load_rules(), formats=formats())
    except ConfigError as error:
        raise AssertionError(str(error)) from error
    assert settings.origin == tmp_path / "pyproject.toml"
    assert set(tomllib.loads(block)["tool"]["migrate-guard"]) == set(KEYS)


def test_the_hooks_run_commands_that_are_there() -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    assert re.findall(r"^- id: (.*)$", hooks, re.MULTILINE) == ["migrate-guard", "migrate-guard-graph"]
    assert all(entry.startswith("migrate-guard check") for entry in re.findall(r"entry: (.*)", hooks))
