"""The settings of a run, their defaults, and what the command line says of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from migrate_guard.model.finding import Severity
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import DialectName

EVERYWHERE: Final = ""
"""In the place of a script location: every environment."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run goes by; None where nobody said."""

    dialect: DialectName | None = None
    db_version: tuple[int, ...] | None = None
    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR
    output_format: str = "text"
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Glob of paths below `root` → codes, prefixes and names."""
    rule_options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Name of a rule → the fields of its options that the configuration sets."""
    start_after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Script location below `root`, or EVERYWHERE → revisions; what ran with or before them is not reported."""
    stats: Path | None = None
    """The file of `migrate-guard stats` that tells how large the tables are."""
    small_table_rows: int = 10_000
    small_table_bytes: int = 10_000_000
    """A table is small when it is known to have neither more rows nor more bytes."""
    downgrades: Downgrades = "required"
    """"raise": every downgrade raises; "none": nobody runs one, and nothing is reported of them."""
    scratch_url: str | None = None
    """The server on which `roundtrip` makes its databases; None: one that it starts itself."""
    rows: int = 5
    """How many every table gets before an upgrade is tried."""
    seed: Path | None = None
    """The folder of `<revision>.sql`, which `roundtrip` runs before that revision."""
    python: str | None = None
    """What runs the scripts; None: the Python of the active environment."""
    models: tuple[str, ...] = ()
    """The models of the application: "app.db:Base", or modules to look through; empty: nobody named them."""
    origin: Path | None = None
    """The configuration file."""

    @property
    def root(self) -> Path | None:
        """The directory that patterns of paths are relative to."""
        return self.origin.parent if self.origin else None


class Overrides(NamedTuple):
    """What the command line says, as written; None and empty where it says nothing."""

    dialect: str | None = None
    db_version: str | None = None
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    fail_on: str | None = None
    output_format: str | None = None
    stats: Path | None = None
    scratch_url: str | None = None
    rows: int | None = None
    seed: Path | None = None
    python: str | None = None
    models: tuple[str, ...] = ()
