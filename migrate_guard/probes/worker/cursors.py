"""Notice who sends statements past SQLAlchemy, by a cursor of the driver: no event tells of them."""

from __future__ import annotations

import sys
from typing import Any, Callable


def watch_cursors(asked: Callable[[], None]) -> None:
    """Call `asked` where a connection of a pool is asked for a cursor, or for the driver's connection behind it.

    SQLAlchemy does so itself for each statement that it executes, which does not count.
    """
    from sqlalchemy.pool.base import _ConnectionFairy

    fairy: Any = _ConnectionFairy
    cursor, behind = fairy.cursor, fairy.driver_connection.fget

    def noted_cursor(connection: object, *args: Any, **kwargs: Any) -> Any:
        if _asks_by_itself():
            asked()
        return cursor(connection, *args, **kwargs)

    def noted_behind(connection: object) -> Any:
        if _asks_by_itself():
            asked()
        return behind(connection)

    fairy.cursor = noted_cursor
    fairy.driver_connection = property(noted_behind)


def _asks_by_itself() -> bool:
    """Whether it is not SQLAlchemy that has called what calls this."""
    asking = str(sys._getframe(2).f_globals.get("__name__", ""))  # noqa: SLF001 - `inspect.stack` reads files
    return not asking.startswith("sqlalchemy.")
