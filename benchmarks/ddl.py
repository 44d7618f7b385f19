#!/usr/bin/env python3
"""Run the DDL that `migrate-guard schema --format sql` prints, and compare what it makes with the folded schema.

usage: ddl.py [--only KEY]... [--dialect postgresql|sqlite] [--differences FILE] [--corpus DIR] [--truth DIR]

The packages have to be there: fetch_corpus.py. For every history of corpus.json the schema at all heads is printed,
run statement by statement on an empty database (a throwaway PostgreSQL of the binaries on the machine, SQLite in
memory), reflected and compared with the form that `--format json` prints. For SQLite only the histories run that have a
truth for it, as in fidelity.py. A line says: how long the script is; the statements that the database refuses; the
comments `-- not known`; the objects, how many are equal, and how many differ with a comment that speaks of them
(explained) and without (other); how many differ where our own reader folds the script. Needs psycopg and SQLAlchemy.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import re
import sqlite3
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, get_args

import psycopg
from psycopg import sql

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import reflection
from benchmarks.comparison import Comparison, Form, compare, doubts
from benchmarks.histories import HERE, Dialect, Entry, add_arguments, chosen, read_history
from tests import servers

if TYPE_CHECKING:
    from migrate_guard.model.schema import Schema

Run: TypeAlias = Callable[[str], None]
"""Runs a statement; raises what the database says against it."""
Database: TypeAlias = tuple[Run, Callable[[], Form]]

TRUTH = HERE.parents[1] / "shared" / "data"
WIDTHS = {
    "lines": 7, "errors": 7, "unknown": 7, "objects": 8, "equal": 7, "explained": 9, "other": 7, "read back": 9
}  # fmt: skip
HEADING = " ".join(f"{word:>{width}}" for word, width in WIDTHS.items())


@dataclass
class Result:
    """What came of a history, or of several."""

    lines: int = 0
    errors: list[str] = field(default_factory=list)
    unknown: int = 0
    found: list[Comparison] = field(default_factory=list)
    explained: list[Comparison] = field(default_factory=list)
    """Objects that differ, and of which a comment says that they are not known."""
    read_back: list[Comparison] = field(default_factory=list)
    missing_extension: str = ""

    def __str__(self) -> str:
        other, explained = len(differing(self.found)), len(self.explained)
        counts = (
            self.lines, len(self.errors), self.unknown, len(self.found) + explained, len(self.found) - other, explained,
            other, len(differing(self.read_back)),
        )  # fmt: skip
        return " ".join(f"{count:>{width}}" for count, width in zip(counts, WIDTHS.values(), strict=True))

    def add(self, other: Result) -> None:
        self.lines += other.lines
        self.errors += other.errors
        self.unknown += other.unknown
        self.found += other.found
        self.explained += other.explained
        self.read_back += other.read_back


def differing(found: Sequence[Comparison]) -> list[Comparison]:
    """The objects that are not equal."""
    return [each for each in found if each.verdict != "equal"]


def main() -> None:
    """Parse the command line and go through the histories."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--dialect", choices=get_args(Dialect), help="for this database only")
    parser.add_argument("--differences", type=Path, metavar="FILE", help="write every error and object that differs")
    parser.add_argument("--truth", type=Path, default=TRUTH, metavar="DIR", help="where the truth of fidelity.py is")
    parser.add_argument("--written", type=Path, metavar="DIR", help="keep the SQL of each history there")
    arguments = parser.parse_args()
    wanted = chosen(parser, arguments.only)
    lines: list[str] = []
    warnings.simplefilter("ignore")  # SQLAlchemy reflects no index of expressions
    if arguments.dialect in (None, "postgresql"):
        with tempfile.TemporaryDirectory() as scratch, servers.postgresql(Path(scratch)) as server:
            lines += run(wanted, "postgresql", arguments, lambda: postgresql_database(server.dsn))
    if arguments.dialect in (None, "sqlite"):
        on_sqlite = [each for each in wanted if (arguments.truth / "truth_sqlite" / f"{each.key}.sql").is_file()]
        lines += run(on_sqlite, "sqlite", arguments, sqlite_database)
    if arguments.differences:
        arguments.differences.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")


