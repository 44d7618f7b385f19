"""Rows for the tables of a scratch database: made before an upgrade, looked at again after a downgrade.

PostgreSQL 12 to 18, SQLite, MySQL and MariaDB, over any driver: SQL goes as text without parameters, on a connection
that commits every statement.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import contents as reading
from . import mysql, postgresql, sqlite
from .asking import Database
from .contents import Contents, Loss, Rows, lost
from .filling import Filled, Filling
from .seeds import SeedError, seed_files
from .shape import Table
from .statements import execute, query

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = [
    "Contents",
    "Filled",
    "Loss",
    "Rows",
    "SeedError",
    "Table",
    "contents",
    "fill",
    "lost",
    "seed_files",
    "tables",
]


def tables(connection: Connection, version_table: str) -> Sequence[Table]:
    """Read which tables there are, and what their rows must be like."""
    database = Database(connection)
    reads = {"postgresql": postgresql.read, "sqlite": sqlite.read, "mysql": mysql.read}
    return reads[database.dialect](connection, version_table)


def fill(connection: Connection, tables: Sequence[Table], count: int, seed: int) -> Filled:
    """Top every table up to `count` rows that it takes; those that are there already count.

    A table in which some column is NULL everywhere gets as many again: the column may be newer than the rows.
    The same seed makes the same rows. With five rows a column shows a value twice, NULL where it may be, and more.
    """
    if count <= 0 or not tables:
        return Filled({}, {})
    with _at_once(connection) as database:
        return Filling(database, tables, count, seed).run()


def contents(connection: Connection, tables: Sequence[Table]) -> Contents:
    """Read the rows of tables."""
    with _at_once(connection) as database:
        return reading.read(database, tables)


@contextmanager
def _at_once(connection: Connection) -> Iterator[Database]:
    """Spare the wait for the disk after each statement, and see that SQLite keeps to foreign keys."""
    database = Database(connection)
    before, after = ["BEGIN"], ["COMMIT"]
    if database.dialect == "postgresql":
        # It is told not to wait where the connection is opened.
        before, after = [], []
    elif database.dialect == "sqlite":
        ((keeps,),) = query(connection, "PRAGMA foreign_keys")
        before, after = ["PRAGMA foreign_keys = ON", "BEGIN"], ["COMMIT", f"PRAGMA foreign_keys = {keeps}"]
    for statement in before:
        execute(connection, statement)
    yield database
    for statement in after:
        execute(connection, statement)
