"""The law of help: what a finding says to write, put in place of the bad, is what it promises.

It parses, makes the same schema at head, leaves nothing that blocks a table in use for longer than an instant, and is
clean under all default rules. It holds for every page of a lock rule and for every such finding on the fixtures; what
other rules say to write takes their finding away and brings no other that fails the gate.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pytest

from migrate_guard import engine
from migrate_guard.asking.locks import blocks_for_long
from migrate_guard.commands._examples import write
from migrate_guard.commands._schema_json import document
from migrate_guard.history.transactions import Session
from migrate_guard.model.finding import Finding, Report, Severity
from migrate_guard.model.target import DialectName, Target
from migrate_guard.pages import Example, Page, all_pages
from migrate_guard.reading.discover import discover
from tests.checking import check
from tests.putting_in_place import put_behind, put_in_place
from tests.test_fixtures import PROJECTS

FAMILY: Final = ("MG3", "MG902")
"""The rules of locks, and the one about the transaction that keeps them."""
WITHOUT: Final[dict[str, str]] = {
    "MG307": "a stored generated column and a domain with constraints are in no other way filled",
    "MG308": "a new stored expression and a type with constraints take every row; no partitioned table is built beside",
    "MG311": "nothing builds the index of an exclusion constraint concurrently",
    "MG320": "CONCURRENTLY came with PostgreSQL 14, and is refused beside a default partition",
    "MG322": "a table is written anew by what is no migration: pg_repack, a copy in batches",
    "MG326": "what a loop does row after row is code of its own: it moves as it is",
    "MG327": "the lock is left out",
    "MG328": "the VALIDATE of a domain's constraint has no other form",
    "MG329": "rows are deleted in batches outside of a migration",
    "MG331": "the statement waits for a time at which nobody uses the table",
    "MG409": "whether rows agree is for the data to say",
    "MG420": "the code that runs is not there to be changed",
    "MG902": "an env.py that begins a transaction of its own is written anew",
}
"""Rules for some of whose findings nothing can be written that does the same without the hazard, and why."""
ADDED: Final = frozenset({"MG602", "MG609", "MG610", "MG803"})
"""Rules that miss something, find too much of it or see it lost: what they say to write is written besides."""
IN_ROUNDS: Final = "The line stands for"
"""What a help says of a line that a loop or a helper runs several times, which no code replaces."""
ROUNDS: Final = 80


def examples(pages: Iterable[Page]) -> list[object]:
    return [
        pytest.param(page, example, id=f"{page.code}-{number}")
        for page in pages
        for number, example in enumerate(page.examples, 1)
        if example.kind == "bad"
    ]


OF_LOCKS: Final = examples(each for each in all_pages() if each.code.startswith(FAMILY))
OTHERS: Final = examples(each for each in all_pages() if not each.code.startswith(FAMILY))


@pytest.mark.parametrize(("page", "example"), OTHERS)
def test_page_of_another_rule(page: Page, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put in place, what it says to write takes the finding away and brings none that fails the gate."""
    write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    target = _target(example)
    before = {each.code for each in check(tmp_path, dialect=target.dialect, version=target.version).findings}
    report = mended(tmp_path, target, page.code)
    assert not [each.message for each in _family(report, page.code) if each.write]
    brought = [each for each in report.findings if each.severity is Severity.ERROR and each.code not in before]
    assert not brought, "\n".join(f"{each.span}: {each.code} {each.message}" for each in brought)


