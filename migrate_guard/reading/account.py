"""What env.py does with its connections, in order: what it opens, begins, executes, and when revisions run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from migrate_guard.model.environment import SessionSetting
from migrate_guard.model.source import Span
from migrate_guard.reading.values import Value


@dataclass(frozen=True, slots=True, eq=False)
class EngineValue:
    """What env.py makes connections with; one that it takes from elsewhere has nothing set."""

    isolation_level: Value = None
    settings: tuple[SessionSetting, ...] = ()
    """Those that every connection starts with."""
    is_made: bool = False
    """env.py, or what it imports, makes it; else it is one that is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class ConnectionValue:
    """A connection that env.py opens, or a cursor of it."""

    engine: EngineValue


@dataclass(frozen=True, slots=True, eq=False)
class DriverConnection:
    """The driver's connection below one of SQLAlchemy, or a cursor of it: SQLAlchemy does not hear what it is told."""

    connection: ConnectionValue


@dataclass(frozen=True, slots=True, eq=False)
class TransactionValue:
    """A transaction that env.py begins itself, whose block is entered with `entered`."""

    connection: ConnectionValue
    entered: Value = None


@dataclass(frozen=True, slots=True)
class Began:
    """A transaction was begun that Alembic finds open, and env.py ends."""

    connection: Value


@dataclass(frozen=True, slots=True)
class Ended:
    connection: Value
    is_committed: bool
    is_heard: bool = True
    """SQLAlchemy knows of it."""


@dataclass(frozen=True, slots=True)
class Isolated:
    """The isolation level of a connection was set."""

    connection: Value
    level: Value


@dataclass(frozen=True, slots=True)
class Executed:
    """SQL was sent, on the connection handed to `context.configure` where that is None."""

    connection: Value
    text: str
    span: Span
    condition: str | None = None
    """Why it may not be: the source of a condition that could not be decided."""
    is_heard: bool = True
    """SQLAlchemy sends it, and begins a transaction where there is none."""


@dataclass(frozen=True, slots=True)
class Listening:
    """What is executed on that connection, a listener executes on every one, at that event of SQLAlchemy."""

    connection: ConnectionValue
    event: str
    engine: EngineValue | None = None
    """The one engine that it listens to; None: every one, or it is not known."""


@dataclass(frozen=True, slots=True)
class Started:
    """A listener gives every connection that setting to start with."""

    setting: SessionSetting


@dataclass(frozen=True, slots=True, eq=False)
class Configured:
    """The call of `context.configure`."""

    connection: Value
    options: Mapping[str, Value]
    is_partial: bool
    """It has keyword arguments that are not known: `**options`."""
    span: Span


@dataclass(frozen=True, slots=True)
class Entrusted:
    """Alembic was asked for its transaction, or something that is not known may have begun one or commit it."""


@dataclass(frozen=True, slots=True)
class Ran:
    """The call of `context.run_migrations`."""

    span: Span
    condition: str | None = None
    """Why it may not be called: the source of a condition that could not be decided."""


Event: TypeAlias = Began | Ended | Isolated | Executed | Listening | Started | Configured | Entrusted | Ran
