"""The schema that a live database has, in the form that `migrate-guard schema --format json` prints.

PostgreSQL is asked with one query a kind of object, however many there are, so that it can be asked after every
revision of a long history. Types are spelled as SQLAlchemy spells them; what lies in the default schema is not
qualified; the indexes of constraints, the copies of a foreign key for each partition that it refers to, and Alembic's
own table are left out, what extensions bring along is not.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from psycopg import Connection
    from sqlalchemy.engine import Inspector

    from migrate_guard.commands._schema_json import (
        ColumnForm,
        ForeignKeyForm,
        IndexForm,
        KeyForm,
        SchemaForm,
        TableForm,
    )
    from migrate_guard.model.target import DialectName

Ask: TypeAlias = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query and returns its rows."""

VERSION_TABLE = "alembic_version"


def _form(
    dialect: DialectName,
    tables: dict[str, TableForm],
    enums: dict[str, list[str]],
    views: Iterable[str],
    sequences: Iterable[str],
) -> SchemaForm:
    return {
        "version": 1,
        "dialect": dialect,
        "revision": [],
        "tables": dict(sorted(tables.items())),
        "enums": enums,
        "views": sorted(views),
        "sequences": sorted(sequences),
    }


# -- PostgreSQL

_OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_NAME = "CASE n.nspname WHEN current_schema() THEN '' ELSE n.nspname || '.' END || "
_RELATIONS = f"""
SELECT c.oid, {_NAME} c.relname, c.relkind::text, c.relispartition, c.relname = '{VERSION_TABLE}'
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE {_OURS} AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
"""
_COLUMNS = f"""
SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
    t.typnamespace = 'pg_catalog'::regnamespace, NOT a.attnotnull,
    pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity <> '', a.attgenerated <> ''
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f')
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE {_OURS} AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""
_NAMES_OF = """(
    SELECT pg_catalog.array_agg(a.attname::text ORDER BY k.place)
    FROM pg_catalog.unnest({numbers}) WITH ORDINALITY AS k (number, place)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = {relation} AND a.attnum = k.number
)"""
_CONSTRAINTS = f"""
SELECT o.conrelid, o.contype::text, o.conname, {_NAMES_OF.format(numbers="o.conkey", relation="o.conrelid")},
    o.confrelid, {_NAMES_OF.format(numbers="o.confkey", relation="o.confrelid")}, o.confdeltype::text,
    pg_catalog.pg_get_constraintdef(o.oid, true)
FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
WHERE {_OURS} AND o.conrelid <> 0 AND o.contype IN ('p', 'f', 'u', 'c') AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint p WHERE p.oid = o.conparentid AND p.conrelid = o.conrelid
)
ORDER BY o.conrelid, o.conname
"""
_INDEXES = f"""
SELECT x.indrelid, i.relname, x.indisunique, m.amname, pg_catalog.pg_get_expr(x.indpred, x.indrelid),
    ARRAY(
        SELECT coalesce(a.attname::text, pg_catalog.pg_get_indexdef(x.indexrelid, place, true))
        FROM pg_catalog.generate_series(1, x.indnkeyatts) AS place
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[place - 1]
        ORDER BY place
    )
