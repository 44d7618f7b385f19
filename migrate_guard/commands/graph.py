"""`migrate-guard graph`: the revisions of a history and how they hang together."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_guard.commands._options import EnvironmentOptions, environment_options
from migrate_guard.commands._shared import the_reading
from migrate_guard.terminal import emit


@click.command("graph")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]")
@click.option("--format", "output_format", type=click.Choice(("text",)), default="text", help="Default: text.")
@environment_options
def command(
    paths: tuple[Path, ...],
    output_format: str,
    environment: EnvironmentOptions,
) -> int:
    """Draw the revision graph, newest first, with its heads, bases, labels and faults."""
    from migrate_guard.commands._lanes import draw

    emit(draw(the_reading(paths, environment).history))
    return 0
