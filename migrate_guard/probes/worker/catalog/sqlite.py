"""The catalogue of an SQLite database, in one query.

What the pragmas do not say (names of constraints, CHECK, collations, generation) is read from the statements that
SQLite keeps in sqlite_schema, so that a table rebuilt by Alembic's batch mode equals the one before in all but what is
really lost. The form of a type that only SQLAlchemy writes otherwise (INT, BOOL) counts as the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import sqlite_ddl as ddl

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

Key = tuple[str, str, str]

_QUERY = """
SELECT m.type, m.name, m.tbl_name, m.sql, c.name, c.type, c."notnull", c.dflt_value, c.pk
FROM sqlite_master m LEFT JOIN pragma_table_xinfo(m.name) c ON m.type = 'table'
WHERE m.sql IS NOT NULL AND m.name NOT GLOB 'sqlite_*'
ORDER BY m.type, m.name, c.cid
"""
"""The rows of a table are its columns; the indexes behind constraints have no text of their own."""

_SYNONYMS = {"INT": "INTEGER", "BOOL": "BOOLEAN"}
_SHADOW = re.compile(r"(.+)_(?:content|data|idx|docsize|config|segments|segdir|stat|node|parent|rowid)\Z")


def entries(connection: Connection) -> dict[Key, str]:
    """Return the definition of everything in the main database."""
    found: dict[Key, str] = {}
    rows = connection.exec_driver_sql(_QUERY).all()
    virtual = {
        row[1] for row in rows if row[0] == "table" and re.match(r"\s*CREATE\s+VIRTUAL\b", row[3], re.IGNORECASE)
    }
    columns: dict[str, list[tuple[str, str, int, str | None, int]]] = {}
    for kind, name, table, sql, *column in rows:
        if kind == "table":
            columns.setdefault(name, []).append((column[0], column[1], column[2], column[3], column[4]))
        elif kind == "index":
            found["index", table, name] = ddl.index(sql)
        elif kind == "trigger":
            found["trigger", table, name] = ddl.body(sql)
        else:
            found["view", name, ""] = ddl.body(sql)
    statements = {row[1]: row[3] for row in rows if row[0] == "table"}
    keys = {
        name: [each[0] for each in sorted(its, key=lambda each: each[4]) if each[4]] for name, its in columns.items()
    }
    for name, sql in statements.items():
        shadowed = _SHADOW.match(name)
        if name in virtual:
            found["table", name, ""] = "VIRTUAL " + ddl.body(sql)
        elif not (shadowed and shadowed.group(1) in virtual):
            found.update(_table(name, sql, columns[name], keys))
    return found


def _table(
    name: str, sql: str, columns: list[tuple[str, str, int, str | None, int]], keys: dict[str, list[str]]
) -> dict[Key, str]:
    found: dict[Key, str] = {}
    statement = ddl.table(sql)
    clauses = {each.name: each.clauses for each in statement.columns} if statement else {}
    found["table", name, ""] = "\n".join(["TABLE", *filter(None, [statement.options if statement else ""])])
    for column, type_, not_null, default, _ in columns:
        lines = [" ".join(type_.upper().split())]
        lines[0] = re.sub(r"\s*([(),])\s*", r"\1", _SYNONYMS.get(lines[0], lines[0]))
        lines += ["NOT NULL"] if not_null else []
        lines += ["DEFAULT " + _bare(default)] if default is not None else []
        found["column", name, column] = "\n".join([*lines, *clauses.get(column, ())])
    for each in statement.constraints if statement else ():
        referenced = f" ({', '.join(keys.get(each.key_of, []))})" if each.key_of else ""
        definition = each.text + referenced + each.options
        part = each.name or definition
        while ("constraint", name, part) in found:
            part += " again"
        found["constraint", name, part] = definition
    return found


def _bare(default: str) -> str:
    """A default without the parentheses around it, which SQLAlchemy writes or leaves."""
    parts = ddl.tokens(default)
    while len(parts) > 2 and parts[0].is_("(") and ddl.closing(parts, 0) == len(parts) - 1:
        parts = parts[1:-1]
    return ddl.canonical(parts)