FROM pg_catalog.pg_index x
JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
JOIN pg_catalog.pg_am m ON m.oid = i.relam
JOIN pg_catalog.pg_namespace n ON n.oid = i.relnamespace
WHERE {_OURS} AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint o WHERE o.conindid = x.indexrelid AND o.contype IN ('p', 'u', 'x')
)
ORDER BY x.indrelid, i.relname
"""
_ENUMS = f"""
SELECT {_NAME} t.typname, pg_catalog.array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FILTER (WHERE e.enumlabel IS NOT NULL)
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid
WHERE {_OURS} AND t.typtype = 'e'
GROUP BY 1
ORDER BY 1
"""
_ON_DELETE = {"a": None, "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT", "r": "RESTRICT"}


def postgresql_schema(connection: Connection[tuple[Any, ...]]) -> SchemaForm:
    """Reflect every schema of a PostgreSQL 12 or newer but its own, as the transaction of the connection sees them."""

    def ask(query: str) -> list[tuple[Any, ...]]:
        return connection.execute(query.encode()).fetchall()

    relations = ask(_RELATIONS)
    names: dict[int, str] = {oid: name for oid, name, *_ in relations}
    tables: dict[int, TableForm] = {
        oid: _empty_table(is_partition)
        for oid, _, kind, is_partition, is_alembic in relations
        if kind in "rpf" and not is_alembic
    }
    _add_columns(tables, ask)
    _add_constraints(tables, names, ask)
    _add_indexes(tables, ask)
    return _form(
        "postgresql",
        {names[oid]: table for oid, table in tables.items()},
        {name: labels or [] for name, labels in ask(_ENUMS)},
        (name for _, name, kind, *_ in relations if kind in "vm"),
        (name for _, name, kind, *_ in relations if kind == "S"),
    )


def _empty_table(is_partition: bool) -> TableForm:
    return {
        "columns": {},
        "partition": is_partition,
        "primary_key": None,
        "foreign_keys": [],
        "unique_constraints": [],
        "check_constraints": [],
        "indexes": [],
    }


def _add_columns(tables: dict[int, TableForm], ask: Ask) -> None:
    for oid, name, type_, is_builtin, nullable, default, is_identity, is_computed in ask(_COLUMNS):
        if oid in tables:
            tables[oid]["columns"][name] = {
                "type": _sqlalchemy_spelling(type_) if is_builtin else type_,
                "nullable": nullable,
                "default": None if is_computed else default,
                "identity": is_identity,
                "computed": is_computed,
            }


def _sqlalchemy_spelling(type_: str) -> str:
    """One of PostgreSQL's own types as SQLAlchemy's compiler writes it, from how `format_type` does."""
    spelled = type_.upper().replace("CHARACTER VARYING", "VARCHAR").replace("CHARACTER", "CHAR")
    return re.sub(r",\s*", ", ", spelled)


def _add_constraints(tables: dict[int, TableForm], names: dict[int, str], ask: Ask) -> None:
    for oid, kind, name, columns, referred, referred_columns, on_delete, definition in ask(_CONSTRAINTS):
        if oid not in tables:
            continue
        table = tables[oid]
        key: KeyForm = {"name": name, "columns": columns or []}
        if kind == "p":
            table["primary_key"] = key
        elif kind == "u":
            table["unique_constraints"].append(key)
        elif kind == "c":
            table["check_constraints"].append({"name": name, "sqltext": _condition(definition)})
        else:
            table["foreign_keys"].append(
                {
                    **key,
                    "referred_table": names[referred],
                    "referred_columns": referred_columns,
                    "ondelete": _ON_DELETE[on_delete],
                }
            )


def _condition(definition: str) -> str:
    found = re.fullmatch(r"CHECK \((.*)\)(?: NO INHERIT)?(?: NOT VALID)?", definition, re.DOTALL)
    return found[1] if found else definition


def _add_indexes(tables: dict[int, TableForm], ask: Ask) -> None:
    for oid, name, unique, method, where, columns in ask(_INDEXES):
        if oid in tables:
            form: IndexForm = {"name": name, "columns": columns, "unique": unique, "where": where, "method": method}
            tables[oid]["indexes"].append(form)


# -- SQLite


def sqlite_schema(connection: sqlite3.Connection) -> SchemaForm:
    """Reflect the main schema of a SQLite database."""
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.pool import StaticPool

    inspector: Inspector = inspect(create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool))
    return _form(
        "sqlite",
        {name: _sqlite_table(connection, inspector, name) for name in _sqlite_names(connection, "table")},
        {},
        _sqlite_names(connection, "view"),
        (),
    )


def _sqlite_names(connection: sqlite3.Connection, kind: str) -> list[str]:
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = ? AND name NOT LIKE 'sqlite~_%' ESCAPE '~'", (kind,)
    )
    return [name for (name,) in rows.fetchall() if name != VERSION_TABLE]


def _sqlite_table(connection: sqlite3.Connection, inspector: Inspector, name: str) -> TableForm:
    """Reflect a table; its columns and indexes as SQLite's own pragmas tell them, expressions and all."""
    key = inspector.get_pk_constraint(name)
    return {
        "columns": dict(_sqlite_columns(connection, name)),
        "partition": False,
        "primary_key": {"name": key["name"], "columns": key["constrained_columns"]} if key else None,
        "foreign_keys": list(_sqlite_foreign_keys(inspector, name)),
        "unique_constraints": [
            {"name": each["name"], "columns": each["column_names"]} for each in inspector.get_unique_constraints(name)
        ],
        "check_constraints": [
            {"name": each["name"], "sqltext": each["sqltext"]} for each in inspector.get_check_constraints(name)
        ],
        "indexes": list(_sqlite_indexes(connection, name)),
    }


def _sqlite_columns(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, ColumnForm]]:
    rows = connection.execute('SELECT name, type, "notnull", dflt_value, hidden FROM pragma_table_xinfo(?)', (table,))
    for name, type_, not_null, default, hidden in rows:
        yield (
            name,
            {
                "type": type_,
                "nullable": not not_null,
                "default": default,
                "identity": False,
                "computed": hidden in (2, 3),
            },
        )


def _sqlite_foreign_keys(inspector: Inspector, table: str) -> Iterator[ForeignKeyForm]:
    for each in inspector.get_foreign_keys(table):
        yield {
            "name": each["name"],
            "columns": each["constrained_columns"],
            "referred_table": each["referred_table"],
            "referred_columns": each["referred_columns"],
            "ondelete": each.get("options", {}).get("ondelete"),
        }


def _sqlite_indexes(connection: sqlite3.Connection, table: str) -> Iterator[IndexForm]:
    """The indexes of a table but those of constraints."""
    made = "SELECT name, \"unique\", partial FROM pragma_index_list(?) WHERE origin = 'c'"
    for name, unique, partial in connection.execute(made, (table,)).fetchall():
        keys = connection.execute("SELECT name FROM pragma_index_xinfo(?) WHERE key", (name,)).fetchall()
        columns = [each or "(expression)" for (each,) in keys]
        where = "partial" if partial else None
        yield {"name": name, "columns": columns, "unique": bool(unique), "where": where, "method": "btree"}
