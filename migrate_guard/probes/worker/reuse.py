"""Connections of user code that are used again: a new one is most of what a run of env.py costs.

PostgreSQL forks a process for every connection, which then learns the catalogue anew; the connections of psycopg 3 are
written in Python, so that one that was closed can be handed out again as if it were new.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

_SETTINGS = "SELECT coalesce(string_agg(each::text, ' ' ORDER BY each::text), '') FROM pg_db_role_setting AS each"
"""What ALTER DATABASE and ALTER ROLE have set for the sessions to come (PostgreSQL, 51.13)."""


_MOST = 8
"""Connections that wait at once; the server has places for a hundred."""


class Kept:
    """The connections that user code has closed, by the arguments they were opened with."""

    def __init__(self) -> None:
        self._idle: dict[Hashable, list[Any]] = {}

    def connect(self, opened: Callable[[], Any], receiver: object, arguments: Mapping[str, Any]) -> Any:
        """Return a connection that was opened with the same arguments and closed, else what `opened` returns."""
        # The adapters of a context are set anew each time: SQLAlchemy makes some for each engine.
        key = receiver, repr(sorted((name, each) for name, each in arguments.items() if name != "context"))
        idle = self._idle.get(key)
        if idle:
            return _adapted(idle.pop(), arguments.get("context"))
        connection = opened()
        close = connection.close
        settings = _ask(connection, _SETTINGS)
        autocommit = connection.autocommit
        factories = connection.row_factory, connection.cursor_factory, connection.server_cursor_factory
        threshold = connection.prepare_threshold, connection.prepared_max

        def give_back() -> None:
            is_full = sum(map(len, self._idle.values())) >= _MOST
            if is_full or not _reset(connection) or _ask(connection, _SETTINGS) != settings:
                close()
                return
            connection.autocommit = autocommit
            connection.row_factory, connection.cursor_factory, connection.server_cursor_factory = factories
            connection.prepare_threshold, connection.prepared_max = threshold
            self._idle.setdefault(key, []).append(connection)

        connection.close = give_back
        connection.close_for_good = close
        return connection

    def forget(self) -> None:
        """Close them all: their database is about to go, or to be copied."""
        for each in (connection for idle in self._idle.values() for connection in idle):
            each.close_for_good()
        self._idle.clear()


def _adapted(connection: Any, context: Any) -> Any:
    """As `Connection.connect` does with a context."""
    from psycopg.adapt import AdaptersMap

    connection._adapters = AdaptersMap(context.adapters) if context is not None else None  # noqa: SLF001
    return connection


def _reset(connection: Any) -> bool:
    """Make a session what it was at its beginning (PostgreSQL: DISCARD ALL); False where that cannot be."""
    from psycopg import Error

    if connection.closed or connection.broken:
        return False
    try:
        connection.rollback()
        connection.isolation_level = connection.read_only = connection.deferrable = None
        connection.autocommit = True
        connection.execute("DISCARD ALL")
    except Error:
        return False
    connection._notice_handlers.clear()  # noqa: SLF001 - what is registered for a connection goes with it
    connection._notify_handlers.clear()  # noqa: SLF001
    return True


def _ask(connection: Any, query: str) -> Any:
    """Ask without a trace in the session."""
    return connection.pgconn.exec_(query.encode()).get_value(0, 0)
