#!/usr/bin/env python3
"""Run `migrate-guard roundtrip` over real histories and hold what it finds against known defects.

usage: round_trips.py [--only KEY]... [--venvs DIR | --python FILE] [--truth FILE] [--findings FILE] [--rows N]
                      [--corpus DIR] [--timeout SECONDS]

The packages have to be there: fetch_corpus.py. The scripts of the packages are executed on scratch databases, by
DIR/<package>/bin/python, an environment that has what the package of the history needs, or by FILE; nothing is
installed. Their own env.py runs where that goes without an installation of the application, an environment of ours
elsewhere. The truth is a list of revisions whose round trip on empty tables was not clean: project, file, kind. Prints
a line a history: how many of its revisions were run, how many of the known defects were found, and in how many other
revisions something was found, by rule. The exit code is 1 when a history cannot be run or a defect is missed.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.histories import HERE, Dialect, Entry, add_arguments, chosen, read_history

RULES: Final = ("MG250", "MG251", "MG252", "MG253", "MG254")
TIMEOUT: Final = 1200.0

SQLITE: Final = frozenset(
    {
        "aiida_core__aiida_core_aiida_storage_sqlite_dos_migrations",
        "aiida_core__aiida_core_aiida_storage_sqlite_zip_migrations",
    }
)
"""Histories of files; all others are run on PostgreSQL."""

OWN_ENVIRONMENT: Final[Mapping[str, Mapping[str, str]]] = {
    "apache_airflow_core": {
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql+psycopg2://airflow@localhost/airflow",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    },
    "ixmp4": {},
    "skypilot__skypilot_sky_schemas_db_global_user_state": {},
    "skypilot__skypilot_sky_schemas_db_serve_state": {},
    "skypilot__skypilot_sky_schemas_db_spot_jobs": {},
}
"""Histories that are run by their own env.py, and the variables that it needs."""


@dataclass
class Result:
    """What one history gave; `problem` says why it gave nothing."""

    of: int = 0
    ran: int = 0
    listed: int = 0
    missed: list[str] = field(default_factory=list)
    beyond: dict[str, int] = field(default_factory=dict)
    """Revisions with findings of a rule that no known defect speaks of."""
    findings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    problem: str = ""


def main() -> None:
    """Parse the command line and go through the histories."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser)
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--venvs", type=Path, metavar="DIR", help="environments, named as the packages")
    place.add_argument(
        "--python", type=Path, default=Path(sys.executable), metavar="FILE", help="what runs the scripts"
    )
    parser.add_argument("--truth", type=Path, metavar="FILE", help="known defects: project, file, kind")
    parser.add_argument("--findings", type=Path, metavar="FILE", help="write every finding")
    parser.add_argument("--rows", type=int, metavar="N", help="rows that every table gets")
    parser.add_argument("--timeout", type=float, default=TIMEOUT, metavar="SECONDS", help="for each history")
    arguments = parser.parse_args()
    sys.exit(run(chosen(parser, arguments.only), arguments))


def run(entries: Sequence[Entry], arguments: argparse.Namespace) -> int:
    """Run the histories, print what comes of it, and return the exit code."""
    known = json.loads(arguments.truth.read_text(encoding="utf-8")) if arguments.truth else []
    results: dict[Entry, Result] = {}
    print(f"| history | revisions | run | known defects | found | {' | '.join(f'+ {each}' for each in RULES)} | s |")
    print(f"|---|{'--:|' * (5 + len(RULES))}")
    for entry in entries:
        truth = {each["file"]: each["kind"] for each in known if each["project"] == entry.key}
        results[entry] = one(entry, truth, arguments)
        print(line(entry.key, results[entry]), flush=True)
    print(line(f"{len(results)} histories", total(list(results.values()))))
    for entry, result in results.items():
        for missed in result.missed:
            print(f"{entry.key}: missed: {missed}")
    if arguments.findings:
        lines = (f"{entry.key} {each}\n" for entry, result in results.items() for each in result.findings)
        arguments.findings.write_text("".join(lines), encoding="utf-8")
    return int(any(result.problem or result.missed for result in results.values()))


