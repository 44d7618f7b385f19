#!/usr/bin/env python3
"""Time a cold `migrate-guard check` against `alembic history` on the same history, in one run.

usage: cold.py [DIR] [--runs 5] [--revisions 500] [--profile]

DIR is an Alembic environment; without it one is generated. Both tools run with this Python, in turns, with their own
bytecode compiled and without bytecode of the scripts. Printed are medians, their ratio, and the start-up on an empty
project. `--profile` says where the time of one run goes instead.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import compileall
import cProfile
import importlib.util
import os
import platform
import pstats
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
CHECK: tuple[str, ...] = ("-m", "migrate_guard", "check", "--no-cache", "--exit-zero")
HISTORY: tuple[str, ...] = ("-m", "alembic", "history")
COMPILED = ("migrate_guard", "alembic", "click", "msgspec", "sqlglot", "sqlalchemy", "mako")
"""The tools and what they import."""
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of ru_maxrss."""
TOP = 25


@dataclass(frozen=True)
class Measurement:
    """What one child process took."""

    wall: float
    cpu: float
    memory: float
    """Peak, in MB."""


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("directory", type=Path, nargs="?", metavar="DIR", help="default: a generated history")
    parser.add_argument("--runs", type=int, default=5, help="runs of each tool (default: 5)")
    parser.add_argument("--revisions", type=int, default=500, help="length of a generated history (default: 500)")
    parser.add_argument("--profile", action="store_true", help="profile one run of check")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="migrate-guard-cold-") as temporary:
        directory = (arguments.directory or generated(Path(temporary) / "history", arguments.revisions)).resolve()
        if arguments.profile:
            profile(directory)
        else:
            compile_tools()
            compare(directory, empty_project(Path(temporary) / "empty"), arguments.runs)


def generated(directory: Path, revisions: int) -> Path:
    """Generate a history."""
    generator = HERE / "generate_history.py"
    subprocess.run([sys.executable, generator, directory, "--revisions", str(revisions)], check=True)
    return directory


def empty_project(directory: Path) -> Path:
    """Make an environment without revisions."""
    generated(directory, 0)
    return directory


# -- measuring


def compare(directory: Path, empty: Path, runs: int) -> None:
    """Run both tools in turns and print what they took."""
    environ = environment()
    for command in (CHECK, HISTORY):
        measure(command, directory, environ)
    taken: dict[tuple[str, ...], list[Measurement]] = {CHECK: [], HISTORY: []}
    for _ in range(runs):
        for command, measured in taken.items():
            measured.append(measure(command, directory, environ))
    start_up = [measure(CHECK, empty, environ) for _ in range(runs)]
    scripts = sum(1 for each in directory.rglob("versions/*.py") if each.name != "__init__.py")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"{scripts} scripts, {runs} runs of each in turns, {python}, {os.cpu_count()} cores, median (fastest)")
    print(f"{'':36}{'wall s':>16}{'CPU s':>16}{'peak MB':>10}")
    print_row(f"migrate-guard {version_of('migrate_guard')} check --no-cache", taken[CHECK])
    print_row(f"alembic {version_of('alembic')} history", taken[HISTORY])
    print_row("migrate-guard check, empty project", start_up)
    wall, cpu = (ratio(taken[CHECK], taken[HISTORY], of) for of in ("wall", "cpu"))
    print(f"ratio: {wall:.2f} wall, {cpu:.2f} CPU")


def print_row(name: str, measured: Sequence[Measurement]) -> None:
    """Print the medians of one command, with the fastest run beside."""
    times = "".join(f"{median(of):>9.3f} ({min(of):.3f})" for of in (walls(measured), cpus(measured)))
    print(f"{name:36}{times}{median(each.memory for each in measured):>10.0f}")


def ratio(ours: Sequence[Measurement], theirs: Sequence[Measurement], of: str) -> float:
    """Our median over theirs."""
    values = walls if of == "wall" else cpus
    return median(values(ours)) / median(values(theirs))


def walls(measured: Iterable[Measurement]) -> list[float]:
    return [each.wall for each in measured]


def cpus(measured: Iterable[Measurement]) -> list[float]:
    return [each.cpu for each in measured]


def measure(command: Sequence[str], directory: Path, environ: Mapping[str, str]) -> Measurement:
    """Run one command in a child process, without bytecode of the scripts."""
    remove_bytecode(directory)
    return measure_as_it_is(command, directory, environ)


def measure_as_it_is(command: Sequence[str], directory: Path, environ: Mapping[str, str]) -> Measurement:
    """Run one command in a child process."""
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *command], cwd=directory, env=environ, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{errors.read().decode()}")
    return Measurement(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * MAXRSS_UNIT / 1e6)


def environment() -> dict[str, str]:
    """The environment of both tools: the package of this checkout, bytecode allowed, nothing of the user's settings."""
    unwanted = ("ALEMBIC_CONFIG", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONPROFILEIMPORTTIME")
    environ = {name: value for name, value in os.environ.items() if name not in unwanted}
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
    return environ


def remove_bytecode(directory: Path) -> None:
    """Remove the bytecode of the scripts, so that every run is the first one."""
    for cache in list(directory.rglob("__pycache__")):
        shutil.rmtree(cache)


def compile_tools() -> None:
    """Compile the packages of both tools, as installers do."""
    sys.path.insert(0, str(HERE.parent))
    for name in COMPILED:
        found = importlib.util.find_spec(name)
        for place in (found.submodule_search_locations or ()) if found else ():
            compileall.compile_dir(place, quiet=2)


def version_of(package: str) -> str:
    """The version of a package; ours may run from a checkout that is not installed."""
    if package == "migrate_guard":
        return str(importlib.import_module(package).__version__)
    return version(package)


# -- profiling


def profile(directory: Path) -> None:
    """Print where the time of one run in this process goes, by the functions' own time and with what they call."""
    sys.path.insert(0, str(HERE.parent))
    recorder = cProfile.Profile()
    with inside(directory), open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        recorder.enable()
        from migrate_guard.__main__ import run

        code = run(list(CHECK[2:]))
        recorder.disable()
    if code:
        raise SystemExit(f"check ended with {code}")
    for order in ("tottime", "cumulative"):
        pstats.Stats(recorder).sort_stats(order).print_stats(TOP)


@contextmanager
def inside(directory: Path) -> Iterator[None]:
    """Be in a directory for a while."""
    before = Path.cwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    main()
