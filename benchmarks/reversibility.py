#!/usr/bin/env python3
"""Compare the revisions that are predicted not to be taken back with those whose real round trip was not clean.

usage: reversibility.py [--only KEY]... [--corpus DIR] [--truth FILE] [--predictions FILE]
                        [--prove] [--timeout SECONDS] [--python FILE]

The packages have to be there: fetch_corpus.py. The truth is a list of the revisions whose upgrade, downgrade and second
upgrade on PostgreSQL were not clean, each with project (a key of corpus.json), file, kind, error, at and difference.
Compared are the histories with an entry in it, and those whose schema at head is part of the truth beside it
(truth/KEY.json): they were run too. With --prove every history is run as live.py does it, each revision there, back and
there again from the schema that the upgrades alone have made, and what could be run is compared as well; that executes
the scripts of the packages, and needs what live.py needs.
"""

# ruff: noqa: T201 - it prints what it measures

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.histories import HERE, Entry, add_arguments, chosen, read_history

if TYPE_CHECKING:
    from benchmarks.live import Settings
    from benchmarks.proving import Proof
    from migrate_guard.engine import Reading
    from migrate_guard.history.reversal import Reversal


@dataclass(frozen=True)
class Listed:
    """A revision whose real run was not clean."""

    file: str
    kind: str
    said: str


@dataclass(frozen=True)
class Judged:
    """The predictions for one history beside what real runs gave; all by the names of the scripts."""

    key: str
    reversals: Mapping[str, Reversal]
    listed: Mapping[str, Listed] | None = None
    """Of any kind; None: nobody made a list."""
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    """Of the revisions that could be run."""
    problem: str = ""
    said: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The rules that speak of a revision's downgrade, by code the scripts."""

    @property
    def predicted(self) -> set[str]:
        return {file for file, each in self.reversals.items() if each.fault}

    @property
    def wanted(self) -> set[str]:
        """What is listed as one of the four faults."""
        from migrate_guard.history.reversal import FAULTS

        return {file for file, each in (self.listed or {}).items() if each.kind in FAULTS}

    @property
    def of_kind(self) -> set[str]:
        return {
            file
            for file in self.predicted & self.wanted
            if self.listed and self.reversals[file].fault == self.listed[file].kind
        }

    @property
    def true(self) -> set[str]:
        """The predictions that are listed as anything, or that a run has shown to be true."""
        return self.predicted & (set(self.listed or {}) | self.faulty)

    @property
    def faulty(self) -> set[str]:
        """What is really not clean."""
        return {file for file, each in self.proofs.items() if each.kind != "clean"}

    @property
    def judged(self) -> set[str]:
        """What could be run, and is meant to be taken back."""
        excused = ("no-downgrade", "empty-downgrade", "declared-irreversible")
        return {file for file in self.proofs if self.reversals[file].outcome not in excused}

    def lines(self) -> Iterator[str]:
        """What is missed, what is predicted without being true, and what is true as another kind of fault."""
        listed = self.listed or {}
        for file in sorted((self.wanted | (self.faulty & self.judged)) - self.predicted):
            said = [f"listed as {each.kind}: {each.said}" for each in (listed.get(file),) if each]
            said += [f"really {each}" for each in (self.proofs.get(file),) if each]
            yield f"{self.key} {file}: missed, {'; '.join(said)[:2000]}{told(self.reversals.get(file))}"
        for file in sorted(self.predicted - self.true):
            said = ["really clean"] * (file in self.proofs) + ["not listed"] * (self.listed is not None)
            yield f"{self.key} {file}: {'; '.join(said) or 'not run'}{told(self.reversals[file])}"
        for code, files in self.said.items():
            for file in sorted(files - set(listed) - self.faulty):
                yield f"{self.key} {file}: {code} is not listed{told(self.reversals.get(file))}"
        for file in sorted(self.wanted - frozenset[str]().union(*self.said.values())):
            yield f"{self.key} {file}: no rule speaks, {listed[file].kind}{told(self.reversals.get(file))}"
        for file in sorted((self.predicted & self.wanted) - self.of_kind):
            yield f"{self.key} {file}: listed as {listed[file].kind}: {listed[file].said}{told(self.reversals[file])}"


