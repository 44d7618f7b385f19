"""What is shipped: source archive, the wheel made from it, and that it runs from there."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from migrate_guard import __version__
from migrate_guard.rules import load_rules

ROOT = Path(__file__).parents[1]


def build(kind: str, source: Path, output: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(output)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = output.iterdir()
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel from the source archive, not from the checkout."""
    directory = tmp_path_factory.mktemp("packaging")
    archive = build("sdist", ROOT, directory / "sdist")
    with tarfile.open(archive) as packed:
        packed.extractall(directory, filter="data")
    return build("wheel", directory / f"migrate_guard-{__version__}", directory / "wheel")


@pytest.mark.slow
def test_the_wheel_holds_what_the_package_reads(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for rule in load_rules():
        assert f"migrate_guard/_pages/{rule.name}.md" in names
        assert f"migrate_guard/rules/{rule.name.replace('-', '_')}.py" in names
    assert {"migrate_guard/schemas/check.schema.json", "migrate_guard/py.typed"} <= names
    assert not any(name.startswith(("tests/", "fixtures/", "rules/")) for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.slow
def test_the_wheel_runs(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    command = [sys.executable, "-m", "migrate_guard", "explain"]
    environ = {**os.environ, "PYTHONPATH": str(installed), "PYTHONSAFEPATH": "1"}

    def explain(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *arguments], cwd=tmp_path, env=environ, check=True, capture_output=True, text=True
        )
        return done.stdout

    assert [line.split()[0] for line in explain("--all").splitlines()] == [rule.code for rule in load_rules()]
    assert explain("MG603").startswith("# MG603: float-money\n")
    where = "import migrate_guard; print(migrate_guard.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environ, check=True, capture_output=True, text=True
    )
    assert found.stdout.startswith(str(installed))
