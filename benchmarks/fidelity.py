#!/usr/bin/env python3
"""Compare the schema that a history folds to with the one that a real run of it created.

usage: fidelity.py [--only KEY]... [--dialect postgresql|sqlite] [--differences FILE] [--corpus DIR] [--truth DIR]

The packages have to be there: fetch_corpus.py. The truth of a history is truth/KEY.json (PostgreSQL: the form that
`migrate-guard schema --format json` prints) and truth_sqlite/KEY.sql (SQLite: the DDL of its sqlite_master). Both
dialects are compared unless one is named, always at all heads. An object is a table, a part of one, an enum, a view or
a sequence; every part of a table that is missing counts. Constraints and indexes are matched by name, then by what they
are about. Doubted is what our schema calls uncertain or unknown by itself. Needs SQLAlchemy.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.comparison import Comparison, Form, Item, compare, doubts, line
from benchmarks.histories import HERE, Dialect, Entry, add_arguments, chosen, read_history


def main() -> None:
    """Parse the command line and go through the histories that have a truth."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--dialect", choices=get_args(Dialect), help="compare for this database only")
    parser.add_argument("--differences", type=Path, metavar="FILE", help="write every object that is not equal")
    parser.add_argument(
        "--truth", type=Path, default=HERE.parents[1] / "shared" / "data", metavar="DIR", help="where the truth is"
    )
    arguments = parser.parse_args()
    wanted = chosen(parser, arguments.only)
    lines: list[str] = []
    for dialect in get_args(Dialect):
        if arguments.dialect in (None, dialect):
            lines += run(wanted, dialect, arguments.corpus.resolve(), arguments.truth.resolve())
    if arguments.differences:
        arguments.differences.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")


def run(entries: Sequence[Entry], dialect: Dialect, corpus: Path, truth: Path) -> list[str]:
    """Compare for one database, print what comes of it, and return the differences."""
    print(f"\n{dialect:<54} {'objects':>8} {'equal':>6} {'missing':>7} {'extra':>6} {'different':>9} {'doubted':>7}")
    every: list[Comparison] = []
    differences: list[str] = []
    histories = 0
    for entry in entries:
        with warnings.catch_warnings(action="ignore"):  # SQLAlchemy reflects no index of expressions
            theirs = read_truth(entry, dialect, truth)
        if theirs is None:
            continue
        if not (corpus / entry.directory).is_dir():
            print(f"{entry.key:<54.54} not fetched")
            continue
        try:
            found = compare(*folded(entry, dialect, corpus), theirs)
        except Exception as error:  # noqa: BLE001  the other histories are compared all the same
            print(f"{entry.key:<54.54} crashes: {type(error).__name__}: {error}")
            differences.append(f"{dialect} {entry.key} crashes: {type(error).__name__}: {error}")
            continue
        histories += 1
        every += found
        differences += [f"{dialect} {entry.key} {each}" for each in found if each.verdict != "equal"]
        print(line(entry.key, found), flush=True)
    print(line(f"{histories} histories", every))
    for kind in dict.fromkeys(each.item.kind for each in every):
        print(line(f"  {kind}", [each for each in every if each.item.kind == kind]))
    return differences


# -- the two schemas


def folded(entry: Entry, dialect: Dialect, corpus: Path) -> tuple[Form, Callable[[Item], bool]]:
    """Read a history and return its schema at all heads, and what tells whether an object of it is doubted."""
    from migrate_guard import engine
    from migrate_guard.commands._schema_json import document

    with chdir(corpus / entry.directory):
        reading = read_history(entry, dialect, corpus)
        heads = [each.id for each in reading.history.heads]
        schema = engine.schema_at(reading, heads)
    return document(schema, dialect, heads, reading.environment.version_table), doubts(schema)


def read_truth(entry: Entry, dialect: Dialect, truth: Path) -> Form | None:
    """Return what a real run created, if there was one."""
    suffix, read = {"postgresql": ("", read_json), "sqlite": ("_sqlite", read_sqlite)}[dialect]
    files = [truth / f"truth{suffix}" / f"{entry.key}{each}" for each in (".json", ".sql")]
    return next((read(each) for each in files if each.is_file()), None)


def read_json(path: Path) -> Form:
    """Read a schema in our own form."""
    form: Form = json.loads(path.read_text(encoding="utf-8"))
    return form


def read_sqlite(path: Path) -> Form:
    """Load DDL into an empty SQLite database and return what it has."""
    from benchmarks.reflection import sqlite_schema

    connection = sqlite3.connect(":memory:")
    every = [each for each in statements(path.read_text(encoding="utf-8")) if "CREATE TABLE sqlite_" not in each]
    for each in sorted(every, key=lambda each: "CREATE TABLE" not in each):
        connection.execute(each)
    return sqlite_schema(connection)


def statements(script: str) -> Iterator[str]:
    """The statements of a script, each beginning on a line of its own."""
    so_far = ""
    for each in script.splitlines(keepends=True):
        so_far += each
        if sqlite3.complete_statement(so_far):
            yield so_far
            so_far = ""


if __name__ == "__main__":
    main()