def one(entry: Entry, truth: Mapping[str, str], arguments: argparse.Namespace) -> Result:
    """Run one history and hold its findings against what is known of it."""
    dialect: Dialect = "sqlite" if entry.key in SQLITE else "postgresql"
    directory = (arguments.corpus / entry.directory).resolve()
    python = arguments.venvs / entry.directory / "bin" / "python" if arguments.venvs else arguments.python
    if not directory.is_dir() or not python.exists():
        return Result(problem="not fetched" if python.exists() else f"{python} is not there")
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.json"
        command = [
            sys.executable,
            "-m",
            "migrate_guard",
            "roundtrip",
            "--isolated",
            "--dialect",
            dialect,
            "--exit-zero",
        ]
        command += [
            "--verbose",
            "--output-format",
            "json",
            "--output-file",
            str(report),
            "--python",
            str(python.absolute()),
        ]
        command += [] if entry.key in OWN_ENVIRONMENT else ["--no-env"]
        command += [] if arguments.rows is None else ["--rows", str(arguments.rows)]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, (HERE.parent, directory))),
            "HOME": scratch,
            "AIRFLOW_HOME": scratch,
            **OWN_ENVIRONMENT.get(entry.key, {}),
        }
        begun = time.perf_counter()
        try:
            done = subprocess.run(
                [*command, entry.script_location],
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=arguments.timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Result(problem=f"takes more than {arguments.timeout:.0f} seconds")
        seconds = time.perf_counter() - begun
        if done.returncode:
            said = [each for each in done.stderr.splitlines() if each.startswith("error: ")]
            return Result(problem=said[0] if said else f"exit code {done.returncode}", seconds=seconds)
        findings = json.loads(report.read_text(encoding="utf-8"))["findings"]
    names = {each.id: Path(each.path).name for each in read_history(entry, dialect, arguments.corpus).history.order}
    return compared(findings, done.stderr, names, truth, seconds)


def compared(
    findings: Sequence[Mapping[str, Any]], said: str, names: Mapping[str, str], truth: Mapping[str, str], seconds: float
) -> Result:
    """Hold findings, and what was said of each revision, against the known defects, by the names of the files."""
    came_to = dict(re.findall(r"^(\S+)(.*) \([\d.]+ s\)$", said, re.MULTILINE))
    ran = [each for each, what in came_to.items() if "could not be applied" not in what]
    respected = {names[each] for each, what in came_to.items() if ": not taken back: " in what and each in ran}
    found = {Path(each["path"]).name for each in findings} | respected
    beyond = {(each["code"], each["path"]) for each in findings if Path(each["path"]).name not in truth}
    return Result(
        of=len(names),
        ran=len(ran),
        listed=len(truth),
        missed=[f"{file}: {kind}" for file, kind in sorted(truth.items()) if file not in found],
        beyond=Counter(code for code, _ in beyond),
        findings=[f"{each['path']}:{each['line']} {each['code']} {each['message']}" for each in findings],
        seconds=seconds,
    )


def total(results: Sequence[Result]) -> Result:
    """Sums."""
    return Result(
        sum(each.of for each in results),
        sum(each.ran for each in results),
        sum(each.listed for each in results),
        [missed for each in results for missed in each.missed],
        sum((Counter(each.beyond) for each in results), Counter()),
        seconds=sum(each.seconds for each in results),
    )


def line(name: str, result: Result) -> str:
    """One history as a row of a table."""
    if result.problem:
        return f"| {name} | {result.problem.partition(chr(10))[0][:160]} |"
    more = " | ".join(str(result.beyond.get(each, 0)) for each in RULES)
    found = result.listed - len(result.missed)
    return f"| {name} | {result.of} | {result.ran} | {result.listed} | {found} | {more} | {result.seconds:.1f} |"


if __name__ == "__main__":
    main()
