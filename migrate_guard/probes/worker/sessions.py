"""Whether what user code said to a session of the database outlives a step: then the next one needs another session."""

from __future__ import annotations

import re
from typing import Any

from .cursors import watch_cursors
from .own import are_ours

_OUTLIVES = re.compile(
    r"(?:\A|;)(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(?:SET|RESET|DISCARD|USE|PRAGMA|ATTACH|DETACH|PREPARE|DEALLOCATE|LISTEN|UNLISTEN|LOAD|DECLARE"
    r"|BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|LOCK|UNLOCK|FLUSH|HANDLER)\b"
    r"|\bset_config\b|\bTEMP(?:ORARY)?\b|_lock(?:_shared)?\s*\(|:=",
    re.IGNORECASE | re.DOTALL,
)
"""Settings, temporary tables, locks of the session, prepared statements, cursors, variables and transactions: what
DISCARD ALL ends (PostgreSQL), a session's end (MySQL, 7.1.10) or closing a connection (SQLite: PRAGMA, ATTACH).
Too much of it costs a new session, no more."""


class Sessions:
    """Listens to what user code says to the database."""

    def __init__(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        self.said = 0
        """How many statements user code, or Alembic for it, has sent."""
        self.is_marked = False
        """Something of a session has been changed since this was last set to False."""
        event.listen(Engine, "before_cursor_execute", self._before_cursor_execute)
        watch_cursors(self._mark)

    def _before_cursor_execute(self, _connection: object, _cursor: object, statement: str, *_: Any) -> None:
        if not are_ours():
            self.said += 1
            self.is_marked = self.is_marked or _OUTLIVES.search(statement) is not None

    def _mark(self) -> None:
        self.is_marked = True
