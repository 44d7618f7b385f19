"""What is reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from pathlib import Path
from typing import ClassVar, NamedTuple

from msgspec import Struct, field

from migrate_guard.model.baseline import Entry
from migrate_guard.model.comparing import PartlyCompared
from migrate_guard.model.revision import Direction
from migrate_guard.model.source import Source, Span


class Severity(IntEnum):
    INFO = 1
    WARNING = 2
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(IntEnum):
    LOW = 1
    MEDIUM = 2
    HIGH = 3

    def __str__(self) -> str:
        return self.name.lower()


class Related(NamedTuple):
    """Another place that a finding speaks about."""

    span: Span
    message: str


class Finding(PartlyCompared, frozen=True):
    uncompared: ClassVar[frozenset[str]] = frozenset({"printed"})

    code: str
    name: str
    severity: Severity
    confidence: Confidence
    message: str
    span: Span
    help: str = ""
    printed: Callable[[], str | None] | None = None
    """Prints what to write, which is not done for findings that nobody sees."""
    object: str | None = None
    revision: str | None = None
    direction: Direction | None = None
    related: tuple[Related, ...] = ()
    fingerprint: str = ""

    @property
    def write(self) -> str | None:
        """What to write instead, as Alembic code with the user's own names."""
        return self.printed() if self.printed else None


class Hidden(NamedTuple):
    """A finding that is not reported, and what hides it: "suppressed", "baseline", "diff", "start-after", "exclude"."""

    finding: Finding
    by: str


class OpaqueOperation(NamedTuple):
    """An operation that could not be resolved, for `-v`."""

    span: Span
    reason: str


class EnvironmentSummary(Struct, frozen=True):
    """What the footer says of one environment."""

    location: str
    target: str
    revisions: int
    heads: tuple[str, ...]


class ModelsSummary(Struct, frozen=True):
    """What the footer says of models."""

    location: str
    """The folder of the project."""
    name: str
    """As the user names them: "app.db:Base"."""
    target: str
    tables: int


class RuleSummary(NamedTuple):
    """What a report says of a rule beside its findings."""

    code: str
    name: str
    severity: Severity
    """Of its findings, where they say no other."""
    summary: str
    folder: Path | None = None
    """Where its page lies, if the project has it and not we."""


class Report(Struct, frozen=True):
    findings: tuple[Finding, ...]
    hidden: tuple[Hidden, ...] = ()
    opaque: tuple[OpaqueOperation, ...] = ()
    environments: tuple[EnvironmentSummary, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    rules_run: int = 0
    operations: int = 0
    elapsed_ms: int = 0
    stale: tuple[Entry, ...] = ()
    """The entries of the baseline that hide nothing although what they are about was judged."""
    elsewhere: tuple[Entry, ...] = ()
    """The entries of the baseline about which the run says nothing: of other rules, files and environments."""
    models: tuple[ModelsSummary, ...] = ()
    rules: Mapping[str, RuleSummary] = field(default_factory=dict)
    """Every rule that there is, by its code."""

    @property
    def revisions(self) -> int:
        return sum(each.revisions for each in self.environments)
