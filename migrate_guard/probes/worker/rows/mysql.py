"""The tables of a MySQL (from 5.7) or MariaDB (from 10.5) database, by its information_schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .expressions import names
from .shape import Check, Column, Key, Reference, Table, Type
from .statements import backticked, query

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_COLUMNS = """
SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE, c.COLUMN_TYPE, c.IS_NULLABLE, COALESCE(c.GENERATION_EXPRESSION, ''),
  c.CHARACTER_MAXIMUM_LENGTH, c.NUMERIC_PRECISION, c.NUMERIC_SCALE, c.DATETIME_PRECISION
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t
  ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE c.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION
"""
_KEYS = """
SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS
WHERE TABLE_SCHEMA = DATABASE() AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX
"""
_REFERENCES = """
SELECT TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_NAME, COLUMN_NAME, REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_SCHEMA = DATABASE()
ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION
"""
_CHECKS_OF_MARIADB = """
SELECT TABLE_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = DATABASE()
"""
_CHECKS_OF_MYSQL = """
SELECT t.TABLE_NAME, c.CHECK_CLAUSE FROM information_schema.TABLE_CONSTRAINTS t
JOIN information_schema.CHECK_CONSTRAINTS c
  ON c.CONSTRAINT_SCHEMA = t.CONSTRAINT_SCHEMA AND c.CONSTRAINT_NAME = t.CONSTRAINT_NAME
WHERE t.CONSTRAINT_SCHEMA = DATABASE() AND t.CONSTRAINT_TYPE = 'CHECK'
"""
_CHECKS_FROM = (8, 0, 16)
_BITS = {"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}
_FAMILIES = {
    "decimal": "numeric", "float": "float", "double": "float", "date": "date", "datetime": "timestamp",
    "timestamp": "timestamp", "time": "time", "year": "year", "json": "json", "bit": "bit", "uuid": "uuid",
    "point": "spatial", "geometry": "spatial",
}  # fmt: skip
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_VALIDITY = re.compile(r"json_valid\(`((?:[^`]|``)*)`\)", re.IGNORECASE)


def read(connection: Connection, version_table: str) -> list[Table]:
    """Return every table of the database that the connection is in."""
    columns = _grouped(query(connection, _COLUMNS))
    checks = _checks(connection)
    keys: dict[str, dict[str, list[str]]] = {}
    for table, index, column in query(connection, _KEYS):
        # a part of an index that is an expression has no column
        keys.setdefault(_text(table), {}).setdefault(_text(index), []).extend([_text(column)] if column else [])
    references = _references(query(connection, _REFERENCES))
    return [
        _table(name, rows, checks.get(name, []), keys.get(name, {}), references.get(name, []))
        for name, rows in columns.items()
        if name != version_table
    ]


def _table(
    name: str,
    rows: list[tuple[object, ...]],
    checks: list[str],
    keys: dict[str, list[str]],
    references: list[Reference],
) -> Table:
    every = tuple(_text(row[0]) for row in rows)
    documents = {found[1] for text in checks for found in [_VALIDITY.fullmatch(text)] if found}
    return Table(
        name=name,
        sql=backticked(name),
        columns=tuple(
            Column(_text(row[0]), _type(row, _text(row[0]) in documents), row[3] == "YES") for row in rows if not row[4]
        ),
        primary_key=tuple(keys.get("PRIMARY", ())),
        keys=tuple(Key(tuple(members)) for members in keys.values() if members),
        references=tuple(references),
        checks=tuple(Check(text, _about(text, every)) for text in checks),
        all_columns=every,
    )


def _type(row: tuple[object, ...], is_document: bool) -> Type:
    _, kind, written, _, _, length, precision, scale, fraction = row
    base, text = _text(kind).lower(), _text(written).lower()
    if is_document:
        # MariaDB's JSON is LONGTEXT with a CHECK
        return Type("json", text)
    if text.startswith("tinyint(1)"):
        return Type("boolean", text)
    if base in _BITS:
        whole = 1 << _BITS[base]
        return (
            Type("integer", text, low=0, high=whole - 1)
            if "unsigned" in text
            else Type("integer", text, low=-whole // 2, high=whole // 2 - 1)
        )
    if base in ("enum", "set"):
        return Type(base, text, labels=tuple(found.replace("''", "'") for found in _LABEL.findall(_text(written))))
    if text in ("char(32)", "char(36)"):
        # how SQLAlchemy keeps a Uuid
        return Type("hex" if text == "char(32)" else "uuid", text)
    if "char" in base or "text" in base:
        return Type("text", text, length=_number(length))
    if "binary" in base or "blob" in base:
        return Type("bytes", text, length=_number(length))
    if base in ("datetime", "timestamp", "time"):
        return Type(_FAMILIES[base], text, precision=_number(fraction))
    bits = _number(precision) if base == "bit" else None
    return Type(_FAMILIES.get(base, "other"), text, length=bits, precision=_number(precision), scale=_number(scale))


def _checks(connection: Connection) -> dict[str, list[str]]:
    dialect = connection.dialect
    is_mariadb = bool(getattr(dialect, "is_mariadb", False))
    if not is_mariadb and (dialect.server_version_info or ()) < _CHECKS_FROM:  # type: ignore[attr-defined,unused-ignore]
        return {}
    found: dict[str, list[str]] = {}
    for table, clause in query(connection, _CHECKS_OF_MARIADB if is_mariadb else _CHECKS_OF_MYSQL):
        # MySQL shows its literals with escaped quotes
        text = _text(clause) if is_mariadb else _text(clause).replace("\\'", "'")
        found.setdefault(_text(table), []).append(text)
    return found


def _references(rows: list[tuple[object, ...]]) -> dict[str, list[Reference]]:
    grouped: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for table, constraint, target, source, key in rows:
        at = (_text(table), _text(constraint), _text(target))
        grouped.setdefault(at, []).append((_text(source), _text(key)))
    found: dict[str, list[Reference]] = {}
    for (table_name, _, target_name), pairs in grouped.items():
        sources, keys = tuple(source for source, _ in pairs), tuple(key for _, key in pairs)
        found.setdefault(table_name, []).append(Reference(sources, target_name, keys))
    return found


def _about(expression: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    named = {name.lower() for name in names(expression)}
    return tuple(column for column in columns if column.lower() in named)


def _grouped(rows: list[tuple[object, ...]]) -> dict[str, list[tuple[object, ...]]]:
    grouped: dict[str, list[tuple[object, ...]]] = {}
    for first, *rest in rows:
        grouped.setdefault(_text(first), []).append(tuple(rest))
    return grouped


def _text(value: object) -> str:
    """Read a name, which some servers give as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _number(value: object) -> int | None:
    return None if value is None else int(str(value))
