"""One voice: what holds for every message, every help and all code that findings say to write."""

from __future__ import annotations

import ast
import re
from typing import Final

import pytest

from migrate_guard.rules import load_rules
from tests.servers import needs_postgresql
from tests.voice import PAGE, Said, everything_said, page

HEDGES: Final = re.compile(
    r"\b(should|please|consider|potential|potentially|dangerous|recommend\w*|best practice|may want|be careful)\b",
    re.IGNORECASE,
)
PRODUCTS: Final = frozenset({"Alembic", "MariaDB", "MySQL", "PostgreSQL", "SQLAlchemy", "SQLite"})
LONGEST: Final = 260
"""Characters of a message: it is one sentence that stands behind a line of code."""
SENTENCES: Final = 3
"""Of a help; what needs more is the page's."""


def said() -> list[object]:
    return [pytest.param(each, id=f"{each.page.code}-{number}") for number, each in enumerate(everything_said(), 1)]


@pytest.mark.parametrize("said", said())
def test_message(said: Said) -> None:
    message = said.finding.message
    assert not HEDGES.search(message)
    assert not message.endswith((".", "!", "?"))
    assert "\n" not in message
    assert len(message) <= LONGEST
    first = message.split()[0]
    assert not first[0].isupper() or first.isupper() or first in PRODUCTS, "it begins as it goes on behind a place"


@pytest.mark.parametrize("said", said())
def test_help_says_what_to_write(said: Said) -> None:
    text = said.finding.help
    assert text or said.write, "a message that does not say what to write is half a message"
    if text:
        assert not HEDGES.search(text)
        assert text[0].isupper() or text[0] in "\"'`"
        assert text.endswith((".", ")", "]")) or ": " in text
        assert len(re.findall(r"\. [A-Z]", text)) < SENTENCES
    if said.write:
        ast.parse(said.write)


def test_every_rule_is_heard() -> None:
    needs_postgresql()
    assert {each.page.code for each in everything_said()} == {rule.code for rule in load_rules()}


def test_the_page_is_what_the_rules_say() -> None:
    needs_postgresql()
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.voice writes it anew"
