"""The histories of corpus.json, and reading one as `migrate-guard` reads it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from migrate_guard.engine import Reading

HERE = Path(__file__).resolve().parent

Dialect: TypeAlias = Literal["postgresql", "sqlite"]


@dataclass(frozen=True)
class Entry:
    """A history of corpus.json."""

    key: str
    package: str
    script_location: str
    revisions: int
    versions: tuple[str, ...] = ()
    naming_convention: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What the env.py of the project hands to Alembic with its metadata."""
    before: tuple[str, ...] = ()
    """Statements that the env.py of the project runs before the migrations."""

    @property
    def directory(self) -> str:
        """Where the package is unpacked."""
        return self.package.partition("==")[0]


def read_entries() -> list[Entry]:
    """Read corpus.json."""
    return [
        Entry(
            each["key"],
            each["package"],
            each["script_location"],
            each["revisions"],
            tuple(each["versions"]),
            each.get("naming_convention", {}),
            tuple(each.get("before", ())),
        )
        for each in json.loads((HERE / "corpus.json").read_text(encoding="utf-8"))
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that choose histories."""
    parser.add_argument("--only", action="append", metavar="KEY", help="this history alone; may be repeated")
    parser.add_argument("--corpus", type=Path, default=HERE / "corpus", metavar="DIR", help="where the packages are")


def chosen(parser: argparse.ArgumentParser, only: Sequence[str] | None) -> list[Entry]:
    """Return the histories that were asked for."""
    entries = read_entries()
    if unknown := set(only or ()) - {each.key for each in entries}:
        parser.error(f"corpus.json has no history {', '.join(sorted(unknown))}")
    return [each for each in entries if not only or each.key in only]


def read_history(entry: Entry, dialect: Dialect, corpus: Path) -> Reading:
    """Read the scripts of a history."""
    from migrate_guard import engine
    from migrate_guard.model.target import Target
    from migrate_guard.reading.discover import discover

    with chdir(corpus / entry.directory):
        (found,) = discover([Path(entry.script_location)], cwd=Path.cwd(), environ={}).environments
        return engine.read(found, Target.default(dialect), Path.cwd())
