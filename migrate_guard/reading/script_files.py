"""Which files are revision scripts, by their names and by what they assign, without interpreting them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from migrate_guard import files
from migrate_guard.model.patterns import lazily
from migrate_guard.model.source import Source
from migrate_guard.reading.alembic_config import content
from migrate_guard.reading.directories import real, walk
from migrate_guard.reading.script import UnreadableFile, assignments_of, decode, parse

# Helpers may stand among scripts, but not so many that all the first files by name are helpers.
SNIFFED_FILES: Final = 16

SCRIPT_NAME: Final = lazily(r"(?!\.\#|__init__)(.*\.py)$")
"""The names of files that Alembic takes for scripts (`_only_source_rev_file` of alembic/script/base.py)."""
_ASSIGNMENT: Final = lazily(
    rb"^(revision|down_revision|depends_on)[ \t]*(?::[^=\n]*)?=[ \t]*(\([^)]{0,999}\)|[^\n]*)", re.MULTILINE
)
_VARIABLES: Final = frozenset({"revision", "down_revision"})
_QUOTED: Final = lazily(rb"""["']([^"'\n]+)["']""")


def revisions_in(directory: Path) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the revisions that the scripts of a directory define and those they name."""
    found: dict[bytes, set[bytes]] = {b"revision": set(), b"down_revision": set(), b"depends_on": set()}
    for path in scripts(directory):
        assignments = _ASSIGNMENT.findall(content(path))
        if _names(assignments) >= _VARIABLES:
            for variable, value in assignments:
                found[variable].update(_QUOTED.findall(value))
    return frozenset(found[b"revision"]), frozenset(found[b"down_revision"] | found[b"depends_on"])


def _names(assignments: Iterable[tuple[bytes, bytes]]) -> frozenset[str]:
    return frozenset(variable.decode() for variable, _ in assignments)


def scripts_below(versions: Path) -> dict[Path, tuple[frozenset[bytes], frozenset[bytes]]]:
    """Return what `revisions_in` says of the directories below a versions directory that hold scripts."""
    below = ((place, revisions_in(place)) for place, _, _ in walk(versions) if place != versions)
    return {place: found for place, found in below if found[0]}


def holds_scripts(directory: Path) -> bool:
    """Say whether there are revision scripts directly in a directory, judged by its first files."""
    return any(map(is_script, scripts(directory)[:SNIFFED_FILES]))


def scripts(directory: Path) -> list[Path]:
    """Return the files of a directory that Alembic takes for scripts by their names."""
    _, _, files = next(walk(directory), (directory, [], []))
    return [directory / name for name in filter(SCRIPT_NAME.match, files)]


def is_script(path: Path) -> bool:
    """Say whether a module assigns what every revision script does, or would if it could be parsed."""
    data = content(path)
    if not _names(_ASSIGNMENT.findall(data)) >= _VARIABLES:
        return False
    try:
        return assignments_of(parse(Source(str(path), decode(data, str(path))))).keys() >= _VARIABLES
    except UnreadableFile:
        return True


def problem(path: Path) -> str | None:
    """Say why a file cannot be read as a script, None if it can."""
    try:
        files.size(path)
    except FileNotFoundError:
        return f"leads to {real(path)}, which does not exist"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not files.is_file(path):
        return "is not a regular file"
    return None if files.is_readable(path) else "cannot be read: permission denied"
