"""The tables of a SQLite database, by its PRAGMA functions (from 3.26, that of hidden columns)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .expressions import checks, names
from .shape import Check, Column, Key, Reference, Table, Type
from .statements import identifier, query

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_TABLES = r"""
SELECT name, sql FROM sqlite_master m WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND sql NOT LIKE 'CREATE VIRTUAL%'
  AND NOT EXISTS (SELECT 1 FROM sqlite_master v WHERE v.sql LIKE 'CREATE VIRTUAL%'
                  AND substr(m.name, 1, length(v.name) + 1) = v.name || '_')
ORDER BY name
"""
_COLUMNS = """
SELECT m.name, x.name, x.type, x."notnull", x.pk, x.hidden
FROM sqlite_master m, pragma_table_xinfo(m.name) x WHERE m.type = 'table' ORDER BY m.name, x.cid
"""
_REFERENCES = """
SELECT m.name, f.id, f."table", f."from", f."to"
FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq
"""
_KEYS = """
SELECT m.name, l.name, i.name, d.sql
FROM sqlite_master m, pragma_index_list(m.name) l, pragma_index_xinfo(l.name) i
LEFT JOIN sqlite_master d ON d.name = l.name AND d.type = 'index'
WHERE m.type = 'table' AND l."unique" AND i.key ORDER BY m.name, l.name, i.seqno
"""
_SIZE = re.compile(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")


def read(connection: Connection, version_table: str) -> list[Table]:
    """Return every table, without virtual ones and those that they keep their data in."""
    columns: dict[str, list[tuple[object, ...]]] = {}
    for table, *column in query(connection, _COLUMNS):
        columns.setdefault(str(table), []).append(tuple(column))
    references = _references(connection, columns)
    keys = _keys(connection, columns)
    return [
        _table(str(name), str(sql), columns[str(name)], references.get(str(name), []), keys.get(str(name), []))
        for name, sql in query(connection, _TABLES)
        if name != version_table
    ]


def _table(
    name: str, sql: str, columns: list[tuple[object, ...]], references: list[Reference], keys: list[Key]
) -> Table:
    every = tuple(str(column[0]) for column in columns)
    primary = tuple(str(column[0]) for column in sorted(columns, key=lambda one: int(str(one[3]))) if column[3])
    return Table(
        name=name,
        sql=identifier(name),
        columns=tuple(
            Column(str(column), declared(str(written)), not (filled or key))
            for column, written, filled, key, hidden in columns
            if not hidden
        ),
        primary_key=primary,
        keys=(*([Key(primary)] if primary else []), *(key for key in keys if key.columns != primary)),
        references=tuple(references),
        checks=tuple(Check(text, _about(text, every)) for text in checks(sql)),
        all_columns=every,
    )


def declared(text: str) -> Type:
    """Read the type that a column was declared with, as SQLAlchemy writes it; SQLite itself takes any value.

    Affinity: https://sqlite.org/datatype3.html, 3.1.
    """
    upper = text.upper()
    size = _SIZE.search(text)
    first = int(size[1]) if size else None
    scale = int(size[2] or 0) if size else None
    if upper.startswith("BOOL"):
        return Type("boolean", text)
    if "INT" in upper:
        bits = 15 if "SMALL" in upper else 63
        return Type("integer", text, low=-(1 << bits), high=(1 << bits) - 1)
    if upper in ("CHAR(32)", "CHAR(36)"):
        # how SQLAlchemy keeps a Uuid
        return Type("hex" if first == 32 else "uuid", text)
    if any(part in upper for part in ("CHAR", "CLOB", "TEXT", "ENUM")):
        return Type("text", text, length=first)
    if "JSON" in upper:
        return Type("json", text)
    if not upper or "BLOB" in upper or "BINARY" in upper:
        return Type("bytes", text, length=first)
    if "TIMESTAMP" in upper or "DATETIME" in upper:
        return Type("timestamp", text)
    if upper in ("DATE", "TIME"):
        return Type(upper.lower(), text)
    if any(part in upper for part in ("REAL", "FLOA", "DOUB")):
        return Type("float", text)
    return Type("numeric", text, precision=min(first, 15) if first else None, scale=scale)


def _about(expression: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    named = {name.lower() for name in names(expression)}
    return tuple(column for column in columns if column.lower() in named)


def _references(connection: Connection, columns: dict[str, list[tuple[object, ...]]]) -> dict[str, list[Reference]]:
    grouped: dict[tuple[str, int, str], list[tuple[object, object]]] = {}
    exact = {name.lower(): name for name in columns}
    for table, number, target, source, key in query(connection, _REFERENCES):
        at = (str(table), int(str(number)), exact.get(str(target).lower(), str(target)))
        grouped.setdefault(at, []).append((source, key))
    found: dict[str, list[Reference]] = {}
    for (table, _, target), pairs in grouped.items():
        sources = tuple(str(source) for source, _ in pairs)
        if any(key is None for _, key in pairs):
            rows = sorted(columns.get(target, []), key=lambda column: int(str(column[3])))
            keys = tuple(str(column[0]) for column in rows if column[3])
        else:
            keys = tuple(str(key) for _, key in pairs)
        if len(keys) == len(sources):
            found.setdefault(table, []).append(Reference(sources, target, keys))
    return found


def _keys(connection: Connection, columns: dict[str, list[tuple[object, ...]]]) -> dict[str, list[Key]]:
    grouped: dict[tuple[str, str], dict[str, None]] = {}
    for table, index, column, sql in query(connection, _KEYS):
        members = grouped.setdefault((str(table), str(index)), {})
        every = tuple(str(row[0]) for row in columns[str(table)])
        written = str(sql).partition("(")[2]
        members.update(dict.fromkeys([str(column)] if column is not None else _about(written, every)))
    found: dict[str, list[Key]] = {}
    for (table, _), members in grouped.items():
        found.setdefault(table, []).append(Key(tuple(members)))
    return found
