#!/usr/bin/env python3
"""Compare the revisions that are predicted not to be taken back with those whose real round trip was not clean.

usage: reversibility.py [--only KEY]... [--corpus DIR] [--truth FILE] [--predictions FILE]

The packages have to be there: fetch_corpus.py. The truth is a list of the revisions whose upgrade, downgrade and second
upgrade on PostgreSQL were not clean, each with project (a key of corpus.json), file, kind, error, at and difference.
Compared are the histories with an entry in it, and those whose schema at head is part of the truth beside it
(truth/KEY.json): they were run too.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

if TYPE_CHECKING:
    from migrate_guard.history.reversal import Reversal


@dataclass(frozen=True)
class Entry:
    """A history of corpus.json."""

    key: str
    directory: str
    script_location: str


@dataclass(frozen=True)
class Listed:
    """A revision whose real run was not clean."""

    file: str
    kind: str
    said: str


@dataclass(frozen=True)
class Judged:
    """The predictions for one history beside what its real run gave."""

    key: str
    revisions: int
    listed: Mapping[str, Listed]
    """By file name; only the kinds that are predicted."""
    others: Mapping[str, Listed]
    """Entries of kinds that are no fault: no downgrade, an empty one, a declared refusal."""
    reversals: Mapping[str, Reversal] = field(default_factory=dict)

    @property
    def predicted(self) -> list[str]:
        return [file for file, each in self.reversals.items() if each.fault]

    @property
    def true(self) -> list[str]:
        """The predictions that are listed as anything."""
        return [file for file in self.predicted if file in self.listed or file in self.others]

    @property
    def hits(self) -> list[str]:
        return [file for file in self.predicted if file in self.listed]

    @property
    def of_kind(self) -> list[str]:
        return [file for file in self.hits if self.reversals[file].fault == self.listed[file].kind]

    def lines(self) -> Iterator[str]:
        """The misses, what is predicted and not listed, and the hits of another kind."""
        for file, entry in self.listed.items():
            reversal = self.reversals.get(file)
            if file not in self.predicted:
                yield f"{self.key} {file}: missed {entry.kind}: {entry.said}{told(reversal)}"
            elif reversal and reversal.fault != entry.kind:
                yield f"{self.key} {file}: listed as {entry.kind}: {entry.said}{told(reversal)}"
        for file in self.predicted:
            if file not in self.listed:
                other = self.others.get(file)
                known = f"listed as {other.kind}" if other else "not listed"
                yield f"{self.key} {file}: {known}{told(self.reversals[file])}"


def told(reversal: Reversal | None) -> str:
    """What is predicted of a revision, and why."""
    if reversal is None:
        return "\n    no such revision"
    lines = [reversal.outcome, *(f"{each.operation.span} {each.what}" for each in reversal.impossible)]
    lines += (f"{each.span} {each}{'' if each.is_certain else ' (doubted)'}" for each in reversal.differences)
    return "".join(f"\n    {line}" for line in lines)


def main() -> None:
    """Parse the command line and go through the histories that were run."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", metavar="KEY", help="judge this history; may be repeated")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus", metavar="DIR", help="where the packages are")
    shared = HERE.parents[1] / "shared" / "data" / "roundtrip_truth.json"
    parser.add_argument("--truth", type=Path, default=shared, metavar="FILE", help="the revisions that are not clean")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write misses and what is not listed")
    arguments = parser.parse_args()
    entries = read_entries(HERE / "corpus.json")
    if unknown := set(arguments.only or ()) - {each.key for each in entries}:
        parser.error(f"corpus.json has no history {', '.join(sorted(unknown))}")
    truth = read_truth(arguments.truth)
    run = {*truth, *(path.stem for path in (arguments.truth.parent / "truth").glob("*.json"))}
    wanted = [each for each in entries if each.key in (arguments.only or run) and each.key in run]
    print(f"{'postgresql':<54} {'revisions':>9} {'listed':>6} {'predicted':>9} {'both':>5} {'same kind':>9}")
    judged: list[Judged] = []
    for entry in wanted:
        if not (arguments.corpus / entry.directory).is_dir():
            print(f"{entry.key:<54.54} not fetched")
            continue
        found = judge(entry, arguments.corpus.resolve(), truth.get(entry.key, []))
        judged.append(found)
        print(line(found.key, [found]))
    print(line(f"{len(judged)} histories", judged))
    hits, predicted = sum(len(each.hits) for each in judged), sum(len(each.predicted) for each in judged)
    listed, true = sum(len(each.listed) for each in judged), sum(len(each.true) for each in judged)
    print(f"listed and predicted: {share(hits, listed)}; predicted and not clean: {share(true, predicted)}")
    if arguments.predictions:
        lines = [each for one in judged for each in one.lines()]
        arguments.predictions.write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")


def read_entries(path: Path) -> list[Entry]:
    """Read corpus.json."""
    histories = json.loads(path.read_text(encoding="utf-8"))
    return [Entry(each["key"], each["package"].partition("==")[0], each["script_location"]) for each in histories]


def read_truth(path: Path) -> dict[str, list[Listed]]:
    """Read the revisions that are not clean, without those that only rows of their own make fail, by history."""
    found: dict[str, list[Listed]] = {}
    for each in json.loads(path.read_text(encoding="utf-8")):
        if not each["needs_rows"]:
            said = each["error"] or json.dumps(each["difference"])
            found.setdefault(each["project"], []).append(Listed(each["file"], each["kind"], said))
    return found


def judge(entry: Entry, corpus: Path, entries: Sequence[Listed]) -> Judged:
    """Predict for every revision of a history."""
    from migrate_guard import engine
    from migrate_guard.history.reversal import FAULTS, reversals
    from migrate_guard.model.target import Target
    from migrate_guard.reading.discover import discover

    target = Target.default("postgresql")
    with chdir(corpus / entry.directory):
        (found,) = discover([Path(entry.script_location)], cwd=Path.cwd(), environ={}).environments
        reading = engine.read(found, target, Path.cwd())
        every = {
            Path(each.revision.path).name: each
            for name in reading.environment.databases or (None,)
            for each in reversals(engine.replay(reading, name), target)
        }
    listed = {each.file: each for each in entries if each.kind in FAULTS}
    others = {each.file: each for each in entries if each.kind not in FAULTS}
    return Judged(entry.key, len(reading.history.order), listed, others, every)


def line(name: str, every: Sequence[Judged]) -> str:
    """One line of the table."""
    counts = (
        sum(each.revisions for each in every),
        sum(len(each.listed) for each in every),
        sum(len(each.predicted) for each in every),
        sum(len(each.hits) for each in every),
        sum(len(each.of_kind) for each in every),
    )
    revisions, listed, predicted, hits, of_kind = counts
    return f"{name:<54.54} {revisions:>9,} {listed:>6} {predicted:>9} {hits:>5} {of_kind:>9}"


def share(part: int, whole: int) -> str:
    """A share in words."""
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


if __name__ == "__main__":
    main()
