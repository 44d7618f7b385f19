#!/usr/bin/env python3
"""Time a second `migrate-guard check` against a second `alembic history` on the same history, in one run.

usage: warm.py [--runs 5] [--revisions 500]

A history is generated, and both tools have run on it before, so that the bytecode of its scripts is there and so is our
cache. Timed are a check without changes, one with a new revision on top, one of a branch (`--since`), cold and warm.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cold import HISTORY, Measurement, compile_tools, environment, generated, measure_as_it_is

CHECK: Final = ("-m", "migrate_guard", "check", "--exit-zero")
SCRIPT: Final = '''\
"""a new one"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{down}"


def upgrade() -> None:
    op.create_table("new_{revision}", sa.Column("id", sa.BigInteger(), primary_key=True))


def downgrade() -> None:
    op.drop_table("new_{revision}")
'''


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--revisions", type=int, default=500, help="length of the history (default: 500)")
    arguments = parser.parse_args()
    compile_tools()
    with tempfile.TemporaryDirectory(prefix="migrate-guard-warm-") as temporary:
        directory = generated(Path(temporary) / "history", arguments.revisions)
        environ = {**environment(), "MIGRATE_GUARD_CACHE_DIR": str(Path(temporary) / "cache")}
        git(directory, "init", "--quiet", "--initial-branch=main")
        git(directory, "add", "--all")
        git(directory, "commit", "--quiet", "--message", "a history")
        compare(directory, environ, arguments.runs)


def git(directory: Path, *arguments: str) -> None:
    """Run git in a repository that nobody's configuration changes."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    subprocess.run(command, cwd=directory, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})


def compare(directory: Path, environ: dict[str, str], runs: int) -> None:
    """Run everything in turns and print what it took."""
    versions = directory / "migrations" / "versions"
    head = newest(directory, environ)

    def timed(command: tuple[str, ...]) -> Callable[[int], Measurement]:
        return lambda number: measure_as_it_is(command, directory, environ)

    def with_a_new_revision(number: int) -> Measurement:
        place = versions / f"new{number}.py"
        place.write_text(SCRIPT.format(revision=f"new{number}", down=head))
        try:
            return measure_as_it_is(CHECK, directory, environ)
        finally:
            place.unlink()

    since = (*CHECK, "--since", "main")
    ways = {
        "alembic history": timed(HISTORY),
        "check, nothing new": timed(CHECK),
        "check, one new revision": with_a_new_revision,
        "check --since main, nothing new": timed(since),
        "check --since main --no-cache": timed((*since, "--no-cache")),
    }
    for way in ways.values():
        way(-1)
    taken: dict[str, list[Measurement]] = {name: [] for name in ways}
    for number in range(runs):
        for name, way in ways.items():
            taken[name].append(way(number))
    base = median(each.cpu for each in taken["alembic history"])
    print(f"{'':34}{'wall s':>8}{'CPU s':>8}{'ratio':>8}{'peak MB':>9}")
    for name, each in taken.items():
        wall, cpu, memory = (median(getattr(one, what) for one in each) for what in ("wall", "cpu", "memory"))
        print(f"{name:34}{wall:>8.3f}{cpu:>8.3f}{cpu / base:>8.2f}{memory:>9.0f}")


def newest(directory: Path, environ: dict[str, str]) -> str:
    """The head of a history."""
    command = [sys.executable, "-m", "alembic", "heads"]
    done = subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True, check=True)
    return done.stdout.split()[0]


if __name__ == "__main__":
    main()
