"""All messages of all rules side by side: what the Bad examples of the catalogue are told, as a page to read.

`python -m tests.voice` writes the page, tests/messages.md; test_voice.py holds it to be what the rules say today.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from migrate_guard.commands._examples import MODULES, write
from migrate_guard.model.drift import Drift
from migrate_guard.model.finding import Finding
from migrate_guard.model.round_trip import RoundTrip
from migrate_guard.model.target import DialectName
from migrate_guard.pages import Example, Page, all_pages
from migrate_guard.rules import load_rules
from tests.checking import check, there_and_back
from tests.drifting import drifted
from tests.servers import has_postgresql
from tests.test_pages import own_rules

PAGE: Final = Path(__file__).with_name("messages.md")
HEAD: Final = """\
# What is said

Every message that the Bad examples of the catalogue get, with its help and the code that it says to write. Written by
`python -m tests.voice`, to be read from top to bottom: one voice, what happens, to whom, and what to write instead.
"""


class Said(NamedTuple):
    page: Page
    finding: Finding
    write: str | None


@cache
def everything_said() -> tuple[Said, ...]:
    """What the Bad examples of all pages are told by the rule of their page, once each."""
    return tuple(said for page in all_pages() for said in _of_page(page))


def _of_page(page: Page) -> Iterator[Said]:
    known: set[tuple[str, str]] = set()
    for example in page.examples:
        if example.kind == "bad":
            for finding in _findings(page, example):
                if finding.code == page.code and (finding.message, finding.help) not in known:
                    known.add((finding.message, finding.help))
                    yield Said(page, finding, finding.write)


def _findings(page: Page, example: Example) -> Iterator[Finding]:
    """What an example is told; it is in another folder for a moment."""
    rule = next(each for each in load_rules() if each.code == page.code)
    settings, before = example.settings, Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), example)
        os.chdir(folder)
        try:
            if rule.on == (RoundTrip,):
                if not has_postgresql():
                    return
                yield from there_and_back(Path(folder), dialect=_dialect(example)).findings
                return
            if rule.on == (Drift,):
                yield from drifted(Path(folder), dialect=_dialect(example)).findings
                return
            version = tuple(map(int, settings["version"].split("."))) if "version" in settings else None
            options = dict(each.split("=", 1) for each in settings.get("options", "").split(",") if each)
            yield from check(
                Path(folder),
                dialect=_dialect(example),
                version=version,
                options={rule.name: options},
                extra=own_rules(example),
                select=() if rule.default else (rule.code,),
                since="main" if example.is_in_git else None,
                models=MODULES if example.has_models else (),
            ).findings
        finally:
            os.chdir(before)


def _dialect(example: Example) -> DialectName:
    return example.settings.get("dialect", "postgresql")  # type: ignore[return-value]  # the pages' own words


def page() -> str:
    """The page: by rule, the message with its severity, the help, and the code."""
    lines = [HEAD]
    last = ""
    for said in everything_said():
        if said.page.code != last:
            last = said.page.code
            lines.append(f"\n## {said.page.code} {said.page.name}\n")
        lines.append(f"- {said.finding.severity}: {said.finding.message}")
        if said.finding.help:
            lines.append(f"  - {said.finding.help}")
        if said.write:
            lines += ["", "  ```", *(f"  {each}".rstrip() for each in said.write.splitlines()), "  ```", ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
