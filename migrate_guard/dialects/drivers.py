"""What the drivers of databases do with the text that they are handed.

Tried on asyncpg 0.31 and psycopg 3.3 (SQLAlchemy 2.0.58 and 2.1.9), PyMySQL and sqlite3: what follows a semicolon is
refused, be it one statement more; a semicolon at the end, comments, and the body of a DO or a function are fine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from migrate_guard.model.target import DialectName, Target

_OWN: Final[Mapping[DialectName, str]] = {"sqlite": "pysqlite", "postgresql": "psycopg2"}
"""The driver of a URL without one."""
_ONE_ONLY: Final = frozenset({"asyncpg", "pymysql", "aiomysql", "asyncmy", "pysqlite", "aiosqlite"})
_PREPARING: Final = frozenset({"psycopg", "psycopg_async"})
"""They send a text with bound values as a prepared statement."""


def takes_one_statement(target: Target, *, has_parameters: bool) -> str | None:
    """The name of the driver, where it refuses a text of several statements; None where it takes it."""
    driver = target.driver or _OWN.get(target.dialect)
    if driver in _ONE_ONLY or (driver in _PREPARING and has_parameters):
        return {"pysqlite": "sqlite3"}.get(driver, driver) + (" with bound values" if driver in _PREPARING else "")
    return None
