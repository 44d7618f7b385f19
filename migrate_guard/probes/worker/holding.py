"""Look at the locks of a statement that gives them back at its end: from another session, while it runs.

What waits for running transactions at some point, as everything CONCURRENTLY does, is held up there by a transaction
that has a weak lock on every table, until its locks were seen. What waits for nobody can be missed.
"""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

from . import observing
from .connections import run

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PATIENCE = 5.0
"""Seconds until the looker on has to be there."""
_PAUSE = 0.001

_HOLD = """DO $$ BEGIN EXECUTE (
    SELECT coalesce('LOCK TABLE ONLY ' || string_agg(c.oid::regclass::text, ', ONLY ') || ' IN ROW EXCLUSIVE MODE',
        'SELECT 1')
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
); END $$"""
"""The mode that CREATE INDEX CONCURRENTLY waits for (manual, CREATE INDEX), and that it does not exclude itself."""


class Holding:
    """A session that looks on while another one runs a statement."""

    def __init__(self, database: str, process: int, *, is_held_up: bool) -> None:
        self.seen: observing.Locks = frozenset()
        self._process, self._is_held_up = process, is_held_up
        self._is_there, self._has_ended = Event(), Event()
        self._thread = Thread(target=self._run, args=(database,), daemon=True)
        self._thread.start()
        self._is_there.wait(_PATIENCE)

    def end(self) -> observing.Locks:
        """Return the locks that were seen, after the statement."""
        self._has_ended.set()
        self._thread.join(_PATIENCE)
        return self.seen

    def _run(self, database: str) -> None:
        try:
            # what is not seen is said to be that
            with suppress(DBAPIError):
                run(database, self._look)
        finally:
            self._is_there.set()

    def _look(self, connection: Connection) -> None:
        if self._is_held_up:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
            connection.exec_driver_sql(_HOLD)
        self._is_there.set()
        while not self._has_ended.is_set():
            # asked before: what waits now has the locks that are looked for then
            is_waiting = observing.is_waiting(connection, self._process)
            self.seen |= observing.locks_of(connection, self._process)
            if is_waiting and self._is_held_up:
                self._is_held_up = False
                connection.exec_driver_sql("COMMIT")
            time.sleep(_PAUSE)
