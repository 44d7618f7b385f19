"""What env.py does with its connections, in order: what it opens, begins, executes, and when revisions run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from migrate_guard.model.environment import SessionSetting
from migrate_guard.model.source import Span
from migrate_guard.reading.values import Value


class EngineValue(Struct, frozen=True, eq=False):
    """What env.py makes connections with; one that it takes from elsewhere has nothing set."""

    isolation_level: Value = None
    settings: tuple[SessionSetting, ...] = ()
    """Those that every connection starts with."""
    is_made: bool = False
    """env.py, or what it imports, makes it; else it is one that is not known."""


class ConnectionValue(Struct, frozen=True, eq=False):
    """A connection that env.py opens, or a cursor of it."""

    engine: EngineValue


class DriverConnection(Struct, frozen=True, eq=False):
    """The driver's connection below one of SQLAlchemy, or a cursor of it: SQLAlchemy does not hear what it is told."""

    connection: ConnectionValue


class TransactionValue(Struct, frozen=True, eq=False):
    """A transaction that env.py begins itself, whose block is entered with `entered`."""

    connection: ConnectionValue
    entered: Value = None


class Began(Struct, frozen=True):
    """A transaction was begun that Alembic finds open, and env.py ends."""

    connection: Value


class Ended(Struct, frozen=True):
    connection: Value
    is_committed: bool
    is_heard: bool = True
    """SQLAlchemy knows of it."""


class Isolated(Struct, frozen=True):
    """The isolation level of a connection was set."""

    connection: Value
    level: Value


class Executed(Struct, frozen=True):
    """SQL was sent, on the connection handed to `context.configure` where that is None."""

    connection: Value
    text: str
    span: Span
    condition: str | None = None
    """Why it may not be: the source of a condition that could not be decided."""
    is_heard: bool = True
    """SQLAlchemy sends it, and begins a transaction where there is none."""


class Listening(Struct, frozen=True):
    """What is executed on that connection, a listener executes on every one, at that event of SQLAlchemy."""

    connection: ConnectionValue
    event: str
    engine: EngineValue | None = None
    """The one engine that it listens to; None: every one, or it is not known."""


class Started(Struct, frozen=True):
    """A listener gives every connection that setting to start with."""

    setting: SessionSetting


class Configured(Struct, frozen=True, eq=False):
    """The call of `context.configure`."""

    connection: Value
    options: Mapping[str, Value]
    is_partial: bool
    """It has keyword arguments that are not known: `**options`."""
    span: Span


class Entrusted(Struct, frozen=True):
    """Alembic was asked for its transaction, or something that is not known may have begun one or commit it."""


class Ran(Struct, frozen=True):
    """The call of `context.run_migrations`."""

    span: Span
    condition: str | None = None
    """Why it may not be called: the source of a condition that could not be decided."""


Event: TypeAlias = Began | Ended | Isolated | Executed | Listening | Started | Configured | Entrusted | Ran
