"""`migrate-guard plan`: what revisions will make the database do, statement by statement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from migrate_guard.commands._options import EnvironmentOptions, environment_options, stats_option
from migrate_guard.commands._shared import (
    color,
    discovered,
    existing_paths,
    location_of,
    settings,
    table_sizes,
    the_environment,
    width,
)
from migrate_guard.config import Overrides, target
from migrate_guard.terminal import COLOR_CHOICES, complain, emit, progress

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.model.revision import Direction
    from migrate_guard.planning import Plan
    from migrate_guard.reading.discover import AlembicEnvironment

WIDTH = 100
"""Columns of a plan that goes to no terminal."""


@click.command("plan")
@click.argument("arguments", nargs=-1, metavar="[REV|RANGE] [PATH]...")
@click.option("--downgrade", is_flag=True, help="Plan the downgrade.")
@click.option("--since", metavar="REV|REF", help="Plan what comes after a revision, or is not in a git ref.")
@stats_option
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("text", "json", "markdown")),
    default="text",
    help="Default: text.",
)
@click.option("--color", "color_choice", type=click.Choice(COLOR_CHOICES), default="auto", help="Default: auto.")
@click.option("-v", "--verbose", is_flag=True, help="Say why, below each statement.")
@environment_options
def command(
    arguments: tuple[str, ...],
    downgrade: bool,
    since: str | None,
    stats: Path | None,
    output_format: str,
    color_choice: str,
    verbose: bool,
    environment: EnvironmentOptions,
) -> int:
    """Show what revisions will make the database do, without a database.

    For each statement that is the SQL, the locks that it takes on tables in use and until when, who has to wait for
    them, and whether it rewrites or reads the whole table; what Alembic writes into its own table is left out. The
    format is text for people, json for programs or markdown for a pull request.

    REV is a revision as schema takes it, RANGE is A:B, what comes after A up to B; without one it is the last revision
    of each branch, or for a PATH that is a script that one. An argument that exists on disk is a PATH.

    \b
    Examples:
      migrate-guard plan
      migrate-guard plan base:heads
      migrate-guard plan head-2:head --format json
      migrate-guard plan heads --downgrade
    """
    from migrate_guard import engine
    from migrate_guard.planning import plan

    words, paths = existing_paths(arguments)
    if len(words) > 1:
        raise click.UsageError(f"one revision or range at a time, not {' and '.join(words)}")
    if words and since is not None:
        raise click.UsageError(f"--since does not go with {words[0]}")
    chosen, _ = settings(paths, Overrides(stats=stats), environment)
    selection = discovered(paths, environment.names)
    found = the_environment(selection)
    chosen = chosen.at(location_of(found))
    sizes = table_sizes(chosen)
    with progress(f"reading {found.script_location or found.root}: {len(found.scripts)} scripts"):
        reading = engine.read(found, target(chosen, found.url), Path.cwd())
        direction: Direction = "downgrade" if downgrade else "upgrade"
        if since is not None:
            wanted = _since(since, reading, found)
        elif selection.restrict is not None and not words:
            from migrate_guard.commands._revisions import of_scripts

            wanted = of_scripts(selection.restrict, reading)
        else:
            wanted = _of_word(words[0] if words else "heads", reading, direction)
        planned = plan(reading, wanted, direction, sizes)
    for each in reading.history.unreadable:
        complain("warning", f"{each.span}: {each.reason}")
    emit(_rendered(planned, output_format, color=color(color_choice), verbose=verbose))
    return 0


def _rendered(planned: Plan, output_format: str, *, color: bool, verbose: bool) -> str:
    if output_format == "json":
        from migrate_guard.commands._plan_json import render as as_json

        return as_json(planned)
    if output_format == "markdown":
        from migrate_guard.commands._plan_markdown import render as as_markdown

        return as_markdown(planned)
    from migrate_guard.commands._plan_text import render as as_text

    return as_text(planned, width() or WIDTH, color=color, verbose=verbose)


def _of_word(word: str, reading: Reading, direction: Direction) -> frozenset[str]:
    from migrate_guard.commands._revisions import revisions_of

    if not reading.history.revisions and word == "heads":
        return frozenset()
    return revisions_of(word, reading.history, direction)


def _since(word: str, reading: Reading, environment: AlembicEnvironment) -> frozenset[str]:
    from migrate_guard.commands._since import reviewed

    return reviewed(word, reading, environment).range.revisions
