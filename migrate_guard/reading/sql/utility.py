"""Utility statements, which define no object: locks, maintenance, copies, transactions and what they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.reading.sql.cursor import Cursor
from migrate_guard.reading.sql.other_objects import comment, privileges
from migrate_guard.reading.sql.raw import raw


def _lock(cursor: Cursor) -> Iterator[Operation]:
    cursor.take_any("TABLE", "TABLES")
    cursor.listed(cursor.table) if not cursor.is_mysql else _locked_by_mysql(cursor)
    if cursor.take("IN"):
        first, last = cursor.skip_until("MODE")
        cursor.options.add(" ".join(word.keyword for word in cursor.words[first:last]))
        cursor.take("MODE")
    cursor.note("NOWAIT")
    yield raw(cursor, "LOCK TABLE")


def _locked_by_mysql(cursor: Cursor) -> None:
    for first, last in cursor.items():
        with cursor.within(first, last):
            cursor.table()


def _mysql_maintenance(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
    def read(cursor: Cursor) -> Iterator[Operation]:
        cursor.take_any("NO_WRITE_TO_BINLOG", "LOCAL")
        cursor.expect("TABLE")
        cursor.listed(cursor.table)
        yield raw(cursor, f"{kind} TABLE")

    return read


def _truncate(cursor: Cursor) -> Iterator[Operation]:
    cursor.take("TABLE")
    cursor.listed(cursor.table)
    while cursor.note("RESTART IDENTITY", "CONTINUE IDENTITY", "CASCADE", "RESTRICT"):
        pass
    yield raw(cursor, "TRUNCATE")


def _copy(cursor: Cursor) -> Iterator[Operation]:
    if cursor.is_at("("):
        yield raw(cursor, "COPY", cursor.query_tables(*cursor.skip_group()))
        return
    cursor.table()
    if cursor.is_at("("):
        cursor.skip_group()
    cursor.note("FROM", "TO")
    yield raw(cursor, "COPY")


def _maintenance(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
    """VACUUM, ANALYZE and their like: options, with or without parentheses, and then tables or nothing."""

    def read(cursor: Cursor) -> Iterator[Operation]:
        is_full = False
        if cursor.is_at("("):
            first, last = cursor.skip_group()
            is_full = any(word.keyword == "FULL" for word in cursor.words[first:last])
            cursor.options |= {"ANALYZE"} & {word.keyword for word in cursor.words[first:last]}
        while (option := cursor.take_any("FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE", "TABLE")) is not None:
            is_full = is_full or option == "FULL"
        if not cursor.is_done and cursor.dialect != "sqlite":
            cursor.listed(lambda: _analyzed(cursor))
        yield raw(cursor, f"{kind} FULL" if is_full else kind)

    return read


def _analyzed(cursor: Cursor) -> None:
    cursor.table()
    if cursor.is_at("("):
        cursor.skip_group()


def _cluster(cursor: Cursor) -> Iterator[Operation]:
    if cursor.is_at("("):
        cursor.skip_group()
    cursor.take("VERBOSE")
    objects: tuple[QualifiedName, ...] = ()
    if not cursor.is_done:
        # CLUSTER t USING i; before that it was CLUSTER i ON t.
        if cursor.keyword(1) == "ON":
            objects = (QualifiedName(cursor.name("index name")),)
            cursor.take("ON")
        cursor.table()
        if cursor.take("USING"):
            objects = (QualifiedName(cursor.name("index name")),)
    yield raw(cursor, "CLUSTER", objects=objects)


_OFF = frozenset({"FALSE", "OFF", "0"})


def _reindex(cursor: Cursor) -> Iterator[Operation]:
    concurrently = False
    if cursor.is_at("("):
        first, last = cursor.skip_group()
        given = [word.text.upper() for word in cursor.words[first:last]]
        pairs = zip(given, [*given[1:], ""], strict=True)
        concurrently = any(name == "CONCURRENTLY" and value not in _OFF for name, value in pairs)
    thing = cursor.take_any("INDEX", "TABLE", "SCHEMA", "DATABASE", "SYSTEM")
    concurrently = cursor.take("CONCURRENTLY") or concurrently
    objects: tuple[QualifiedName, ...] = ()
    if thing == "TABLE":
        cursor.table()
    elif thing in ("INDEX", "SCHEMA"):
        objects = (cursor.qualified(),)
    kind = " ".join(filter(None, ("REINDEX", thing, "CONCURRENTLY" if concurrently else None)))
    yield raw(cursor, kind, objects=objects)


def _refresh(cursor: Cursor) -> Iterator[Operation]:
    cursor.expect("MATERIALIZED", "VIEW")
    concurrently = cursor.take("CONCURRENTLY")
    view = cursor.qualified("view name")
    cursor.note("WITH NO DATA")
    yield raw(cursor, f"REFRESH MATERIALIZED VIEW{' CONCURRENTLY' if concurrently else ''}", [view])


def _explain(cursor: Cursor) -> Iterator[Operation]:
    """EXPLAIN of a query, which is planned only; with ANALYZE it runs."""
    runs = any(word.keyword in ("ANALYZE", "ANALYSE") for word in cursor.words)
    if cursor.is_at("("):
        cursor.skip_group()
    cursor.take("VERBOSE")
    yield _planned(cursor, "EXPLAIN", is_planned=not runs)


def _prepare(cursor: Cursor) -> Iterator[Operation]:
    cursor.skip_until("AS")
    is_planned = cursor.take("AS")
    yield _planned(cursor, "PREPARE", is_planned=is_planned)


def _planned(cursor: Cursor, kind: str, *, is_planned: bool) -> Operation:
    if is_planned and cursor.is_at("SELECT"):
        cursor.options.add("PLANNED")
        return raw(cursor, kind, cursor.query_tables(cursor.at, cursor.end))
    return raw(cursor, kind)


def _simple(kind: str) -> Callable[[Cursor], Iterator[Operation]]:
    def read(cursor: Cursor) -> Iterator[Operation]:
        yield raw(cursor, kind)

    return read


_SIMPLE = (
    "CALL",
    "BEGIN",
    "START TRANSACTION",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "SAVEPOINT",
    "RELEASE",
    "PREPARE TRANSACTION",
    "EXECUTE",
    "DEALLOCATE",
    "DECLARE",
    "FETCH",
    "MOVE",
    "CLOSE",
    "LISTEN",
    "NOTIFY",
    "UNLISTEN",
    "LOAD",
    "DISCARD",
    "CHECKPOINT",
    "SHOW",
    "REASSIGN OWNED",
    "DROP OWNED",
    "SECURITY LABEL",
    "IMPORT FOREIGN SCHEMA",
    "ATTACH",
    "DETACH",
    "UNLOCK TABLES",
    "USE",
    "FLUSH",
    "KILL",
    "DESCRIBE",
    "DESC",
)
UTILITY_READERS: dict[str, Callable[[Cursor], Iterator[Operation]]] = {
    **{kind: _simple(kind) for kind in _SIMPLE},
    "EXPLAIN": _explain,
    "PREPARE": _prepare,
    "COMMENT": comment,
    "GRANT": privileges("GRANT"),
    "REVOKE": privileges("REVOKE"),
    "LOCK": _lock,
    "TRUNCATE": _truncate,
    "COPY": _copy,
    "VACUUM": _maintenance("VACUUM"),
    "ANALYZE": _maintenance("ANALYZE"),
    "ANALYSE": _maintenance("ANALYZE"),
    "CLUSTER": _cluster,
    "REINDEX": _reindex,
    "REFRESH": _refresh,
    **{kind: _mysql_maintenance(kind) for kind in ("OPTIMIZE", "REPAIR", "CHECK")},
}
"""How statements that change no object of a schema begin, and what reads them from there on."""
