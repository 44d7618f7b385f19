#!/usr/bin/env python3
"""Judge every revision of the corpus as if it were a pull request, and count what its author would be told.

usage: pull_requests.py [--only KEY]... [--findings FILE] [--jobs N] [--timeout SECONDS] [--corpus DIR]

The packages have to be there: fetch_corpus.py. For each revision the history ends with it, as on the day on which it
was written, and is checked as with `--since` its parents: all default rules, no configuration, for the database that
the configuration of the history names, else for PostgreSQL. Prints errors, warnings and hints per 100 revisions, by
rule. The exit code is 1 when a rule crashes on a history, or the history takes too long.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import children
from benchmarks.histories import Entry, chosen

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.model.finding import Finding
    from migrate_guard.model.revision import Revision
    from migrate_guard.reading.discover import AlembicEnvironment
    from migrate_guard.rule import Rule

TIMEOUT = 900.0
SEVERITIES = ("error", "warning", "info")


class Said(Struct, frozen=True):
    """What one history gave; `problem` says why it gave nothing."""

    revisions: int = 0
    findings: tuple[tuple[str, str, str, str], ...] = ()
    """Each as severity, code and name, place, message."""
    seconds: float = 0.0
    problem: str = ""


def main() -> None:
    """Parse the command line and go through the corpus."""
    parser = children.arguments_parser(__doc__ or "", TIMEOUT)
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="histories at once")
    arguments = parser.parse_args()
    if arguments.child:
        (entry,) = chosen(parser, [arguments.child])
        print(json.dumps(judged(entry, arguments.corpus)))
        return
    wanted = chosen(parser, arguments.only)
    with ThreadPoolExecutor(arguments.jobs) as pool:
        said = list(pool.map(lambda each: in_child(each, arguments.corpus, arguments.timeout), wanted))
    results = dict(zip(wanted, said, strict=True))
    print_totals(results)
    if arguments.findings:
        lines = (
            f"{entry.key} {place} {severity} {rule} {message}\n"
            for entry, each in results.items()
            for severity, rule, place, message in each.findings
        )
        arguments.findings.write_text("".join(sorted(lines)), encoding="utf-8")
    sys.exit(int(any(each.problem for each in said)))


def in_child(entry: Entry, corpus: Path, timeout: float) -> Said:
    """Judge one history in a process of its own."""
    said = Said(**children.in_child(__file__, entry, corpus, timeout))
    return replace(said, findings=tuple(map(tuple, said.findings)))


# -- one history


def judged(entry: Entry, corpus: Path) -> dict[str, Any]:
    """Judge every revision of one history here and return the fields of what was said."""
    os.chdir(corpus / entry.directory)
    started = time.perf_counter()
    from migrate_guard import engine
    from migrate_guard.config import Settings, selected, target
    from migrate_guard.engine import histories
    from migrate_guard.reading.discover import discover
    from migrate_guard.rules import load_rules

    settings = Settings()
    rules = selected(load_rules(), settings)
    histories.interpret = remembered(histories.interpret)  # type: ignore[assignment]  # it is asked for one thing again and again
    findings: list[tuple[str, str, str, str]] = []
    revisions = 0
    for environment in discover([Path(entry.script_location)], cwd=Path.cwd(), environ={}).environments:
        reading = engine.read(environment, target(settings, environment.url), Path.cwd())
        revisions += len(reading.history.order)
        for revision in reading.history.order:
            for each in pull_request(reading, revision, environment, rules):
                place = f"{each.span.path}:{each.span.line}:{each.span.column}"
                findings.append((str(each.severity), f"{each.code} {each.name}", place, each.message))
    crashed = [message for _, rule, _, message in findings if rule.endswith(" rule-crashed")]
    return {
        "revisions": revisions,
        "findings": findings,
        "seconds": time.perf_counter() - started,
        "problem": crashed[0] if crashed else "",
    }


def pull_request(
    reading: Reading, revision: Revision, environment: AlembicEnvironment, rules: Sequence[Rule]
) -> Iterator[Finding]:
    """What is said of a revision on the day on which it is the newest one."""
    from migrate_guard import engine
    from migrate_guard.commands._judging import sifted
    from migrate_guard.config import Settings
    from migrate_guard.history import graph
    from migrate_guard.history.range import behind
    from migrate_guard.reading.discover import Selection

    history = reading.history
    there = graph.reached(history, [revision.id])
    part = graph.build([each for each in history.order if each.id in there])
    parents = [each for each in revision.parents if each in part.revisions]
    outcome = engine.check(replace(reading, history=part), rules, under_review=behind(part, parents))
    selection = Selection((environment,), None, ())
    yield from sifted([outcome], selection, Settings(), rules, time.perf_counter()).findings


def remembered(interpret: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, which answers from memory when it is asked the same again.

    The schema is one object then, but for the empty one with which every replay begins.
    """
    from migrate_guard.model.schema import Schema

    empty = Schema()
    known: dict[tuple[object, ...], tuple[Any, ...]] = {}

    def interpreted(*arguments: Any) -> Any:
        script, direction, schema, _, _, engine_name, _ = arguments
        key = id(script), direction, 0 if schema == empty else id(schema), engine_name
        if key not in known:
            known[key] = script, schema, interpret(*arguments)
        return known[key][-1]

    return interpreted


# -- what is printed


def print_totals(results: dict[Entry, Said]) -> None:
    """Print what is said per 100 revisions: in all, and by rule as a table in Markdown."""
    revisions = sum(each.revisions for each in results.values())
    counted = Counter((rule, severity) for each in results.values() for severity, rule, _, _ in each.findings)
    histories = Counter(rule for each in results.values() for rule in {rule for _, rule, _, _ in each.findings})
    seconds = sum(each.seconds for each in results.values())
    print(f"{len(results)} histories, {revisions:,} revisions, {seconds:.0f} s")
    print(f"per 100 revisions: {rates(counted, revisions)}")
    print("\n| rule | severity | findings | per 100 revisions | histories |\n|---|---|--:|--:|--:|")
    for (rule, severity), number in sorted(counted.items()):
        print(f"| {rule} | {severity} | {number:,} | {per_hundred(number, revisions)} | {histories[rule]} |")
    for entry, each in results.items():
        if each.problem:
            print(f"{entry.key}: {each.problem}")


def rates(counted: Iterable[tuple[str, str]] | Counter[tuple[str, str]], revisions: int) -> str:
    """Errors, warnings and hints per 100 revisions."""
    sums = Counter[str]()
    for (_, severity), number in Counter(counted).items():
        sums[severity] += number
    return ", ".join(f"{per_hundred(sums[each], revisions)} {each}s" for each in SEVERITIES)


def per_hundred(number: int, revisions: int) -> str:
    return f"{100 * number / max(revisions, 1):.2f}"


if __name__ == "__main__":
    main()
