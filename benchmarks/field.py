#!/usr/bin/env python3
"""Measure migrate-guard and other tools for Alembic migrations on the same public trees, and on planted hazards.

usage: field.py [--corpus DIR] [--environments DIR] [--runs 3] [--only TOOL]... [--part PART]... [--said FILE]

Every tool is installed in an environment of its own by uv, at the version that rivals.py pins, with its bytecode
compiled; migrate-guard from a wheel of this checkout. The trees have to be there: fetch_corpus.py. Tools that import
the scripts get the project installed beside them. They run in turns, on copies of the trees, without bytecode of the
scripts; printed are medians, as tables in Markdown. Scripts opened is what the kernel saw (inotify), where it tells.
The hazards of planted.toml are given to each tool with their healthy twins; those that a run can tell also to tools
that run the scripts, on a PostgreSQL of the machine (parts: trees, hazards, live).
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import datetime
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.cold import remove_bytecode
from benchmarks.histories import HERE, Entry, read_entries
from benchmarks.opening import Opened
from benchmarks.planted import live_trial, static_trial, try_hazards
from benchmarks.rival_runs import Environments, NotInstalled, Run, Subject, has_failed, run, what_is_wrong
from benchmarks.rivals import CACHE, RIVALS, Rival

PARTS = ("trees", "hazards", "live")
ZDM_CONFIG = "zero-downtime-migrations.toml"


@dataclass(frozen=True)
class Tree:
    """A public history, and what the tools that import it need besides."""

    key: str
    ini: str
    """Its alembic.ini; one is written where that leaves out script_location, as Flask-Migrate's does."""
    requirements: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def entry(self) -> Entry:
        """What corpus.json says of it."""
        return next(each for each in read_entries() if each.key == self.key)


TREES = (
    Tree(
        "apache_airflow_core",
        "airflow/alembic.ini",
        ("asyncpg==0.32.0",),
        {
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://airflow@localhost/airflow",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
        },
    ),
    Tree("apache_superset", "alembic.ini"),
    Tree("ckan__pypi_ckan_ckan_migration", "ckan/migration/alembic.ini", ("ckan[requirements]==2.12.0",)),
)


@dataclass(frozen=True)
class Measured:
    """A tool on a tree."""

    runs: tuple[Run, ...] = ()
    findings: int | None = None
    claimed: int | None = None
    """Revisions judged, by its own words."""
    opened: int | None = None
    """Scripts opened."""
    problem: str = ""


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus", metavar="DIR", help="where the packages are")
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / "migrate-guard-field",
        metavar="DIR",
        help="where the tools are installed, kept between runs (default: in the directory for temporary files)",
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of each tool (default: 3)")
    parser.add_argument("--only", action="append", metavar="TOOL", help="this tool alone; may be repeated")
    parser.add_argument("--part", choices=PARTS, action="append", help="this part alone; may be repeated")
    parser.add_argument("--said", type=Path, metavar="FILE", help="write which rules speak of each planted revision")
    arguments = parser.parse_args()
    rivals = [each for each in RIVALS if not arguments.only or each.name in arguments.only]
    if not rivals:
        parser.error(f"the tools are {', '.join(each.name for each in RIVALS)}")
    environments = Environments(arguments.environments.resolve())
    print(
        f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {platform.python_implementation()} "
        f"{platform.python_version()}, {os.cpu_count()} cores\n"
    )
    with tempfile.TemporaryDirectory(prefix="migrate-guard-field-") as scratch:
        parts = arguments.part or PARTS
        said: list[str] = []
        if "trees" in parts:
            measure_trees(rivals, environments, arguments.corpus, arguments.runs, Path(scratch))
        if "hazards" in parts:
            said += try_hazards(static_trial([each for each in rivals if not each.is_cached]), environments)
        if "live" in parts:
            with databases(Path(scratch)) as database:
                said += try_hazards(live_trial(database), environments)
    if arguments.said:
        arguments.said.write_text("".join(f"{line}\n" for line in said), encoding="utf-8")


@contextmanager
def databases(scratch: Path) -> Iterator[Callable[[], str]]:
    """Run a PostgreSQL of the machine, and hand out what makes an empty database in it and returns its URL."""
    from psycopg.conninfo import conninfo_to_dict

    from tests import servers

    with servers.postgresql(scratch) as server:
        where = conninfo_to_dict(server.dsn)
        numbers = count()

        def database() -> str:
            name = f"scratch_{next(numbers)}"
            with server.connect() as connection:
                connection.autocommit = True
                connection.execute(f"CREATE DATABASE {name}")
            return f"postgresql+psycopg://{where['user']}@/{name}?host={where['host']}"

        yield database


