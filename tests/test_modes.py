"""The same hazards under both transaction modes, and with and without a range under review.

What is new never depends on the transaction mode; the mode only decides which locks are still held.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from migrate_guard.commands._examples import write
from migrate_guard.pages import Example, all_pages
from tests.checking import check

ONE_EACH: Final = ", transaction_per_migration=True"
OF_MODES: Final = frozenset({"MG312", "MG325"})
"""Rules about what a later revision does in the transaction of an earlier one."""


def examples() -> Iterator[tuple[str, Example]]:
    for page in all_pages():
        if page.code.startswith("MG3"):
            for number, example in enumerate(page.examples, 1):
                if not any(fence.title == "env.py" for fence in example.fences):
                    yield f"{page.code}-{example.kind}-{number}", example


ALL: Final = [pytest.param(example, id=name) for name, example in examples()]
FOLLOWING: Final = [
    pytest.param(example, id=name)
    for name, example in examples()
    if example.given and all(fence.role != "script" for fence in example.fences)
]
"""Those that are one revision after those given."""


def _found(project: Path, example: Example, since: str | None = None) -> set[tuple[str, int, str]]:
    version = tuple(map(int, example.settings["version"].split("."))) if "version" in example.settings else None
    report = check(project, version=version, since=since)
    return {
        (Path(each.span.path).name, each.span.line, each.code)
        for each in report.findings
        if each.code.startswith("MG3")
    }


def _besides(found: set[tuple[str, int, str]], of_mode: set[tuple[str, int, str]]) -> set[tuple[str, int, str]]:
    """What is found in other lines than those about which rules speak that only have something to say in one mode."""
    lines = {(name, line) for name, line, code in of_mode if code in OF_MODES}
    return {(name, line, code) for name, line, code in found if (name, line) not in lines}


@pytest.mark.parametrize("example", ALL)
def test_modes_agree(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    each = _found(tmp_path, example)
    env = (tmp_path / "env.py").read_text(encoding="utf-8")
    assert ONE_EACH in env
    (tmp_path / "env.py").write_text(env.replace(ONE_EACH, ""), encoding="utf-8")
    together = _found(tmp_path, example)
    assert _besides(together, together) == _besides(each, together)


@pytest.mark.parametrize("example", FOLLOWING)
def test_a_range_of_one_revision_agrees(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, example)
    monkeypatch.chdir(tmp_path)
    parent = f"{len(example.given) - 1:04d}00000000"
    whole = _found(tmp_path, example)
    assert _found(tmp_path, example, since=parent) == {each for each in whole if each[0].startswith("ffff")}
