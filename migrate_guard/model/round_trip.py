"""What a round trip of one revision came to on a scratch database: upgrade, downgrade, upgrade."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span

RoundTripStep = Literal["upgrade", "downgrade", "second upgrade"]
STEPS: tuple[RoundTripStep, ...] = ("upgrade", "downgrade", "second upgrade")


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that raised."""

    step: RoundTripStep
    error: str
    """The name of the exception's class: the database's own, where it was the database that refused."""
    message: str
    """Its first line, in the database's or Python's own words."""
    at: Span | None = None
    """The line of the script that was running."""
    statement: str = ""
    """The SQL that was refused."""
    has_rows: bool = False
    """It passes on empty tables."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of the catalogue that did not come back; None where it is not there."""

    step: RoundTripStep
    kind: str
    """column, index, constraint, enum …"""
    owner: str
    """The table, type … it belongs to, with its schema outside of the default one."""
    part: str
    """Its own name; empty for the owner itself."""
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows, or values in rows, that the downgrade did not bring back."""

    table: str
    column: str | None
    """The one that holds other values; None: of whole rows."""
    before: int
    """Rows there were; of a column, values of the rows that are still there."""
    after: int
    """How many of them there are, the same as before."""
    kind: Literal["rows", "values"]


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """What became of one revision."""

    revision: Revision
    failures: tuple[Failure, ...] = ()
    differences: tuple[Difference, ...] = ()
    losses: tuple[Loss, ...] = ()
    not_moved: RoundTripStep | None = None
    """The step after which the version table says what it said before."""
    left_out: str = ""
    """Why it, or its way back, was not run."""
    unfilled: tuple[tuple[str, str], ...] = ()
    """Tables for which no rows could be made, and why."""
    seconds: float = 0.0