@pytest.mark.parametrize(("page", "example"), OF_LOCKS)
def test_page(page: Page, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    target = _target(example)
    before = schema_at_head(tmp_path, target)
    mended(tmp_path, target)
    # what the upgrade does instead is taken back otherwise
    report = mended(tmp_path, target, "MG203")
    # how many rows a statement changes is another law, which holds wherever it stands
    others = [each for each in report.findings if not each.code.startswith("MG50")]
    left = [each for each in others if each.code not in WITHOUT or each.write is not None]
    assert not left, "\n".join(f"{each.span}: {each.code} {each.message}" for each in left)
    assert schema_at_head(tmp_path, target) == before
    if not report.findings:
        assert not list(blocking(tmp_path, target))


DOWNGRADES: Final = ("MG203", "MG204", "MG205", "MG206", "MG208", "MG209")
"""The rules that say what to write in a downgrade."""


def downgrades() -> Iterator[object]:
    for page in all_pages():
        if page.code in DOWNGRADES:
            for number, example in enumerate(page.examples, 1):
                if example.kind == "bad":
                    yield pytest.param(page, example, id=f"{page.code}-{number}")


@pytest.mark.parametrize(("page", "example"), list(downgrades()))
def test_downgrade(page: Page, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    target = Target.default("postgresql")
    before = schema_at_head(tmp_path, target)
    report = mended(tmp_path, target, page.code)
    left = [each for each in report.findings if each.code != "MG204" or each.write is not None]
    assert not left, "\n".join(f"{each.span}: {each.code} {each.message}" for each in left)
    if page.code != "MG206":
        assert schema_at_head(tmp_path, target) == before


@pytest.mark.parametrize("project", PROJECTS, ids=lambda path: path.name)
def test_fixture(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / project.name
    shutil.copytree(project, copy)
    monkeypatch.chdir(copy)
    target = Target.default("postgresql")
    before = schema_at_head(copy, target) if any(_family(check(copy))) else None
    report = mended(copy, None)
    assert not [each for each in _family(report) if each.code not in WITHOUT and IN_ROUNDS not in each.help]
    if before is not None:
        assert schema_at_head(copy, target) == before


def _target(example: Example) -> Target:
    dialect: DialectName = example.settings.get("dialect", "postgresql")  # type: ignore[assignment]  # the pages' words
    if "version" not in example.settings:
        return Target.default(dialect)
    return Target(dialect, tuple(map(int, example.settings["version"].split("."))))


def mended(project: Path, target: Target | None, family: str | tuple[str, ...] = FAMILY) -> Report:
    """What is found after everything that findings of a family say to write was written."""
    dialect, version = (target.dialect, target.version) if target else (None, None)
    done: list[str] = []
    while len(done) < ROUNDS:
        report = check(project, dialect=dialect, version=version)
        finding = next((each for each in _family(report, family) if each.write), None)
        if finding is None:
            return report
        put = put_behind if finding.code in ADDED else put_in_place
        put(Path(finding.span.path), finding)
        done.append(f"{finding.code} {finding.message}\n{finding.write}")
    raise AssertionError("it does not come to an end:\n" + "\n\n".join(done[-3:]))


def _family(report: Report, family: str | tuple[str, ...] = FAMILY) -> Iterator[Finding]:
    return (each for each in report.findings if each.code.startswith(family))


def schema_at_head(project: Path, target: Target) -> object:
    """The schema at head; in which order a table has what it has does not count."""
    reading = _read(project, target)
    schema = engine.schema_at(reading, [each.id for each in reading.history.heads])
    form = document(schema, target.dialect, (), reading.environment.version_table)
    for table in form["tables"].values():
        for objects in (value for value in table.values() if isinstance(value, list)):
            objects.sort(key=str)
    return form


def _read(project: Path, target: Target) -> engine.Reading:
    (environment,) = discover([project], cwd=project, environ={}).environments
    return engine.read(environment, target, project)


def blocking(project: Path, target: Target) -> Iterator[str]:
    reading = _read(project, target)
    session = Session(target, reading.environment)
    for replayed in engine.replay(reading):
        if replayed.upgrade and replayed.revision.id.startswith("ffff"):
            for statement in session.run(replayed.revision, replayed.upgrade):
                if blocks_for_long(statement.hazards):
                    yield f"{statement.op.span}: {statement.effects.why}"