# -- the trees


def measure_trees(rivals: Sequence[Rival], environments: Environments, corpus: Path, runs: int, scratch: Path) -> None:
    """Measure every tool on every tree and print a table a tree."""
    for tree in TREES:
        subject = copied(tree, corpus, scratch)
        print(f"### {tree.entry.package}: {tree.entry.revisions} revisions\n", flush=True)
        print_tree(measure_tree(rivals, environments, tree, subject, runs))
        shutil.rmtree(subject.root)


def copied(tree: Tree, corpus: Path, scratch: Path) -> Subject:
    """Copy a tree, and tell the tools that do not find it where it is."""
    root = scratch / tree.key
    shutil.copytree(corpus / tree.entry.directory, root)
    location = tree.entry.script_location
    (root / ZDM_CONFIG).write_text(f'alembic-version-locations = ["{location}/versions"]\n', encoding="utf-8")
    if not (root / tree.ini).exists():
        (root / tree.ini).write_text(f"[alembic]\nscript_location = %(here)s/{location}\n", encoding="utf-8")
    return Subject(root, location, tree.ini, tree.environ)


def measure_tree(
    rivals: Sequence[Rival], environments: Environments, tree: Tree, subject: Subject, runs: int
) -> dict[Rival, Measured]:
    """Count what each tool finds, then time them in turns, those that fail as well."""
    measured: dict[Rival, Measured] = {}
    programs: dict[Rival, Path] = {}
    for rival in rivals:
        project = (tree.entry.package, *tree.requirements) if rival.needs == "the project installed" else ()
        try:
            programs[rival] = environments.programs((*rival.requirements, *project))
        except NotInstalled as error:
            measured[rival] = Measured(problem=f"cannot be installed beside it: {shortened(error.cause)}")
            continue
        measured[rival] = counted(rival, programs[rival], subject)
    if not (subject.root / CACHE).is_dir():
        measured = {rival: each for rival, each in measured.items() if not rival.is_cached}
    timed: dict[Rival, list[Run]] = {rival: [] for rival in measured if rival in programs}
    for _ in range(runs):
        for rival, taken in timed.items():
            if rival.is_cached:
                run(rival.timed, programs[rival], subject, rival.environ)
            else:
                remove_bytecode(subject.root)
            taken.append(run(rival.timed, programs[rival], subject, rival.environ))
    return {
        rival: Measured(tuple(timed.get(rival, ())), each.findings, each.claimed, each.opened, each.problem)
        for rival, each in measured.items()
    }


def counted(rival: Rival, programs: Path, subject: Subject) -> Measured:
    """Run a tool for what it says and opens; one that keeps what it knows has been run before."""
    remove_bytecode(subject.root)
    if rival.is_cached:
        run(rival.counted, programs, subject, rival.environ)
    with Opened(subject.root / subject.location / "versions") as opened:
        done = run(rival.counted, programs, subject, rival.environ)
    scripts = opened.scripts()
    if has_failed(rival, done):
        return Measured(opened=scripts, problem=f"exit code {done.code}: {shortened(what_is_wrong(done.complained))}")
    return Measured(
        findings=len(rival.said(done.printed)), claimed=rival.revisions(done.printed), opened=scripts, problem=""
    )


def shortened(text: str) -> str:
    """A message in a cell of a table."""
    line = " ".join(text.split()).replace("|", "/").replace("`", "'")
    return line if len(line) <= 160 else f"{line[:159]}…"


def print_tree(measured: Mapping[Rival, Measured]) -> None:
    """Print the table of a tree; ratios are of CPU, to the first row."""
    print("| tool | wall s | CPU s | CPU ratio | findings | revisions, it says | scripts opened | fails |")
    print("|---|--:|--:|--:|--:|--:|--:|---|")
    base: float | None = None
    for rival, each in measured.items():
        wall, cpu = (median(getattr(run, of) for run in each.runs) if each.runs else None for of in ("wall", "cpu"))
        base = cpu if base is None else base
        ratio = "-" if cpu is None or not base else f"{cpu / base:.2f}"
        cells = (
            rival.name,
            *(figure(value, 2) for value in (wall, cpu)),
            ratio,
            *(figure(value, 0) for value in (each.findings, each.claimed, each.opened)),
            each.problem,
        )
        print(f"| {' | '.join(cells)} |", flush=True)
    print()


def figure(value: float | None, digits: int) -> str:
    """A figure, or a dash."""
    return "-" if value is None else f"{value:,.{digits}f}"


if __name__ == "__main__":
    main()
