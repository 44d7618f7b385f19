"""What the README and its neighbours say is so."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import click

from migrate_guard.cli import cli
from migrate_guard.config import ConfigError, Overrides, load
from migrate_guard.config.loading import KEYS
from migrate_guard.reporters import formats
from migrate_guard.rules import load_rules

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def test_the_command_that_shows_it_runs() -> None:
    """What it prints is the picture: `test_docs` draws it anew."""
    (line,) = (line for block in blocks("console") for line in block.splitlines() if " check fixtures" in line)
    run = subprocess.run(
        [sys.executable, "-m", "migrate_guard", *line.rpartition("migrate-guard ")[2].split()],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert 'building "ix_orders_user_id" blocks writes to "orders"' in run.stdout


def test_every_command_is_named() -> None:
    (listed,) = (block for block in blocks("") if block.startswith("migrate-guard check"))
    context = click.Context(cli)
    assert sorted(line.split()[1] for line in listed.splitlines()) == cli.list_commands(context)


def test_the_pages_that_it_links_are_there() -> None:
    linked = re.findall(r"\]\((docs/[^)]+)\)", README)
    assert linked
    assert all((ROOT / each).is_file() for each in linked)


def test_the_line_that_runs_the_tests_is_the_one_that_is_run() -> None:
    lines = [line for block in blocks("console") for line in block.splitlines() if "pytest" in line]
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert lines
    assert all(line.removeprefix("$ ") in run.splitlines() for line in lines)


def test_the_configuration_in_the_documentation_is_valid_and_complete(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (tmp_path / "pyproject.toml").write_text(block, encoding="utf-8")
    for folder in ("tools/migration_rules", "services/billing/alembic"):
        (tmp_path / folder).mkdir(parents=True)
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
