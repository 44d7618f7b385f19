#!/usr/bin/env python3
"""Run histories on scratch databases and compare what they make with what they fold to, after every revision.

usage: live.py [--only KEY]... [--dialect postgresql|sqlite] [--every-revision] [--differences FILE] [--corpus DIR]
               [--jobs N] [--timeout SECONDS] [--python FILE]

The packages have to be there: fetch_corpus.py. The scripts of the packages are executed: each history in a child
process that has a time limit, no network, an environment of ours instead of the project's env.py, and a database of its
own, on a PostgreSQL that is started for the run and listens on a private socket. What cannot be run because something
cannot be imported is run once more with stand-ins for it. Prints for each history how many revisions ran, after how
many of these the folded schema was exactly the database's, and how the objects of all revisions compare; without
--every-revision the last one alone is looked at. --differences gets every object that differs, with the revisions at
which it begins to. Needs SQLAlchemy, Alembic, psycopg and PostgreSQL; --python runs the scripts with another Python.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, get_args

import psycopg
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import reflection
from benchmarks.comparison import Comparison, Form, compare, doubts
from benchmarks.histories import HERE, Dialect, Entry, add_arguments, chosen, read_history
from benchmarks.upgrading import Task
from tests import servers

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.model.revision import Direction, Revision, Run
    from migrate_guard.model.schema import Schema

TIMEOUT = 900.0
Reflect: TypeAlias = Callable[[], Form]


@dataclass(frozen=True)
class Settings:
    """What holds for every history of a run."""

    dialect: Dialect
    corpus: Path
    dsn: str
    """Of the PostgreSQL server; empty for SQLite."""
    python: str
    timeout: float
    every_revision: bool


@dataclass
class Result:
    """What came of one history."""

    ran: int = 0
    of: int = 0
    compared: int = 0
    exact: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    """Of the objects of all revisions that were compared."""
    differences: list[str] = field(default_factory=list)
    has_stand_ins: bool = False
    problems: list[str] = field(default_factory=list)
    """Why it did not run, or not all of it."""

    def __str__(self) -> str:
        """Say it in a line."""
        objects = sum(self.verdicts.values())
        share = f"{self.verdicts['equal'] / objects:>8.2%}" if objects else f"{'-':>8}"
        numbers = " ".join(f"{self.verdicts[each]:>9}" for each in ("missing", "extra", "different"))
        notes = ["stand-ins"] * (self.has_stand_ins and self.ran > 0) + self.problems
        ran = f"{self.ran}/{self.of}"
        exact = f"{self.exact}/{self.compared}"
        return f"{ran:>9} {exact:>9} {objects:>9} {numbers} {share} {'; '.join(notes)[:160]}".rstrip()


HEADING = f"{'ran':>9} {'exact':>9} {'objects':>9} {'missing':>9} {'extra':>9} {'different':>9} {'equal':>8}"


def main() -> None:
    """Parse the command line and go through the histories."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--dialect", choices=get_args(Dialect), help="run on this database only")
    parser.add_argument(
        "--every-revision", action="store_true", help="compare after every revision, not the last alone"
    )
    parser.add_argument("--differences", type=Path, metavar="FILE", help="write every object that differs")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="histories at a time")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, metavar="SECONDS", help="for each history")
    parser.add_argument("--python", default=sys.executable, metavar="FILE", help="what runs the scripts")
    arguments = parser.parse_args()
    wanted = chosen(parser, arguments.only)
    dialects = [arguments.dialect] if arguments.dialect else get_args(Dialect)
    lines: list[str] = []
    with ExitStack() as stack:
        dsn = ""
        if "postgresql" in dialects:
            scratch = stack.enter_context(tempfile.TemporaryDirectory())
            dsn = stack.enter_context(servers.postgresql(Path(scratch))).dsn
        for dialect in dialects:
            settings = Settings(
                dialect,
                arguments.corpus.resolve(),
                dsn,
                arguments.python,
                arguments.timeout,
                arguments.every_revision,
            )
            lines += run(wanted, settings, arguments.jobs)
    if arguments.differences:
        arguments.differences.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")


def run(entries: Sequence[Entry], settings: Settings, jobs: int) -> list[str]:
    """Run and compare on one database, print what comes of it, and return the differences."""
    print(f"\n{settings.dialect:<54} {HEADING}")
    total, ran, whole = Result(), 0, 0
    with ProcessPoolExecutor(jobs) as pool:
        for entry, result in zip(entries, pool.map(one, entries, [settings] * len(entries)), strict=True):
            print(f"{entry.key:<54.54} {result}", flush=True)
            ran += result.ran > 0
            whole += result.ran == result.of > 0
            total = Result(
                total.ran + result.ran,
                total.of + result.of,
                total.compared + result.compared,
                total.exact + result.exact,
                total.verdicts + result.verdicts,
                total.differences + result.differences,
            )
    print(f"{f'{len(entries)} histories: {ran} ran, {whole} to the end':<54} {total}")
    if total.compared:
        print(f"exactly the database's: {total.exact / total.compared:.2%} of {total.compared} schemas")
    return total.differences


# -- one history


def one(entry: Entry, settings: Settings) -> Result:
    """Run one history, once more with stand-ins where it does not load or run without."""
    if not (settings.corpus / entry.directory).is_dir():
        return Result(problems=["not fetched"])
    warnings.simplefilter("ignore")
    reading = read_history(entry, settings.dialect, settings.corpus)
    plain = attempt(entry, settings, reading, has_stand_ins=False)
    if not plain.problems:
        return plain
    helped = attempt(entry, settings, reading, has_stand_ins=True)
    return plain if plain.ran > helped.ran else helped


