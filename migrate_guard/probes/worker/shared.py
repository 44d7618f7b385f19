"""What a statement must not do on a server that others use too: change what is not in the scratch database."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .own import are_ours

_BEYOND = {
    "postgresql": re.compile(
        r"\s*(?:(?:CREATE|DROP|ALTER)\s+(?:DATABASE|GROUP|ROLE|TABLESPACE|USER(?!\s+MAPPING))|ALTER\s+SYSTEM)\b",
        re.IGNORECASE,
    ),
    "mysql": re.compile(
        r"\s*(?:(?:CREATE|DROP|ALTER)\s+(?:DATABASE|ROLE|SCHEMA|USER)|USE|SET\s+GLOBAL)\b", re.IGNORECASE
    ),
}
"""Statements about objects that all databases of a server share (PostgreSQL, 23.1 Overview: databases, roles and
tablespaces; MySQL, 15.1.12: a schema is a database)."""


class Beyond(Exception):
    """A statement that would change more than the scratch database."""


def watch_statements(dialect: str, tell: Callable[[Exception], Exception]) -> None:
    """Let SQLAlchemy's cursors refuse statements that reach beyond their database."""
    beyond = _BEYOND.get(dialect)
    if beyond is None:
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def before_cursor_execute(_connection: object, _cursor: object, statement: str, *_: Any) -> None:
        found = beyond.match(statement)
        if found is not None and not are_ours():
            raise tell(
                Beyond(
                    f"refused {' '.join(found[0].split()).upper()}: it would change the server of --scratch-url beyond"
                    " the scratch database. Leave --scratch-url out for a server of its own, where it may"
                )
            )

    event.listen(Engine, "before_cursor_execute", before_cursor_execute)
