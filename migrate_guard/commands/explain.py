"""`migrate-guard explain`: the page of a rule, or the list of all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate_guard.reading.project import display_path
from migrate_guard.reporters._counting import count
from migrate_guard.terminal import UserError, emit

if TYPE_CHECKING:
    from migrate_guard.rule import Rule


@click.command("explain")
@click.argument("rule", required=False)
@click.option("--all", "is_all", is_flag=True, help="List every rule.")
@click.option("--test", is_flag=True, help="Run the examples on the pages of the project's own rules.")
@click.option("--output-format", type=click.Choice(("text", "json")), default="text", help="Default: text.")
@click.option("--config", type=click.Path(path_type=Path), metavar="FILE", help="Configuration file to use.")
@click.option("--isolated", is_flag=True, help="Read no configuration file.")
def command(rule: str | None, is_all: bool, test: bool, output_format: str, config: Path | None, isolated: bool) -> int:
    """Print the page of a RULE: its code or its name.

    The rules of the project, from the folders of its setting rules, are explained and listed as all others. --test runs
    what their pages show, of one RULE or of all of the project.
    """
    if is_all == (rule is not None) and not (test and not is_all):
        raise click.UsageError("name one rule, or say --all")
    rules = known_rules(config, isolated=isolated)
    if test:
        return _test(rules, _find(rule, rules) if rule else None)
    if rule is None:
        emit(_json([_facts(each) for each in rules]) if output_format == "json" else listing(rules))
        return 0
    found = _find(rule, rules)
    text = page_text(found)
    emit(_json({**_facts(found), "page": text}) if output_format == "json" else text)
    return 0


def known_rules(file: Path | None, *, isolated: bool) -> tuple[Rule, ...]:
    """Return our rules and those of the project around the current directory; raises ConfigError."""
    from migrate_guard.config import ConfigError, Mistake, find, rule_folders
    from migrate_guard.rules import load_rules

    if file and isolated:
        raise ConfigError([Mistake("--isolated", "it does not go with --config")])
    written = None if isolated else find(Path.cwd(), file)
    folders = rule_folders(written)
    if not folders:
        return load_rules()
    from migrate_guard.commands._own_rules import with_own

    return with_own(load_rules(), folders, written)


def _test(rules: Sequence[Rule], wanted: Rule | None) -> int:
    """Run the examples of one of the project's rules, or of all; 1 where one is not as its page says."""
    from migrate_guard.commands._examples import tested

    failures = 0
    if wanted and wanted.folder is None:
        raise UserError(f"{wanted.name} is not a rule of the project; its examples are tests of migrate-guard")
    own = [each for each in rules if each.folder is not None and wanted in (None, each)]
    if not own:
        raise UserError("there are no rules of the project's own to test; the setting rules names their folders")
    for rule in own:
        said = list(tested(rule, rules))
        failed = [each for each in said if each]
        emit("".join(f"{each}\n" for each in failed))
        emit(f"{rule.code}  {rule.name}: {count(len(said), 'example')}, {len(failed)} failed\n")
        failures += len(failed)
    return int(failures > 0)


def page_text(rule: Rule) -> str:
    """Return the page of a rule; raises UserError where it has none."""
    from migrate_guard import pages

    page = pages.load(rule.name, rule.folder)
    if page is None:
        raise UserError(f"the rule {rule.name} has no page")
    return page.text.rstrip("\n") + "\n"


def listing(rules: Sequence[Rule]) -> str:
    """Return a line for every rule."""
    width = max((len(rule.name) for rule in rules), default=0)
    lines = (
        f"{rule.code}  {rule.name:<{width}}  {rule.severity!s:<7}  {'on' if rule.default else 'off':<3}  {rule.summary}"
        f"{f' ({display_path(rule.folder, Path.cwd())})' if rule.folder else ''}"
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
        "folder": display_path(rule.folder, Path.cwd()) if rule.folder else None,
    }


def _json(value: object) -> str:
    import json

    return json.dumps(value, indent=2) + "\n"