def attempt(entry: Entry, settings: Settings, reading: Reading, *, has_stand_ins: bool) -> Result:
    """Run the upgrades in a child and compare while it waits."""
    result = Result(of=len(reading.history.order), has_stand_ins=has_stand_ins)
    with scratch_database(settings) as (url, reflect):
        todo = task(entry, settings, reading, url, has_stand_ins)
        with child(todo, settings.python) as process:
            watchdog = threading.Timer(settings.timeout, process.kill)
            watchdog.start()
            watch(process, result, Watched(entry, settings, reading, reflect))
            if not watchdog.is_alive():
                result.problems.append(f"takes more than {settings.timeout:.0f} s")
            watchdog.cancel()
    return result


@dataclass(frozen=True)
class Watched:
    """A history that is being run, and what shows its database."""

    entry: Entry
    settings: Settings
    reading: Reading
    reflect: Reflect


def watch(process: subprocess.Popen[str], result: Result, watched: Watched) -> None:
    """Follow the child: fold what it ran, leave out what it could not run, and compare."""
    assert process.stdout
    failed: set[str] = set()
    states = folded(watched.reading, failed)
    differing: set[str] = set()
    theirs = watched.reflect()
    last = watched.reading.history.order[-1].id
    for line in process.stdout:
        message = json.loads(line)
        revision = message["revision"]
        if message["why"]:
            result.problems.append(f"{revision or 'it does not load'}: {message['why']}")
        if revision is None:
            return
        if message["why"]:
            failed.add(revision)
            if watched.reflect() != theirs:
                result.problems.append(f"{revision} leaves something behind")
                return
        result.ran += not message["why"]
        schema = next(states)
        if revision == last or watched.settings.every_revision:
            theirs = watched.reflect()
            if not message["why"]:
                ours = form(schema, watched.settings.dialect, watched.reading)
                where = f"{watched.settings.dialect} {watched.entry.key} {revision}"
                differing = note(result, compare(ours, doubts(schema), theirs), where, differing)
        print(file=process.stdin, flush=True)


def note(result: Result, found: Sequence[Comparison], where: str, before: set[str]) -> set[str]:
    """Count what a comparison found, and return the differences, of which those that are new are kept."""
    differing = {str(each): None for each in found if each.verdict != "equal"}
    result.compared += 1
    result.exact += not differing
    result.verdicts.update(each.verdict for each in found)
    result.differences += [f"{where} {each}" for each in differing if each not in before]
    return set(differing)


def folded(reading: Reading, failed: Collection[str]) -> Iterator[Schema]:
    """The schema after each revision and all that come before it in the order of the history, without those failed."""
    from migrate_guard import engine
    from migrate_guard.history.fold import Replay
    from migrate_guard.model import folding
    from migrate_guard.model.schema import Schema

    replay = engine.replay(reading)

    def interpret(revision: Revision, direction: Direction, before: Schema) -> Run | None:
        if direction == "downgrade" or revision.id in failed:
            return None
        return replay.interpret(revision, direction, before)

    schema = Schema.of_empty_database()
    for replayed in Replay(reading.history, interpret, Schema.of_empty_database()):
        for transition in replayed.upgrade.transitions if replayed.upgrade else ():
            schema = folding.apply(schema, transition.operation)
        yield schema


def form(schema: Schema, dialect: Dialect, reading: Reading) -> Form:
    """Print a folded schema."""
    from migrate_guard.commands._schema_json import document

    return document(schema, dialect, (), reading.environment.version_table)


# -- the child and its database


def task(entry: Entry, settings: Settings, reading: Reading, url: str, has_stand_ins: bool) -> Task:
    """Say what the child has to do."""
    project = settings.corpus / entry.directory
    first = project / entry.script_location.partition("/")[0]
    return Task(
        roots=[str(project)] + [str(first)] * ("-" in first.name),  # a source archive has a directory of its own
        script_location=entry.script_location,
        versions=entry.versions,
        url=url,
        revisions=[each.id for each in reading.history.order],
        naming_convention=entry.naming_convention,
        before=entry.before if settings.dialect == "postgresql" else (),
        stand_ins=has_stand_ins,
    )


@contextmanager
def child(todo: Task, python: str, script: str = "upgrading.py") -> Iterator[subprocess.Popen[str]]:
    """Start a child in a directory of its own, without network where the kernel lets us; its end is certain."""
    isolated = ["unshare", "--net"] if can_unshare() else []
    command = [*isolated, python, "-P", "-B", str(HERE / script)]
    with tempfile.TemporaryDirectory() as home:
        environment = {"PATH": os.environ["PATH"], "HOME": home, "TZ": "UTC", "LANG": "C.UTF-8"}
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=home,
            env=environment,
        ) as process:
            try:
                print(json.dumps(asdict(todo)), file=process.stdin, flush=True)
                yield process
            finally:
                process.kill()


@cache
def can_unshare() -> bool:
    """Whether a process may be given a network of its own, which has nothing in it."""
    return subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0


@contextmanager
def scratch_database(settings: Settings) -> Iterator[tuple[str, Reflect]]:
    """Make an empty database and return its URL and what reflects it."""
    with tempfile.TemporaryDirectory() as directory:
        if settings.dialect == "sqlite":
            path = Path(directory, "scratch.sqlite")
            with closing(sqlite3.connect(path)) as connection:
                yield f"sqlite:///{path}", lambda: reflection.sqlite_schema(connection)
        else:
            name = Path(directory).name
            with psycopg.connect(settings.dsn, autocommit=True) as server:
                server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
                try:
                    with psycopg.connect(settings.dsn, dbname=name, autocommit=True) as connection:
                        host = connection.info.host
                        url = f"postgresql+psycopg://postgres@/{name}?host={host}"
                        yield url, lambda: reflection.postgresql_schema(connection)
                finally:
                    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


if __name__ == "__main__":
    main()
