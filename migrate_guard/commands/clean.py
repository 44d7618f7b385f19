"""`migrate-guard clean`: remove the cache."""

from __future__ import annotations

from pathlib import Path

import click

from migrate_guard import cache
from migrate_guard.commands._options import cache_dir_option, cache_directory
from migrate_guard.terminal import UserError, complain


@click.command("clean")
@cache_dir_option
def command(cache_dir: Path | None) -> int:
    """Remove what check and drift have kept to be faster.

    A directory that holds no cache of ours is left alone.
    """
    directory = cache_directory(cache_dir)
    try:
        is_removed = cache.remove(directory)
    except OSError as error:
        raise UserError(f"cannot remove {directory}: {error.strerror or error}") from error
    complain("info", f"removed {directory}" if is_removed else f"there is no cache in {directory}")
    return 0
