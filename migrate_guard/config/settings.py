"""The settings of a run, their defaults, and what the command line says of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Final, Literal, NamedTuple

from msgspec import field

from migrate_guard import files
from migrate_guard.model.comparing import PartlyCompared
from migrate_guard.model.finding import Severity
from migrate_guard.model.revision import Downgrades
from migrate_guard.model.target import DialectName

EVERYWHERE: Final = ""
"""In the place of a script location: every environment."""


class Origin(NamedTuple):
    """Where a value comes from that is not the default."""

    source: Literal["file", "command line", "environment variable", "caller"]
    key: str
    """The setting as the file spells it, the option, or the variable."""
    line: int | None = None
    """Of the file."""


class Settings(PartlyCompared, frozen=True):
    """What a run goes by; None where nobody said.

    What stands below a field is what the JSON Schema and the reference say of the setting.
    """

    uncompared: ClassVar[frozenset[str]] = frozenset({"origins"})

    dialect: DialectName | None = None
    """The database that is judged for; by default what sqlalchemy.url says, else postgresql."""
    db_version: tuple[int, ...] | None = None
    """The version of the database, such as "16"."""
    select: tuple[str, ...] | None = None
    """The rules that are asked: codes, prefixes, names, and the sets default, strict, naming and all."""
    ignore: tuple[str, ...] = ()
    """The rules that are not asked. The more specific of two selectors decides, and of two equals this one."""
    extend_select: tuple[str, ...] = ()
    """The rules that are asked besides those of select."""
    severity: Mapping[str, Severity] = field(default_factory=dict)
    """How bad the findings of a rule are, by code, prefix, name or set; the most specific decides."""
    fail_on: Severity = Severity.ERROR
    """From which severity on a finding fails the run."""
    output_format: str = "text"
    """How findings are reported."""
    per_file_ignores: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Pattern of paths, relative to this file, and the rules whose findings there are not reported."""
    exclude: tuple[str, ...] = ()
    """Patterns of scripts and folders, relative to this file, which are replayed and not reported."""
    rule_options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """The options of rules, a table for each; the page of a rule says what it has."""
    start_after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A revision, a list, or a table by script location: it and what lies before it is replayed and not reported."""
    stats: Path | None = None
    """What migrate-guard stats has written, relative to this file."""
    table_rows: Mapping[str, int] = field(default_factory=dict)
    """How many rows tables have, by name; it counts over the file of stats."""
    small_table_rows: int = 10_000
    """A table is small, so that locks on it hurt nobody, when it is known to have no more rows than this."""
    small_table_bytes: int = 10_000_000
    """A small table has no more bytes than this, with its indexes, where the file of stats tells them."""
    downgrades: Downgrades = "required"
    """Whether downgrades take upgrades back ("required"), all refuse ("raise"), or nobody runs one ("none")."""
    scratch_url: str | None = None
    """The server on which roundtrip makes its databases; by default one that it starts itself."""
    rows: int = 5
    """How many rows every table gets before roundtrip tries an upgrade."""
    seed: Path | None = None
    """The folder, relative to this file, of <revision>.sql, which roundtrip runs before that revision."""
    python: str | None = None
    """What runs scripts and imports models, relative to this file; by default the Python of the active environment."""
    models: tuple[str, ...] = ()
    """The models of the application: "app.db:Base", or modules to look through."""
    rules: tuple[Path, ...] = ()
    """Folders of the project's own rules, relative to this file. They are Python that is imported."""
    environments: Mapping[str, Settings] = field(default_factory=dict)
    """By the folder of an environment, relative to this file: what counts there in place of the settings above."""
    origin: Path | None = None
    """The configuration file."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """Setting as a file spells it → where its value comes from, where that is not the default."""

    @property
    def root(self) -> Path | None:
        """The directory that patterns of paths are relative to."""
        return self.origin.parent if self.origin else None

    def at(self, location: Path | None) -> Settings:
        """Return the settings of the environment in `location`: those of the nearest folder that has its own."""
        place = self.place_of(location, self.environments) if location and self.environments else None
        return self if place is None else self.environments[place]

    def place_of(self, location: Path, places: Iterable[str]) -> str | None:
        """Return which of `places`, as this file spells folders, `location` is or lies in; the nearest of several."""
        if self.root is None:
            return None
        here = files.realpath(location)
        folders = {place: files.realpath(self.root / place) for place in places if place != EVERYWHERE}
        around = [place for place, folder in folders.items() if here == folder or here.startswith(folder + os.sep)]
        return max(around, key=lambda place: len(folders[place]), default=None)


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
