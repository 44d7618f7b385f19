"""How revisions run, from the account of env.py: in which transactions, with which settings, behind which locks.

What Alembic does is in `MigrationContext.begin_transaction` and `run_migrations` (alembic/runtime/migration.py, 1.20):

- A connection that is in a transaction when `context.configure` is called is left alone: everything runs in that
  transaction, whatever `transaction_per_migration` says. SQLAlchemy begins one with the first statement that is
  executed, which nobody commits then (sqlalchemy/engine/base.py, `_autobegin`).
- Without transactional DDL every revision is committed by itself. That is the default of every database but PostgreSQL
  and SQL Server (`transactional_ddl` in alembic/ddl/*.py), and what `transactional_ddl=False` asks for.
- Else `transaction_per_migration` decides. `context.begin_transaction()` opens the one transaction of all revisions;
  where env.py leaves it out, the first query opens it, and nobody commits it.
- With the isolation level AUTOCOMMIT the database commits every statement, whatever is begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.model.environment import AdvisoryLock, SessionSetting, TransactionMode
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.account import (
    Began,
    Configured,
    ConnectionValue,
    Ended,
    EngineValue,
    Entrusted,
    Event,
    Executed,
    Isolated,
    Listening,
    Ran,
    Started,
)
from migrate_guard.reading.computing import usually
from migrate_guard.reading.session_sql import advisory_locks, changes
from migrate_guard.reading.values import Value


class Running(Struct, frozen=True):
    """How revisions run; what the fields mean stands at those of `Environment`."""

    transactions: TransactionMode = "single"
    knows_transactions: bool = False
    configure_span: Span | None = None
    settings: tuple[SessionSetting, ...] = ()
    advisory_locks: tuple[AdvisoryLock, ...] = ()
    is_autocommit: bool = False
    begins_for_driver: bool = False
    is_handed_connection: bool = False
    is_in_transaction: bool = False
    uncommitted: Executed | Ran | None = None


_Key: TypeAlias = tuple[str, bool]
"""The name of a setting, and whether it is local: the last of each counts."""


class _Session(Struct, eq=False):
    """A connection, as far as the account has come."""

    level: Value = None
    is_begun: bool = False
    is_own: bool = False
    """env.py began that transaction itself, and ends it."""
    begun_by: Executed | None = None
    """The statement for which SQLAlchemy began it; None where env.py did."""
    kept: dict[_Key, SessionSetting] = field(default_factory=dict)
    pending: dict[_Key, SessionSetting] = field(default_factory=dict)
    """What the open transaction has set: undone with it if it is rolled back."""

    @property
    def is_autocommit(self) -> bool:
        return isinstance(self.level, str) and self.level.upper() == "AUTOCOMMIT"

    def execute(self, event: Executed) -> None:
        if event.is_heard and not self.is_autocommit and not self.is_begun:
            self.is_begun, self.begun_by = True, event
        span = event.span
        for change in changes(event.text):
            if change.value is None:
                self.give_back(change.name)
            elif not (change.is_local and self.is_autocommit):
                made = SessionSetting(change.name, change.value, span, "statement", change.is_local)
                settings = self.kept if self.is_autocommit else self.pending
                settings.pop((change.name, change.is_local), None)
                settings[change.name, change.is_local] = made

    def give_back(self, name: str) -> None:
        """Reset a parameter, or all."""
        for settings in (self.kept, self.pending):
            if not name:
                settings.clear()
            for is_local in (False, True):
                settings.pop((name, is_local), None)

    def end(self, event: Ended) -> None:
        if event.is_committed:
            for key, each in self.pending.items():
                if not each.is_local:
                    self.kept.pop(key, None)
                    self.kept[key] = each
        self.pending.clear()
        if event.is_heard:
            self.is_begun = self.is_own = False
            self.begun_by = None


class _Way(Struct, eq=False):
    """A way to `run_migrations`: what was configured, and how the connection was then."""

    configured: Configured
    session: _Session
    is_external: bool
    """The connection was in a transaction."""
    opening: list[SessionSetting]
    """What had been set in that transaction, if nothing in env.py ends it."""
    begun_by: Executed | None = None
    """The statement that began it, if nothing in env.py commits it."""
    is_entrusted: bool = False
    """Alembic may have begun its transaction, or env.py one of its own."""
    ran: Ran | None = None
    settings: tuple[SessionSetting, ...] | None = None
    """What is set when revisions run; None where they do not."""

    def mode(self, target: Target) -> TransactionMode:
        if self.session.is_autocommit:
            return "none"
        if self.is_external:
            return "single"
        given = self.option("transactional_ddl")
        is_transactional = given if isinstance(given, int) else target.dialect == "postgresql"
        per_revision = self.option("transaction_per_migration")
        is_per_revision = isinstance(per_revision, int) and per_revision
        return "per-revision" if is_per_revision or not is_transactional else "single"

    def uncommitted(self, target: Target) -> Executed | Ran | None:
        """What SQLAlchemy begins the transaction for that nobody commits."""
        if self.begun_by is not None:
            return self.begun_by
        is_left_out = not (self.is_external or self.is_entrusted) and self.mode(target) == "single"
        return self.ran if is_left_out and self.is_known(target) else None

    def option(self, name: str) -> Value:
        return usually(self.configured.options.get(name))

    def is_known(self, target: Target) -> bool:
        """Whether nothing that could not be computed decides the mode."""
        if not isinstance(self.session.level, str | None):
            return False
        if self.is_external or self.session.is_autocommit:
            return True
        values = self.option("transaction_per_migration"), self.option("transactional_ddl")
        if not all(isinstance(each, int | None) for each in values):
            return False
        if self.configured.is_partial and "transaction_per_migration" not in self.configured.options:
            return False
        return isinstance(self.configured.connection, ConnectionValue) or self.mode(target) == "single"


class _Reader:
    """Follows the account from event to event."""

    def __init__(self) -> None:
        self.sessions: dict[object, _Session] = {}
        self.listeners: list[tuple[Listening, _Session]] = []
        self.started: list[SessionSetting] = []
        self.locks: list[AdvisoryLock] = []
        self.ways: list[_Way] = []
        self.is_entrusted = False
        self.begins_for_driver = False

    def take(self, event: Event) -> None:
        match event:
            case Started(setting=setting):
                self.started.append(setting)
            case Listening(connection=connection):
                self.listeners.append((event, self.session(connection)))
            case Began(connection=connection):
                session = self.session(connection)
                session.is_begun = session.is_own = True
            case Isolated(connection=connection, level=level):
                self.session(connection).level = level
            case Executed(connection=connection, text=text, span=span):
                session = self.session(connection)
                if text.upper().startswith("BEGIN"):
                    self.begins_for_driver |= any(
                        each is session and one.event == "begin" for one, each in self.listeners
                    )
                for function in advisory_locks(text):
                    is_waiting = not function.startswith("pg_try_")
                    self.locks.append(AdvisoryLock(function, span, is_waiting, not session.is_autocommit))
                session.execute(event)
            case Ended(connection=connection, is_committed=is_committed):
                session = self.session(connection)
                session.end(event)
                for way in self.ways:
                    if way.session is session and is_committed:
                        way.opening.clear()
                        way.begun_by = None
                        way.is_entrusted |= way.ran is not None
            case Configured():
                self.ways.append(self.way(event))
            case Entrusted():
                self.is_entrusted = True
                for way in self.ways:
                    way.is_entrusted = True
            case Ran() if self.ways:
                way = self.ways[-1]
                way.ran, way.settings = event, self.settings(way.session)
                way.is_entrusted |= way.session.is_own

    def session(self, connection: Value) -> _Session:
        if connection is None and self.ways:
            return self.ways[-1].session
        if connection not in self.sessions:
            level = connection.engine.isolation_level if isinstance(connection, ConnectionValue) else None
            self.sessions[connection] = _Session(level)
        return self.sessions[connection]

    def way(self, event: Configured) -> _Way:
        session = self.session(event.connection) if event.connection is not None else _Session()
        # who listens to that event is handed the connection itself, not that of the driver
        heard = [each for listening, each in self.listeners if listening.event == "engine_connect" and each.is_begun]
        pending = [each for one in (session, *heard) for each in one.pending.values()]
        is_owned = session.is_own or session.is_autocommit
        begun_by = next((each.begun_by for each in (session, *heard) if each.begun_by), None)
        is_external = session.is_begun or bool(heard)
        opening = pending if is_external and not is_owned else []
        return _Way(event, session, is_external, opening, None if is_owned else begun_by, self.is_entrusted)

    def settings(self, session: _Session) -> tuple[SessionSetting, ...]:
        """What is set on a connection by now, in order."""
        found = [*self.started]
        engine: EngineValue | None = None
        for connection, each in self.sessions.items():
            if each is session and isinstance(connection, ConnectionValue):
                engine = connection.engine
                found += engine.settings
        for listening, each in self.listeners:
            if listening.engine is not None and engine is not None and _are_two(listening.engine, engine):
                continue
            set_there = (*each.kept.values(), *each.pending.values())
            found += [replace(one, is_repeated=listening.event == "begin") for one in set_there]
        return (*found, *session.kept.values(), *session.pending.values())


def _are_two(one: EngineValue, other: EngineValue) -> bool:
    """Whether two engines are certainly not one."""
    return one is not other and one.is_made and other.is_made


def running(account: Sequence[Event], target: Target) -> Running:
    """What the account of env.py tells of how revisions run."""
    reader = _Reader()
    for event in account:
        reader.take(event)
    ran = [each for each in reader.ways if each.settings is not None]
    opened = [each for each in ran if isinstance(each.configured.connection, ConnectionValue)]
    ways = opened or ran or reader.ways
    if not ways:
        return Running(advisory_locks=tuple(reader.locks))
    way = ways[-1]
    modes = {each.mode(target) for each in ways}
    return Running(
        way.mode(target),
        len(modes) == 1 and way.is_known(target),
        way.configured.span,
        tuple(replace(each, is_in_transaction=each not in way.opening) for each in way.settings or ()),
        tuple(reader.locks),
        way.session.is_autocommit,
        reader.begins_for_driver,
        is_in_transaction=any(each.is_external and not each.session.is_autocommit for each in ways),
        uncommitted=next((found for each in opened if (found := each.uncommitted(target))), None),
        is_handed_connection=not any(isinstance(each.configured.connection, ConnectionValue) for each in reader.ways),
    )
