"""Follow the statements that a script sends to PostgreSQL: the locks of each, what it stores anew and what it reads.

Before and after a statement the session that runs it is asked itself, within its transaction. A statement that would
be a transaction of its own is put into one, where it may run there; else another session looks on.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from . import observing
from .connections import run
from .cursors import watch_cursors
from .holding import Holding
from .own import are_ours

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import ExceptionContext

_HEAD = r"\A(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_SETTING = re.compile(
    _HEAD + r"(?:SET|RESET|SHOW|BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE)\b", re.IGNORECASE | re.DOTALL
)
"""They lock nothing, and some have to come before anything else in a transaction: nothing is asked around them."""
_CAN_BE_IN_BLOCK = re.compile(
    _HEAD + r"(?:ALTER (?:TABLE|TYPE|INDEX|VIEW|SEQUENCE|DOMAIN)|CREATE (?:UNIQUE )?INDEX|CREATE (?:TABLE|VIEW|TYPE)"
    r"|DROP (?:TABLE|INDEX|VIEW|TYPE)|COMMENT|INSERT|UPDATE|DELETE|SELECT|WITH|TRUNCATE|REFRESH|REINDEX)\b",
    re.IGNORECASE | re.DOTALL,
)
_CANNOT = re.compile(
    r"(?<!VIEW )\bCONCURRENTLY\b|;\s*\S|\bREINDEX (?:\([^)]*\) *)?(?:SCHEMA|DATABASE|SYSTEM)\b", re.IGNORECASE
)
"""REFRESH MATERIALIZED VIEW CONCURRENTLY can. A text of several statements is left as it is."""
_TRUNCATE = re.compile(r"\bTRUNCATE\b", re.IGNORECASE)
"""It makes new files, of no rows."""
_OF_CATALOGUE = re.compile(_HEAD + r"SELECT\b.*\bpg_catalog\b", re.IGNORECASE | re.DOTALL)
"""As SQLAlchemy asks whether something is there."""


class Traced(NamedTuple):
    """A statement, and what was seen of it; relations are those that were there before the script ran."""

    sql: str
    line: int
    milliseconds: float
    in_transaction: bool
    held: dict[str, str]
    """The strongest lock on each relation that its transaction had before."""
    locks: dict[str, str] | None
    """The strongest lock on each relation that came with it; None where none could be seen."""
    is_exact: bool
    """Else it may have had more locks than were seen."""
    rewrites: Sequence[str]
    scans: Sequence[str] | None
    has_failed: bool


class _Running(NamedTuple):
    """A statement that has not come back yet."""

    sql: str
    line: int
    begun: float
    session: observing.Session | None = None
    """None: nothing is asked about it."""
    in_transaction: bool = True
    is_wrapped: bool = False
    relations: observing.Relations = {}  # noqa: RUF012 - a NamedTuple shares its defaults, and nobody writes into this one
    locks: observing.Locks = frozenset()
    holding: Holding | None = None

    @property
    def in_block(self) -> bool:
        return self.in_transaction or self.is_wrapped


class Tracing:
    """Listens to the statements of all engines while a script is followed."""

    def __init__(self, databases: Callable[[], Sequence[str]]) -> None:
        """Start to listen; before there are connections, which only have the listeners that they were made with."""
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        self._databases = databases
        self._script = ""
        self._rows: dict[str, dict[int, int]] = {}
        """What was there before the script, for each database."""
        self._running: _Running | None = None
        self._traced: list[Traced] = []
        self._there: set[str] = set()
        """The names of what was there before the script."""
        self._is_whole = False
        """The script came to its end."""
        self._has_unseen = False
        """It has asked for a cursor of the driver, whose statements nobody tells of."""
        event.listen(Engine, "before_cursor_execute", self._before)
        event.listen(Engine, "after_cursor_execute", self._after)
        event.listen(Engine, "handle_error", self._failed)

        watch_cursors(self._note_unseen)

    def _note_unseen(self) -> None:
        if self._script and not are_ours() and self._line():
            self._has_unseen = True

    @contextmanager
    def following(self, script: str, version_table: str) -> Iterator[None]:
        """Follow what this script sends, and what it does to all but the version table."""
        if self._is_whole:
            # once is enough: a second attempt is made without rows
            yield
            return
        self._rows = {
            each: run(each, lambda connection: observing.counted(connection, version_table))
            for each in self._databases()
        }
        self._traced, self._there, self._script = [], set(), os.path.realpath(script)
        self._is_whole = self._has_unseen = False
        try:
            yield
            self._is_whole = True
        finally:
            self._script = ""

    def taken(self) -> dict[str, Any]:
        """What the script that was followed last has sent, and whether it came to its end; forgotten then."""
        told: dict[str, Any] = {
            "is_whole": self._is_whole and not self._has_unseen,
            "statements": [each._asdict() for each in self._traced],
        }
        told["there"] = sorted(self._there)
        self._traced, self._is_whole = [], False
        return told

    def _before(self, connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if are_ours():
            return
        self._running = None
        line = self._line() if self._script else 0
        if not line or connection.dialect.name != "postgresql" or _OF_CATALOGUE.match(statement):
            return
        asked = None if _SETTING.match(statement) else self._asked(connection, statement, line)
        running = asked or _Running(statement, line, 0.0)
        self._running = running._replace(begun=time.perf_counter())

    def _asked(self, connection: Connection, statement: str, line: int) -> _Running | None:
        """What is there before a statement; None where nothing can be asked, as in a transaction that has failed."""
        with suppress(_errors(connection)):
            cursor = _cursor(connection)
            session = observing.session(cursor)
            in_transaction = session.transaction == observing.session(cursor).transaction
            is_wrapped = not in_transaction and _can_be_in_block(statement)
            if is_wrapped:
                cursor.execute("BEGIN")
            in_block = in_transaction or is_wrapped
            relations = observing.relations(cursor, in_block=in_block)
            locks = observing.locks(cursor) if in_block else frozenset()
            cursor.close()
            holding = None
            if not in_block:
                holding = Holding(session.database, session.process, is_held_up="CONCURRENTLY" in statement.upper())
            return _Running(statement, line, 0.0, session, in_transaction, is_wrapped, relations, locks, holding)
        return None

    def _after(self, connection: Connection, *_: object) -> None:
        if are_ours() or self._running is None:
            return
        running, self._running = self._running, None
        milliseconds = 1000 * (time.perf_counter() - running.begun)
        if running.session is None:
            self._traced.append(_unseen(running, milliseconds))
            return
        cursor = _cursor(connection)
        locks = running.holding.end() if running.holding else observing.locks(cursor)
        relations = observing.relations(cursor, in_block=running.in_block)
        if running.is_wrapped:
            cursor.execute("COMMIT")
        cursor.close()
        self._traced.append(self._seen(running, milliseconds, locks, relations))

    def _failed(self, context: ExceptionContext) -> None:
        if are_ours() or self._running is None or context.connection is None:
            return
        running, self._running = self._running, None
        milliseconds = 1000 * (time.perf_counter() - running.begun)
        if running.holding:
            running.holding.end()
        if running.is_wrapped:
            with suppress(_errors(context.connection)):
                cursor = _cursor(context.connection)
                cursor.execute("ROLLBACK")
                cursor.close()
        self._traced.append(_unseen(running, milliseconds)._replace(has_failed=True))

    def _seen(
        self, running: _Running, milliseconds: float, locks: observing.Locks, relations: observing.Relations
    ) -> Traced:
        assert running.session is not None
        rows, before = self._rows.get(running.session.database, {}), running.relations
        there = [oid for oid in before if oid in rows]
        self._there.update(before[oid].name for oid in there)
        held, taken = _named(running.locks, before, rows), _named(locks - running.locks, before, rows)
        kept = [oid for oid in there if oid in relations]
        is_emptied = _TRUNCATE.search(running.sql) is not None
        rewrites = [
            before[oid].name for oid in kept if not is_emptied and relations[oid].storage != before[oid].storage
        ]
        scans = [before[oid].name for oid in kept if _is_read(before[oid], relations[oid], rows[oid])]
        has_reads = running.in_block or running.session.version >= observing.SHARED_STATISTICS
        return Traced(
            running.sql,
            running.line,
            round(milliseconds, 3),
            running.in_transaction,
            held,
            taken if running.in_block or taken else None,
            running.in_block,
            sorted(rewrites),
            sorted(scans) if has_reads else None,
            has_failed=False,
        )

    def _line(self) -> int:
        """The line of the script that is running, the innermost one; 0: none is."""
        frame = sys._getframe(1)  # noqa: SLF001 - as `inspect.currentframe`, without its doubts
        inner: Any = frame
        while inner is not None:
            if os.path.realpath(inner.f_code.co_filename) == self._script:
                return int(inner.f_lineno)
            inner = inner.f_back
        return 0


def _can_be_in_block(statement: str) -> bool:
    return _CAN_BE_IN_BLOCK.match(statement) is not None and _CANNOT.search(statement) is None


def _cursor(connection: Connection) -> Any:
    """A cursor of ours in the session that runs a statement; no listener hears of it."""
    dbapi_connection: Any = connection.connection.dbapi_connection
    return dbapi_connection.cursor()


def _errors(connection: Connection) -> type[Exception]:
    """The errors of the driver."""
    found: type[Exception] = connection.dialect.loaded_dbapi.Error
    return found


def _unseen(running: _Running, milliseconds: float) -> Traced:
    return Traced(
        running.sql,
        running.line,
        round(milliseconds, 3),
        running.in_transaction,
        {},
        {},
        True,
        [],
        [],
        has_failed=False,
    )


def _named(locks: observing.Locks, relations: observing.Relations, there: dict[int, int]) -> dict[str, str]:
    """The strongest lock on each relation, by its name."""
    modes: dict[str, list[str]] = {}
    for oid, mode in locks:
        if oid in there and oid in relations and mode in observing.MODES:
            modes.setdefault(relations[oid].name, []).append(mode)
    return {name: observing.strongest(each) for name, each in sorted(modes.items())}


def _is_read(before: observing.Relation, after: observing.Relation, rows: int) -> bool:
    """Whether every row was read, those that the transaction has deleted left aside."""
    return after.scans > before.scans and after.read - before.read >= rows - after.deleted
