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
from .clearing import clear as cleared
from .contents import Contents, Loss, Rows, lost
from .filling import Filled, Filling
from .seeds import SeedError, seed_files
from .shape import Table
from .statements import execute, query

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

__all__ = ["Contents", "Filled", "Loss", "Rows", "SeedError", "clear", "contents", "fill", "lost", "seed_files"]


def fill(connection: Connection, count: int, seed: int, version_table: str) -> Filled:
    """Top every table up to `count` rows that it takes; those that are there already count.

    A table in which some column is NULL everywhere gets as many again: the column may be newer than the rows.
    The same seed makes the same rows. With five rows a column shows a value twice, NULL where it may be, and more.
    """
    with _at_once(connection) as database:
        tables = _tables(database, version_table)
        if count <= 0 or not tables:
            return Filled({}, {}, {})
        return Filling(database, tables, count, seed).run()


def contents(connection: Connection, version_table: str) -> Contents:
    """Read the rows of all tables."""
    with _at_once(connection) as database:
        return reading.read(database, _tables(database, version_table))


def clear(connection: Connection, filled: Sequence[Filled], version_table: str) -> dict[str, str]:
    """Take generated rows away again, and return why the rows of a table cannot go."""
    with _at_once(connection) as database:
        return cleared(database, _tables(database, version_table), filled)


def _tables(database: Database, version_table: str) -> list[Table]:
    reads = {"postgresql": postgresql.read, "sqlite": sqlite.read, "mysql": mysql.read}
    return reads[database.dialect](database.connection, version_table)


@contextmanager
def _at_once(connection: Connection) -> Iterator[Database]:
    """Spare the wait for the disk after each statement, and see that SQLite keeps to foreign keys.

    PostgreSQL compiles a query of many parts for seconds when `jit` is on, and runs it in milliseconds when it is off.
    """
    database = Database(connection)
    if database.dialect == "postgresql":
        ((compiles, waits),) = query(connection, "SELECT current_setting('jit'), current_setting('synchronous_commit')")
        before, after = (
            ["SET jit = off", "SET synchronous_commit = off"],
            [
                f"SET jit = {compiles}",
                f"SET synchronous_commit = {waits}",
            ],
        )
    elif database.dialect == "sqlite":
        ((keeps,),) = query(connection, "PRAGMA foreign_keys")
        before, after = ["PRAGMA foreign_keys = ON", "BEGIN"], ["COMMIT", f"PRAGMA foreign_keys = {keeps}"]
    else:
        before, after = ["BEGIN"], ["COMMIT"]
    for statement in before:
        execute(connection, statement)
    yield database
    for statement in after:
        execute(connection, statement)
