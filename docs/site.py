"""What MkDocs asks while it builds: the pages of the rules, the commands and the settings are made of the code.

`mkdocs build` calls the functions named `on_*` (MkDocs, Developer Guide, Plugins, Events).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Final

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from migrate_guard import pages
from migrate_guard.cli import cli
from migrate_guard.rule import Rule
from migrate_guard.rules import load_rules

FAMILIES: Final = {
    "MG0": "The tool itself",
    "MG1": "History, scripts and models against migrations",
    "MG2": "Reversibility",
    "MG3": "Locks and availability",
    "MG4": "Lost data and the running application",
    "MG5": "Data migrations",
    "MG6": "Schema design",
    "MG7": "Names",
    "MG8": "SQLite, MySQL and MariaDB",
    "MG9": "Environment and security",
}
"""First letters of a code → what its rules are about."""

_FENCE: Final = re.compile(r"^```(\w+) +([^`\n]+)$", re.MULTILINE)
_TITLE: Final = re.compile(r'title="[^"]*"')


def on_config(config: MkDocsConfig) -> None:
    """Put the rules below their families into the navigation."""
    (rules,) = (entry["Rules"] for entry in config.nav or () if "Rules" in entry)
    for family, members in by_family(load_rules()):
        rules.append({family: [{f"{rule.code} {rule.name}": f"rules/{rule.name}.md"} for rule in members]})


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the pages that are made."""
    made: dict[str, Callable[[], str]] = {"rules/index.md": catalogue, "commands.md": commands}
    for path, text in made.items():
        files.append(File.generated(config, path, content=text()))
    for rule in load_rules():
        files.append(File.generated(config, f"rules/{rule.name}.md", content=rule_page(rule)))


def by_family(rules: Sequence[Rule]) -> Iterator[tuple[str, list[Rule]]]:
    """Give each family with its rules, by code."""
    for prefix, members in groupby(sorted(rules, key=lambda rule: rule.code), key=lambda rule: rule.code[:3]):
        yield FAMILIES[prefix], list(members)


def catalogue() -> str:
    """Return the page that lists the rules."""
    rules = load_rules()
    lines = [
        "# Rules",
        "",
        f"{len(rules)} rules; {sum(rule.default for rule in rules)} are on by default. `migrate-guard explain CODE`",
        "prints these pages, and the examples on them are run by the tests.",
    ]
    for family, members in by_family(rules):
        lines += ["", f"## {family}", "", "| code | rule | severity | default | |", "|---|---|---|---|---|"]
        for rule in members:
            default = "on" if rule.default else "off"
            summary = rule.summary.replace("|", "\\|")
            lines.append(f"| {rule.code} | [{rule.name}]({rule.name}.md) | {rule.severity} | {default} | {summary} |")
    return "\n".join(lines) + "\n"


def rule_page(rule: Rule) -> str:
    """Return the page of a rule as it is shown: with its facts, and fences without what only the tests read."""
    page = pages.load(rule.name)
    if page is None:
        raise FileNotFoundError(f"the rule {rule.name} has no page")
    title, _, text = page.text.partition("\n")
    databases = ", ".join(rule.dialects) or "all databases"
    facts = f"{rule.severity} · {'on' if rule.default else 'off'} by default · {databases}"
    return f"{title}\n\n*{facts}*\n{_FENCE.sub(_shown, text)}"


def _shown(fence: re.Match[str]) -> str:
    """A fence with the title that its words come to."""
    language, words = fence.groups()
    title = _TITLE.search(words)
    told = title[0] if title else 'title="{}"'.format(" ".join(re.sub(r'["=]', " ", words).split()))
    return f"```{language} {told}"


def commands() -> str:
    """Return the page of the command line: what `--help` prints."""
    context = click.Context(cli, info_name="migrate-guard", max_content_width=100, terminal_width=100)
    lines = ["# Commands", ""]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        below = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        lines += [f"## {name}", "", "```text", command.get_help(below), "```", ""]
    return "\n".join(lines)
