#!/usr/bin/env python3
"""Check every history of corpus.json, each in a process of its own, and count what is found.

usage: corpus.py [--only KEY]... [--findings FILE] [--opaque FILE] [--markdown] [--timeout SECONDS] [--corpus DIR]

The packages have to be there: fetch_corpus.py. All default rules run, for the database that the configuration of the
history names, else for PostgreSQL; no configuration of migrate-guard is read. Prints a line a history and the totals.
The exit code is 1 when a history crashes, takes too long, or has fewer revisions than corpus.json says.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import children
from benchmarks.histories import Entry, chosen

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of ru_maxrss."""
TIMEOUT = 120.0


@dataclass(frozen=True)
class Result:
    """What one history gave; `problem` says why it gave nothing, or too little."""

    dialect: str = ""
    revisions: int = 0
    operations: int = 0
    opaque: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    """Each as `path:line:column severity code name message`."""
    rules: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    memory: float = 0.0
    """Peak, in MB."""
    problem: str = ""


def main() -> None:
    """Parse the command line and go through the corpus."""
    parser = children.arguments_parser(__doc__ or "", TIMEOUT)
    parser.add_argument("--opaque", type=Path, metavar="FILE", help="write every operation that was not understood")
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    arguments = parser.parse_args()
    if arguments.child:
        (entry,) = chosen(parser, [arguments.child])
        print(json.dumps(check(entry, arguments.corpus)))
        return
    sys.exit(run(chosen(parser, arguments.only), arguments))


def run(entries: Sequence[Entry], arguments: argparse.Namespace) -> int:
    """Check the histories, print what comes of it, and return the exit code."""
    results: dict[Entry, Result] = {}
    for entry in entries:
        results[entry] = Result(**children.in_child(__file__, entry, arguments.corpus, arguments.timeout))
        if not arguments.markdown:
            print(line(entry, results[entry]), flush=True)
    if arguments.markdown:
        print_markdown(results)
    else:
        print_totals(results)
    write(arguments.findings, results, "findings")
    write(arguments.opaque, results, "opaque")
    return int(any(result.problem for result in results.values()))


# -- one history


def check(entry: Entry, corpus: Path) -> dict[str, Any]:
    """Check one history here and return the fields of its Result."""
    os.chdir(corpus / entry.directory)
    started = time.perf_counter()
    from migrate_guard.commands._judging import judge, sifted
    from migrate_guard.config import Settings, selected
    from migrate_guard.reading.discover import discover
    from migrate_guard.rules import load_rules

    rules, settings = load_rules(), Settings()
    selection = discover([Path(entry.script_location)], cwd=Path.cwd(), environ={})
    outcomes = judge(selection, settings, selected(rules, settings))
    report = sifted(outcomes, selection, settings, rules, started)
    seconds = time.perf_counter() - started
    crashed = [each.message for each in report.findings if each.name == "rule-crashed"]
    return {
        "dialect": ", ".join(dict.fromkeys(each.target for each in report.environments)),
        "revisions": report.revisions,
        "operations": report.operations,
        "opaque": [f"{each.span.path}:{each.span.line}:{each.span.column} {each.reason}" for each in report.opaque],
        "findings": [
            f"{each.span.path}:{each.span.line}:{each.span.column} "
            f"{each.severity} {each.code} {each.name} {each.message}"
            for each in report.findings
        ],
        "rules": Counter(f"{each.code} {each.name}" for each in report.findings),
        "seconds": seconds,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT / 1e6,
        "problem": crashed[0] if crashed else too_few(entry, report.revisions),
    }


def too_few(entry: Entry, revisions: int) -> str:
    """Say what is missing, if anything is."""
    return f"has {revisions} revisions, not {entry.revisions}" if revisions < entry.revisions else ""


# -- what is printed


def line(entry: Entry, result: Result) -> str:
    """One history in a line of text."""
    if result.problem and not result.revisions:
        return f"{entry.key:<64.64} {result.problem}"
    numbers = (
        f"{result.revisions:>5} revisions {result.operations:>6} operations {len(result.opaque):>4} opaque "
        f"{len(result.findings):>5} findings {result.seconds:>6.2f} s {result.memory:>4.0f} MB  {result.dialect}"
    )
    return f"{entry.key:<64.64} {numbers}{'  ' + result.problem if result.problem else ''}"


def by_rule(results: Iterable[Result]) -> list[tuple[str, int, int]]:
    """Rule, findings and histories with one, in the order of the codes."""
    found: Counter[str] = Counter()
    histories: Counter[str] = Counter()
    for result in results:
        found.update(result.rules)
        histories.update(result.rules.keys())
    return [(rule, found[rule], histories[rule]) for rule in sorted(found)]


def print_totals(results: dict[Entry, Result]) -> None:
    """Print sums and the count of findings by rule."""
    every = list(results.values())
    print()
    print(summary(results))
    for rule, found, histories in by_rule(every):
        print(f"{found:>6}  {rule} (in {histories} histories)")
    for entry, result in results.items():
        if result.problem:
            print(f"{entry.key}: {result.problem}")


def summary(results: dict[Entry, Result]) -> str:
    """Sums over all histories, in a sentence."""
    every = list(results.values())
    opaque, operations = sum(len(each.opaque) for each in every), sum(each.operations for each in every)
    share = f" ({opaque / operations:.1%})" if operations else ""
    return (
        f"{len(every)} histories of {len({each.package for each in results})} packages: "
        f"{sum(each.revisions for each in every):,} revisions, {operations:,} operations, "
        f"{opaque:,} not understood{share}, {sum(len(each.findings) for each in every):,} findings, "
        f"{sum(each.seconds for each in every):.1f} s, at most {max((each.memory for each in every), default=0):.0f} MB"
    )


def print_markdown(results: dict[Entry, Result]) -> None:
    """Print the findings by rule, then the histories, as tables in Markdown."""
    print(f"{summary(results)}\n\n| rule | findings | histories |\n|---|--:|--:|")
    for rule, found, histories in by_rule(results.values()):
        print(f"| {rule} | {found:,} | {histories} |")
    print("\n| package | script_location | revisions | operations | not understood | findings | seconds | MB |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for entry, each in results.items():
        start = f"| {entry.package} | {entry.script_location} |"
        numbers = (
            f"{each.operations} | {len(each.opaque)} | {len(each.findings)} | {each.seconds:.2f} | {each.memory:.0f}"
        )
        print(f"{start} {each.problem} |||||| |" if each.problem else f"{start} {each.revisions} | {numbers} |")


def write(path: Path | None, results: dict[Entry, Result], what: str) -> None:
    """Write findings or opaque operations, each after the key of its history, sorted."""
    if path:
        lines = (f"{entry.key} {each}\n" for entry, result in results.items() for each in getattr(result, what))
        path.write_text("".join(sorted(lines)), encoding="utf-8")


if __name__ == "__main__":
    main()
