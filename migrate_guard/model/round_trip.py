"""What a round trip of one revision came to on a scratch database: upgrade, downgrade, upgrade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from migrate_guard.model.locks import LockMode
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span

RoundTripStep = Literal["upgrade", "downgrade", "second upgrade"]
STEPS: tuple[RoundTripStep, ...] = ("upgrade", "downgrade", "second upgrade")


class Difference(Struct, frozen=True):
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


class Failure(Struct, frozen=True):
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
    half: tuple[Difference, ...] = ()
    """What the step did before it and the database keeps: MySQL and MariaDB commit every statement."""


class Loss(Struct, frozen=True):
    """Rows, or values in rows, that the downgrade did not bring back."""

    table: str
    column: str | None
    """The one that holds other values; None: of whole rows."""
    before: int
    """Rows there were; of a column, values of the rows that are still there."""
    after: int
    """How many of them there are, the same as before."""
    kind: Literal["rows", "values"]


class ObservedStatement(Struct, frozen=True):
    """A statement that a script sent to PostgreSQL; the relations named are those that were there before the script."""

    sql: str
    line: int
    milliseconds: float
    in_transaction: bool
    held: Mapping[str, LockMode]
    """The strongest lock on each relation that its transaction had before."""
    locks: Mapping[str, LockMode] | None
    """The strongest lock on each relation that came with it; None: not observed."""
    is_exact: bool = True
    """Else there may have been more locks than were observed."""
    rewrites: tuple[str, ...] = ()
    """Relations that have new storage after it."""
    scans: tuple[str, ...] | None = ()
    """Relations of which it has read every row; None: not observed."""
    has_failed: bool = False


class Trace(Struct, frozen=True):
    """The statements of an upgrade, as the database saw them."""

    statements: tuple[ObservedStatement, ...]
    there: tuple[str, ...]
    """The relations that were there before."""
    is_whole: bool = True
    """The upgrade came to its end."""


class Departure(Struct, frozen=True):
    """Something that a plan says of a statement, and that has come otherwise."""

    at: Span
    """The line that sends it."""
    sql: str
    planned: str
    """What was planned, as 'no lock on "orders"' or "that it runs"."""
    observed: str
    """What was observed, as 'ACCESS EXCLUSIVE on "orders"'."""
    object: str | None = None
    """The table it is about."""


class RoundTrip(Struct, frozen=True):
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
    without_rows: str = ""
    """Why it was made on empty tables after all: rows that were made before a foreign key do not refer to anything."""
    seconds: float = 0.0
    trace: Trace | None = None
    """What its first upgrade did, where that was asked for."""
    departures: tuple[Departure, ...] = ()
    """Where that is not what the plan of the upgrade says."""
