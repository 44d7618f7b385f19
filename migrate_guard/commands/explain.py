"""`migrate-guard explain`: the page of a rule, or the list of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from migrate_guard.terminal import UserError, emit

if TYPE_CHECKING:
    from migrate_guard.rule import Rule


@click.command("explain")
@click.argument("rule", required=False)
@click.option("--all", "is_all", is_flag=True, help="List every rule.")
@click.option("--output-format", type=click.Choice(("text", "json")), default="text", help="Default: text.")
def command(rule: str | None, is_all: bool, output_format: str) -> int:
    """Print the page of a RULE: its code or its name."""
    from migrate_guard.rules import load_rules

    if is_all == (rule is not None):
        raise click.UsageError("name one rule, or say --all")
    rules = load_rules()
    if rule is None:
        emit(_json([_facts(each) for each in rules]) if output_format == "json" else listing(rules))
        return 0
    found = _find(rule, rules)
    text = page_text(found)
    emit(_json({**_facts(found), "page": text}) if output_format == "json" else text)
    return 0


def page_text(rule: Rule) -> str:
    """Return the page of a rule; raises UserError where it has none."""
    from migrate_guard import pages

    page = pages.load(rule.name)
    if page is None:
        raise UserError(f"the rule {rule.name} has no page")
    return page.text.rstrip("\n") + "\n"


def listing(rules: Sequence[Rule]) -> str:
    """Return a line for every rule."""
    width = max((len(rule.name) for rule in rules), default=0)
    lines = (
        f"{rule.code}  {rule.name:<{width}}  {rule.severity!s:<7}  {'on' if rule.default else 'off':<3}  {rule.summary}"
        for rule in rules
    )
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _find(word: str, rules: Sequence[Rule]) -> Rule:
    for rule in rules:
        if word.lower() in (rule.code.lower(), rule.name):
            return rule
    from migrate_guard.config import nearest

    close = nearest(word, [name for rule in rules for name in (rule.name, rule.code)])
    hint = f'did you mean "{close}"?' if close else "migrate-guard explain --all lists them"
    raise UserError(f'there is no rule "{word}"; {hint}')


def _facts(rule: Rule) -> dict[str, object]:
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": str(rule.severity),
        "default": rule.default,
        "dialects": list(rule.dialects),
        "summary": rule.summary,
    }


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2) + "\n"