def run(
    entries: Sequence[Entry], dialect: Dialect, arguments: argparse.Namespace, database: Callable[[], Any]
) -> list[str]:
    """Print, run and compare for one database, say what comes of it, and return the differences."""
    print(f"\n{dialect:<54} {HEADING}")
    total, histories, differences = Result(), 0, []
    for entry in entries:
        if not (arguments.corpus / entry.directory).is_dir():
            print(f"{entry.key:<54.54} not fetched")
            continue
        made = one(entry, dialect, arguments, database)
        if made.missing_extension:
            print(f"{entry.key:<54.54} needs the extension {made.missing_extension}, which is not on this machine")
            continue
        histories += 1
        total.add(made)
        print(f"{entry.key:<54.54} {made}", flush=True)
        differences += [f"{dialect} {entry.key} error {each}" for each in made.errors]
        differences += [f"{dialect} {entry.key} explained {each}" for each in made.explained]
        differences += [f"{dialect} {entry.key} {each}" for each in differing(made.found)]
        differences += [f"{dialect} {entry.key} read back {each}" for each in differing(made.read_back)]
    print(f"{f'{histories} histories':<54} {total}")
    return differences


def one(entry: Entry, dialect: Dialect, arguments: argparse.Namespace, database: Callable[[], Any]) -> Result:
    """Print the DDL of a history, run it and read it."""
    from migrate_guard import engine
    from migrate_guard.commands._schema_json import document
    from migrate_guard.model.target import Target
    from migrate_guard.reading.sql.tokens import split
    from migrate_guard.rendering.ddl import ddl

    corpus = arguments.corpus.resolve()
    with chdir(corpus / entry.directory):
        reading = read_history(entry, dialect, corpus)
        heads = [each.id for each in reading.history.heads]
        schema = engine.schema_at(reading, heads)
    version_table = reading.environment.version_table
    text = ddl(schema, Target.default(dialect), version_table)
    if arguments.written:
        (arguments.written / f"{entry.key}.{dialect}.sql").write_text(text, encoding="utf-8")
    ours = document(schema, dialect, heads, version_table)
    result = Result(lines=text.count("\n"), unknown=text.count("-- not known: "))
    with database() as (execute, reflect):
        for statement in split(text, dialect):
            source = text[statement.words[0].start : statement.words[-1].end]
            try:
                execute(source)
            except psycopg.errors.FeatureNotSupported:
                result.missing_extension = source.rpartition(" ")[2]
                return result
            except (psycopg.Error, sqlite3.Error) as error:
                result.errors.append(f"{str(error).splitlines()[0]}: {' '.join(source.split())[:120]}")
        compared = compare(ours, doubts(schema), reflect())
    is_explained = explanations(text)
    result.explained = [each for each in differing(compared) if is_explained(each)]
    result.found = [each for each in compared if each not in result.explained]
    back = read_back(text, Target.default(dialect))
    compared = compare(ours, doubts(schema), document(back, dialect, heads, version_table))
    result.read_back = [each for each in compared if each.verdict == "equal" or not is_explained(each)]
    return result


def explanations(text: str) -> Callable[[Comparison], bool]:
    """Return what tells whether the comments of a script say why an object is not there, or not as it is told."""
    comments = [each.strip() for each in text.splitlines() if each.strip().startswith("-- not ")]
    absent = {each.split(": ")[1].removeprefix("the table ") for each in comments if ": the table " in each}
    words = {word for each in comments for word in re.findall(r"[^\s:(),]+", each)}

    def is_explained(found: Comparison) -> bool:
        item = found.item
        if found.verdict == "missing" and item.kind not in ("enum", "foreign key"):
            return False
        is_absent = bool({item.table, item.name} & absent) or (
            item.kind == "sequence" and any(item.name.startswith(f"{each}_") for each in absent)
        )
        return is_absent or (bool(item.name) and item.name in words)

    return is_explained


def read_back(text: str, target: Any) -> Schema:
    """Fold the SQL into an empty schema, as though a script ran it."""
    from migrate_guard.model.folding import apply
    from migrate_guard.model.schema import Schema
    from migrate_guard.model.source import Span
    from migrate_guard.reading.naming import with_names
    from migrate_guard.reading.sql import read_sql

    schema = Schema()
    for each in read_sql(text, target, lambda start, end: Span("printed.sql", 1, start + 1, 1, end + 1)):
        schema = apply(schema, with_names(each, schema, target.dialect))
    return schema


# -- empty databases


@contextmanager
def postgresql_database(dsn: str) -> Iterator[Database]:
    name = sql.Identifier("printed")
    with psycopg.connect(dsn, autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        try:
            with psycopg.connect(dsn, dbname="printed", autocommit=True) as connection:
                yield lambda text: _ran(connection, text), lambda: reflection.postgresql_schema(connection)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


def _ran(connection: psycopg.Connection[Any], text: str) -> None:
    connection.execute(text.encode())


@contextmanager
def sqlite_database() -> Iterator[Database]:
    with closing(sqlite3.connect(":memory:")) as connection:

        def execute(text: str) -> None:
            connection.execute(text)

        yield execute, lambda: reflection.sqlite_schema(connection)


if __name__ == "__main__":
    main()
