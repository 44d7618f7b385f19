"""What a session of PostgreSQL holds, has stored anew and has read, asked of the server.

Locks: pg_locks (manual, 54.12); storage: pg_class.relfilenode; reads: the functions behind pg_stat_xact_all_tables and
pg_stat_all_tables (manual, 27.2.3). They lock nothing but catalogues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import Connection

_TABLES = "'r', 'p', 'v', 'm', 'S', 'f'"

_SESSION = """SELECT pg_backend_pid(), current_database(), current_setting('server_version_num')::int,
    (SELECT virtualtransaction FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'virtualxid' LIMIT 1)"""

_RELATIONS = f"""SELECT c.oid::bigint, CASE WHEN pg_table_is_visible(c.oid) THEN '' ELSE nspname END, relname::text,
    CASE WHEN relkind IN ('r', 'm') THEN relfilenode ELSE 0 END::bigint, {{}}
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ({_TABLES}) AND nspname !~ '^pg_' AND nspname <> 'information_schema'"""
"""What lies in pg_temp and pg_toast is left out: nobody else uses it."""

_OF_TRANSACTION = """pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_tuples_returned(c.oid),
    pg_stat_get_xact_tuples_deleted(c.oid)"""
_OF_ALL = """pg_stat_get_numscans(c.oid) + pg_stat_get_xact_numscans(c.oid),
    pg_stat_get_tuples_returned(c.oid) + pg_stat_get_xact_tuples_returned(c.oid), 0"""
"""What a session has not yet handed over is added to what it has; both are exact from 15 on, which shares memory."""
SHARED_STATISTICS = 150000

_THERE = f"""SELECT c.oid::bigint, relname::text, quote_ident(nspname) || '.' || quote_ident(relname),
    relkind = 'r' OR relkind = 'm' AND relispopulated
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ({_TABLES}) AND nspname !~ '^pg_' AND nspname <> 'information_schema'"""

_LOCKS = "SELECT relation::bigint, mode FROM pg_locks WHERE pid = {} AND locktype = 'relation'"
_WAITS = "SELECT count(*) FROM pg_locks WHERE pid = {} AND NOT granted"

MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
"""From the weakest to the strongest (storage/lockdefs.h)."""


class Session(NamedTuple):
    """Which session it is, and in which transaction."""

    process: int
    database: str
    version: int
    transaction: str


class Relation(NamedTuple):
    """A table, view or sequence as the session sees it, and what has been done with it."""

    name: str
    """With its schema where that is not on the search path."""
    storage: int
    """The number of its file; 0 for what has no rows of its own, and for a sequence."""
    scans: int
    read: int
    """Rows that scans have returned."""
    deleted: int


Relations = Mapping[int, Relation]
Locks = frozenset[tuple[int, str]]
"""Relations and the modes in which they are locked."""


def session(cursor: Any) -> Session:
    """Ask which session has this cursor."""
    cursor.execute(_SESSION)
    process, database, version, transaction = cursor.fetchone()
    return Session(int(process), str(database), int(version), str(transaction))


def relations(cursor: Any, *, in_block: bool) -> Relations:
    """Ask for every relation that the session sees; what was read is that of its transaction, or of all sessions."""
    cursor.execute(_RELATIONS.format(_OF_TRANSACTION if in_block else _OF_ALL))
    return {
        int(oid): Relation(f"{schema}.{name}" if schema else name, storage, scans, read, deleted)
        for oid, schema, name, storage, scans, read, deleted in cursor.fetchall()
    }


def locks(cursor: Any) -> Locks:
    """Ask for the locks of the session itself."""
    cursor.execute(_LOCKS.format("pg_backend_pid()"))
    return frozenset((int(oid), mode) for oid, mode in cursor.fetchall())


def strongest(modes: Iterable[str]) -> str:
    """The strongest of some modes, by its name in pg_locks."""
    return max(modes, key=MODES.index)


def counted(connection: Connection, version_table: str) -> dict[int, int]:
    """The rows of every table and view that is there but the version table; 0 for what holds none of its own."""
    found = [each for each in connection.exec_driver_sql(_THERE) if each[1] != version_table]
    rows = dict.fromkeys((int(oid) for oid, *_ in found), 0)
    stored = [f"SELECT {int(oid)}, count(*) FROM {name}" for oid, _, name, has_rows in found if has_rows]
    if stored:
        rows.update((oid, count) for oid, count in connection.exec_driver_sql(" UNION ALL ".join(stored)))
    if (connection.dialect.server_version_info or (0,)) >= (15,):
        # what this session has read, here and before, counts now and not while a statement is looked at
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    return rows


def locks_of(connection: Connection, process: int) -> Locks:
    """The locks that another session has or waits for."""
    return frozenset((int(oid), mode) for oid, mode in connection.exec_driver_sql(_LOCKS.format(process)))


def is_waiting(connection: Connection, process: int) -> bool:
    """Say whether another session waits for a lock."""
    return bool(connection.exec_driver_sql(_WAITS.format(process)).scalar())
