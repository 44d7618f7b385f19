"""The catalogue is the test: every example of every page is executed.

A Good or Quiet example is clean under all default rules; a Bad one has exactly the findings that its marks say.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_guard.commands._examples import MODULES, options_of, write, wrong
from migrate_guard.model.drift import Drift
from migrate_guard.model.finding import Report
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.model.target import DialectName
from migrate_guard.pages import Example, Fence, Page, all_pages
from migrate_guard.rule import Rule
from migrate_guard.rules import load_rules
from tests.checking import check, there_and_back
from tests.drifting import drifted


def cases() -> Iterator[object]:
    for page in all_pages():
        for number, example in enumerate(page.examples, 1):
            yield pytest.param(page, example, id=f"{page.code}-{example.kind}-{number}")


def own_rules(example: Example) -> list[Rule]:
    """The rules of the project that an example brings along."""
    found: list[Rule] = []
    for fence in example.fences:
        if fence.role == "rule":
            names: dict[str, object] = {"__name__": "own"}
            exec(compile(fence.code, fence.title or "own.py", "exec"), names)
            found.extend(each for each in names.values() if isinstance(each, Rule))
    return found


@pytest.mark.parametrize(("page", "example"), list(cases()))
def test_example(page: Page, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    settings = example.settings
    dialect: DialectName = settings.get("dialect", "postgresql")  # type: ignore[assignment]  # the pages' own words
    version = tuple(map(int, settings["version"].split("."))) if "version" in settings else None
    rule = next(each for each in load_rules() if each.code == page.code)
    if rule.on == (RoundTrip,):
        judged(there_and_back(tmp_path, dialect=dialect), page, example, written)
        if example.kind == "bad":
            return
    if rule.on == (Drift,):
        judged(drifted(tmp_path, dialect=dialect), page, example, written)
        if example.kind == "bad":
            return
    report = check(
        tmp_path,
        dialect=dialect,
        version=version,
        options={rule.name: options_of(example)},
        extra=own_rules(example),
        select=() if rule.default else (rule.code,),
        since="main" if example.is_in_git else None,
        downgrades=settings.get("downgrades", "required"),  # type: ignore[arg-type]  # the pages' own words
        models=MODULES if example.has_models else (),
    )
    judged(report, page, example, written)


def judged(report: Report, page: Page, example: Example, written: dict[str, tuple[int, Fence]]) -> None:
    """Hold what an example is told against its marks."""
    assert wrong(report, example, written, page.path) is None


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.code)
def test_page_shows_the_rule(page: Page) -> None:
    rule = next(each for each in load_rules() if each.code == page.code)
    assert rule.name == page.name
    kinds = {example.kind for example in page.examples}
    assert {"bad", "good"} <= kinds


def test_every_rule_has_a_page() -> None:
    assert [rule.code for rule in load_rules()] == [page.code for page in all_pages()]
