#!/usr/bin/env python3
"""Let PostgreSQL's own parser judge how every SQL text of the corpus is read.

usage: oracle.py [--only KEY]... [--mistakes FILE] [--corpus DIR]

The scripts are interpreted for PostgreSQL, in both directions; the texts that they send are split and parsed by
libpg_query (postgast). Of each statement that it accepts, what our reader makes has to have the kind and the tables
that it sees. Texts with a part that nobody could compute are left out. Parameters become $1.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import postgast

from benchmarks.histories import Entry, add_arguments, chosen, read_history
from migrate_guard import engine
from migrate_guard.model import operations as ops
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading import sql
from migrate_guard.reading.values import HOLE
from tests.reading.sql_describe import locate
from tests.reading.sql_oracle import mistake_in_kind, mistake_in_tables

PARAMETERS = re.compile(r"(?<![:\w\\]):[a-zA-Z_]\w*|%\(\w+\)s|%s|\?")


def main() -> None:
    """Parse the command line, collect the texts, judge them and print what comes of it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser)
    parser.add_argument("--mistakes", type=Path, metavar="FILE", help="write every statement that is read wrongly")
    arguments = parser.parse_args()
    counts: Counter[str] = Counter()
    mistakes: list[str] = []
    for entry in chosen(parser, arguments.only):
        for text in texts(entry, arguments.corpus.resolve()):
            counts["texts"] += 1
            for statement in statements(text, counts):
                counts["statements"] += 1
                for kind, said in judged(statement):
                    counts[kind] += 1
                    mistakes.append(f"{entry.key} {kind}: {' '.join(statement.split())}: {said}")
    print(", ".join(f"{count:,} {what}" for what, count in counts.items()))
    if arguments.mistakes:
        arguments.mistakes.write_text("".join(f"{each}\n" for each in mistakes), encoding="utf-8")


def texts(entry: Entry, corpus: Path) -> Sequence[str]:
    """The SQL texts that the scripts of a history send, each once."""
    found: dict[str, None] = {}
    read_sql = sql.read_sql

    def noting(text: str, target: Target, locate: Callable[[int, int], Span]) -> tuple[ops.Operation, ...]:
        found[text] = None
        return read_sql(text, target, locate)

    reading = read_history(entry, "postgresql", corpus)
    with chdir(corpus / entry.directory), patch.object(sql, "read_sql", noting):
        for _ in engine.replay(reading):
            continue
    return list(found)


def statements(text: str, counts: Counter[str]) -> Iterator[str]:
    """The statements of a text that PostgreSQL accepts, without those that nobody knows or it refuses."""
    if HOLE in text:
        counts["with parts not known"] += 1
        return
    for spelled in (text, PARAMETERS.sub("$1", text)):
        try:
            found = postgast.parse(spelled).stmts
        except postgast.PgQueryError:
            continue
        encoded = spelled.encode()
        for each in found:
            end = each.stmt_location + each.stmt_len if each.stmt_len else None
            yield encoded[each.stmt_location : end].decode().strip()
        return
    counts["refused by PostgreSQL"] += 1


def judged(statement: str) -> Iterator[tuple[str, str]]:
    """The mistakes in what is read from a statement: in whether anything is, in its kind, in its tables."""
    first = sql.read_sql(statement, Target.default("postgresql"), locate)[0]
    if isinstance(first, ops.Opaque):
        yield "not understood", first.reason
        return
    if (said := mistake_in_kind(statement)) is not None:
        yield "of another kind", said
    if (said := mistake_in_tables(statement)) is not None:
        yield "with other tables", said


if __name__ == "__main__":
    main()