def told(reversal: Reversal | None) -> str:
    """What is predicted of a revision, and why."""
    if reversal is None:
        return "\n    no such revision"
    lines = [reversal.outcome, *(f"{each.operation.span} {each.what}" for each in reversal.impossible)]
    lines += (f"{each.span} {each}{'' if each.is_certain else ' (doubted)'}" for each in reversal.differences)
    return "".join(f"\n    {line}" for line in lines)


def main() -> None:
    """Parse the command line and go through the histories."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add_arguments(parser)
    shared = HERE.parents[1] / "shared" / "data" / "roundtrip_truth.json"
    parser.add_argument("--truth", type=Path, default=shared, metavar="FILE", help="the revisions that are not clean")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write what is missed and what is not true")
    parser.add_argument("--prove", action="store_true", help="run every history on a PostgreSQL of its own")
    parser.add_argument("--timeout", type=float, default=900.0, metavar="SECONDS", help="for each history that is run")
    parser.add_argument("--python", default=sys.executable, metavar="FILE", help="what runs the scripts")
    arguments = parser.parse_args()
    entries = [each for each in chosen(parser, arguments.only) if (arguments.corpus / each.directory).is_dir()]
    corpus = arguments.corpus.resolve()
    truth = read_truth(arguments.truth)
    with_truth = [each for each in entries if each.key in truth]
    found = {each.key: judge(each, corpus, truth[each.key]) for each in with_truth}
    if arguments.prove:
        found |= prove(entries, found, corpus, arguments.timeout, arguments.python)
    print(f"{'listed':<54} {'revisions':>9} {'listed':>6} {'predicted':>9} {'both':>5} {'same kind':>9} {'true':>5}")
    every = [found[each.key] for each in with_truth]
    for each in every:
        print(listed_line(each.key, [each]))
    print(listed_line(f"{len(every)} histories", every))
    print("\n".join(rule_lines(every)))
    if arguments.predictions:
        lines = [line for each in found.values() for line in each.lines()]
        arguments.predictions.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_truth(path: Path) -> dict[str, dict[str, Listed]]:
    """Read the revisions that are not clean, without those that only rows of their own make fail, by history."""
    found: dict[str, dict[str, Listed]] = {each.stem: {} for each in (path.parent / "truth").glob("*.json")}
    for each in json.loads(path.read_text(encoding="utf-8")):
        if not each["needs_rows"]:
            said = each["error"] or json.dumps(each["difference"])
            found.setdefault(each["project"], {})[each["file"]] = Listed(each["file"], each["kind"], said)
    return found


def judge(entry: Entry, corpus: Path, listed: Mapping[str, Listed] | None = None) -> Judged:
    """Predict for every revision of a history."""
    from migrate_guard import engine
    from migrate_guard.history.reversal import reversals

    reading = read_history(entry, "postgresql", corpus)
    every = {
        Path(each.revision.path).name: each
        for name in reading.environment.databases or (None,)
        for each in reversals(engine.replay(reading, name), reading.target)
    }
    return Judged(entry.key, every, listed, said=found(reading))


RULES = ("MG202", "MG203", "MG204", "MG205", "MG206", "MG208")
"""The rules whose findings say that a downgrade is none."""


def found(reading: Reading) -> dict[str, frozenset[str]]:
    """The scripts of a history that rules report, by code."""
    from migrate_guard import engine
    from migrate_guard.rules import load_rules
    from migrate_guard.sieve.causes import first_causes

    rules = [each for each in load_rules() if each.code in RULES]
    findings = first_causes(engine.check(reading, rules).findings, rules)
    return {code: frozenset(Path(each.span.path).name for each in findings if each.code == code) for code in RULES}


def rule_lines(every: Sequence[Judged]) -> Iterator[str]:
    """How the findings of each rule compare with the list, and those of all with what is listed as a fault."""
    line = "{:<54} {:>9} {:>6} {:>9}"
    yield line.format("rule", "revisions", "true", "precision")
    for code in RULES:
        said = sum(len(each.said.get(code, ())) for each in every)
        true = sum(len(each.said.get(code, frozenset()) & (set(each.listed or {}) | each.faulty)) for each in every)
        yield line.format(code, said, true, f"{true / said:.1%}" if said else "-")
    for kind in sorted({listed.kind for each in every for listed in (each.listed or {}).values()}):
        of_kind = [{file for file, listed in (each.listed or {}).items() if listed.kind == kind} for each in every]
        hit = sum(len(files & spoken(each)) for files, each in zip(of_kind, every, strict=True))
        yield f"{kind}: found {share(hit, sum(map(len, of_kind)))}"
    wanted = sum(len(each.wanted) for each in every)
    yield f"listed as a fault and found: {share(sum(len(each.wanted & spoken(each)) for each in every), wanted)}"


def spoken(judged: Judged) -> frozenset[str]:
    """The scripts of which some rule speaks."""
    return frozenset[str]().union(*judged.said.values())


def listed_line(name: str, every: Sequence[Judged]) -> str:
    """One line of the comparison with the list."""
    revisions = sum(len(each.reversals) for each in every)
    wanted, predicted = sum(len(each.wanted) for each in every), sum(len(each.predicted) for each in every)
    hits, of_kind = sum(len(each.predicted & each.wanted) for each in every), sum(len(each.of_kind) for each in every)
    true = sum(len(each.true) for each in every)
    line = f"{name:<54.54} {revisions:>9,} {wanted:>6} {predicted:>9} {hits:>5} {of_kind:>9} {true:>5}"
    if len(every) > 1:
        line += f"\nlisted and predicted: {share(hits, wanted)}; true: {share(true, predicted)}"
    return line


def share(part: int, whole: int) -> str:
    """A share in words."""
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "none"


# -- real runs


def prove(
    entries: Sequence[Entry], found: Mapping[str, Judged], corpus: Path, timeout: float, python: str
) -> dict[str, Judged]:
    """Run the histories, print how predictions compare, and return what is known of them."""
    from benchmarks.live import Settings
    from tests import servers

    print(f"{'run':<54} {'revisions':>9} {'ran':>6} {'predicted':>9} {'both':>5} {'not clean':>9}")
    proven: dict[str, Judged] = {}
    with tempfile.TemporaryDirectory() as scratch, servers.postgresql(Path(scratch)) as server:
        settings = Settings("postgresql", corpus, server.dsn, python, timeout, every_revision=True)
        for entry in entries:
            judged = proved(entry, found.get(entry.key) or judge(entry, corpus), settings)
            proven[entry.key] = judged
            print(f"{run_line(entry.key, [judged])} {judged.problem[:100]}".rstrip(), flush=True)
    print(run_line(f"{len(proven)} histories", list(proven.values())), end="\n\n")
    return proven


def proved(entry: Entry, judged: Judged, settings: Settings) -> Judged:
    """Run one history."""
    from benchmarks.proving import prove as run

    proofs = run(entry, settings)
    files = {each.revision.id: file for file, each in judged.reversals.items()}
    ran = {files[name]: each for name, each in proofs.of.items() if name in files and each.kind != "upgrade-raises"}
    return Judged(judged.key, judged.reversals, judged.listed, ran, proofs.problem, judged.said)


def run_line(name: str, every: Sequence[Judged]) -> str:
    """One line of the comparison with real runs."""
    revisions, ran = sum(len(each.reversals) for each in every), sum(len(each.judged) for each in every)
    faulty = sum(len(each.faulty & each.judged) for each in every)
    predicted = sum(len(each.predicted & each.judged) for each in every)
    both = sum(len(each.predicted & each.judged & each.faulty) for each in every)
    line = f"{name:<54.54} {revisions:>9,} {ran:>6} {predicted:>9} {both:>5} {faulty:>9}"
    if len(every) > 1:
        line += f"\nnot clean and predicted: {share(both, faulty)}; true: {share(both, predicted)}"
    return line


if __name__ == "__main__":
    main()
