"""Rules and pages are found by name, and belong together."""

from __future__ import annotations

import subprocess
import sys

from migrate_guard import pages
from migrate_guard.rules import load_rules, rule_names


def test_every_rule_has_its_page() -> None:
    assert rule_names() == pages.page_names()
    assert {each.code: each.name for each in load_rules()} == {each.code: each.name for each in pages.all_pages()}


def test_rules_are_in_the_order_of_their_codes() -> None:
    codes = [each.code for each in load_rules()]
    assert codes == sorted(set(codes))


def test_the_package_imports_no_rule_by_itself() -> None:
    code = (
        "import sys, migrate_guard.rules as r; r.rule_names(); print([m for m in sys.modules if r.__name__ + '.' in m])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_pages_are_loaded_by_name_and_code() -> None:
    by_code, by_name = pages.load("mg602"), pages.load("unindexed_foreign_key")
    assert by_code
    assert by_name == by_code
    assert pages.load("no-such-rule") is None
