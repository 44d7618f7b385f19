"""Where the baseline of a project lies, and what a run has to say about it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from migrate_guard import files
from migrate_guard.commands._shared import start_of
from migrate_guard.config import Settings
from migrate_guard.model.baseline import FILE_NAME, Baseline, Entry
from migrate_guard.terminal import complain, visible

_MOST_NAMED = 3


def place(chosen: Settings, paths: Sequence[Path], named: Path | None) -> Path:
    """The file of the baseline, whether it is there or not: the one that is named, else the one beside the settings.

    Without settings it is the nearest one upward, and where there is none the one in the current directory.
    """
    if named is not None:
        return Path(os.path.abspath(named))
    if chosen.root is not None:
        return chosen.root / FILE_NAME
    start = start_of(paths)
    above = (each / FILE_NAME for each in (start, *start.parents))
    return next((each for each in above if files.lexists(each)), Path.cwd() / FILE_NAME)


def read(file: Path) -> Baseline:
    """Read the baseline in a file; raises DocumentError."""
    from migrate_guard.reading.baseline import read_baseline

    entries = read_baseline(file)
    gone = {each for each in {entry.environment for entry in entries} if not files.exists(file.parent / each)}
    return Baseline(entries, file.parent, Path.cwd(), frozenset(gone))


def accepted(chosen: Settings, paths: Sequence[Path], named: Path | None) -> Baseline:
    """The baseline that a run goes by, empty where the project has none; raises DocumentError."""
    file = place(chosen, paths, named)
    return read(file) if named is not None or files.lexists(file) else Baseline(root=file.parent, base=Path.cwd())


def tell_stale(entries: Sequence[Entry]) -> None:
    """Say that a baseline has entries that hide nothing: no failure, but to be seen."""
    if not entries:
        return
    one = len(entries) == 1
    complain(
        "warning",
        f"{len(entries)} {'entry' if one else 'entries'} of the baseline {'is' if one else 'are'} stale "
        f"({named(entries)}); migrate-guard baseline --prune removes {'it' if one else 'them'}",
    )


def named(entries: Sequence[Entry]) -> str:
    """A few entries by code, revision and object."""
    shown = [" ".join(filter(None, (each.code, each.revision, each.object))) for each in entries[:_MOST_NAMED]]
    more = [f"{len(entries) - _MOST_NAMED} more"] if len(entries) > _MOST_NAMED else []
    return visible(", ".join(shown + more))
