"""The options of rules and what their pages say of them."""

from __future__ import annotations

import re
from typing import cast

import pytest

from migrate_guard import pages
from migrate_guard.config.descriptions import descriptions
from migrate_guard.config.showing import plain, toml
from migrate_guard.config.values import option_types
from migrate_guard.rule import Rule
from migrate_guard.rules import load_rules

WITH_OPTIONS = [pytest.param(each, id=each.name) for each in load_rules() if each.options]
LONGEST = 200


def default_text(value: object) -> str:
    """A default as a page writes it; long lists are those of the schema."""
    text = toml(plain(value))
    if len(text) <= LONGEST:
        return f"`{text}`"
    assert isinstance(value, tuple | frozenset)
    return f"{len(value)} words, which `migrate-guard config --schema` lists"


@pytest.mark.parametrize("rule", WITH_OPTIONS)
def test_a_page_names_each_option_with_its_default(rule: Rule) -> None:
    page = pages.load(rule.name)
    assert page
    defaults = cast(type, rule.options)()
    wanted = [
        f"`{name}` (default {default_text(getattr(defaults, name.replace('-', '_')))})" for name in option_types(rule)
    ]
    section = page.sections.get("Options", "")
    missing = [each for each in wanted if each not in section]
    assert not missing, f"{page.path.name} does not say under Options:\n" + "\n".join(missing)
    named = re.findall(r"`([a-z-]+)` \(default ", section)
    assert sorted(named) == sorted(option_types(rule))


def test_rules_without_options_have_no_such_section() -> None:
    without = {each.name for each in load_rules() if not each.options}
    assert [page.name for page in pages.all_pages() if page.name in without and "Options" in page.sections] == []


@pytest.mark.parametrize("rule", WITH_OPTIONS)
def test_an_option_has_a_type_that_a_configuration_can_be_held_against(rule: Rule) -> None:
    from migrate_guard.config.schema import schema

    (properties,) = (
        each["properties"] for name, each in schema([rule], [])["definitions"].items() if name == rule.name
    )
    said = descriptions(cast(type, rule.options))
    defaults = cast(type, rule.options)()
    for name in option_types(rule):
        form, field = properties[name], name.replace("-", "_")
        assert {"type", "enum"} & form.keys(), f"{rule.name}: a configuration cannot spell the type of {name}"
        assert form["default"] == plain(getattr(defaults, field))
        assert form.get("description") == said.get(field)
