"""The findings that a project has accepted, so that only what is new is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

FILE_NAME: Final = "migrate-guard-baseline.json"
"""The file that a project keeps it in."""


class Entry(NamedTuple):
    """One accepted finding; it has neither a line nor a file, which move."""

    environment: str
    """The script location, relative to the file of the baseline, with slashes."""
    code: str
    name: str
    revision: str | None
    """The revision in whose script it lies; None for env.py, the configuration and scripts that define none."""
    object: str | None
    fingerprint: str


class Baseline(Struct, frozen=True):
    entries: tuple[Entry, ...] = ()
    root: Path = Path()
    """The directory that the environments of entries are relative to."""
    base: Path = Path()
    """The directory that the paths of findings are relative to."""
    gone: frozenset[str] = frozenset()
    """The environments of entries that are not on disk any more, or have another name."""
