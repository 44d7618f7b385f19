"""The law of help for lost data and running code: what is said to write is clean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_guard.model.target import DialectName, Target
from migrate_guard.pages import Example, Mark, Page, all_pages
from tests.test_help import mended
from tests.test_pages import write

CODES = ("MG402", "MG403", "MG404", "MG405", "MG413", "MG417")
"""The rules that say what to write; of the others a deploy has to come first."""


def examples() -> Iterator[object]:
    for page in all_pages():
        if page.code in CODES:
            for number, example in enumerate(page.examples, 1):
                if example.kind == "bad":
                    yield pytest.param(page, example, id=f"{page.code}-{number}")


@pytest.mark.parametrize(("page", "example"), list(examples()))
def test_what_is_written_is_clean(
    page: Page, example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    dialect: DialectName = example.settings.get("dialect", "postgresql")  # type: ignore[assignment]  # the pages' words
    report = mended(tmp_path, Target.default(dialect), page.code)
    left = [each for each in report.findings if each.code == page.code and each.write is not None]
    assert not left, "\n".join(f"{each.span}: {each.code} {each.message}\n{each.write}" for each in left)
    new = [each for each in report.findings if each.code not in {mark.code for mark in _marks(example)}]
    assert not new, "\n".join(f"{each.span}: {each.code} {each.message}" for each in new)


def _marks(example: Example) -> list[Mark]:
    return [mark for fence in example.fences for mark in fence.marks]
