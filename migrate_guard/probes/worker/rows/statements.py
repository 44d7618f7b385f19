"""SQL of ours: quoted names and literals, sent without parameters, so that every driver takes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

    from .shape import Table, Type

_WITHOUT_EQUALITY = {"json", "float"}
_SIMPLE = {"integer", "text", "uuid", "boolean", "date", "timestamp", "timestamptz", "bytes", "enum", "numeric"}
_BARE = {"integer", "numeric", "float", "year"}


def execute(connection: Connection, sql: str) -> int:
    """Run a statement and return how many rows it touched; `%` means nothing in it."""
    result = connection.exec_driver_sql(sql, None, {"no_parameters": True})
    touched = result.rowcount
    result.close()
    return touched


def query(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    """Run a query and return its rows."""
    return [tuple(row) for row in connection.exec_driver_sql(sql, None, {"no_parameters": True})]


def words(error: Exception) -> str:
    """Return what the database says: the first line of its message, without the statement that SQLAlchemy adds."""
    origin = getattr(error, "orig", None) or error
    said = origin.args
    if said and isinstance(said[0], dict):
        # pg8000 gives the fields of the protocol: M is the message
        return str(said[0].get("M", said[0]))
    if len(said) > 1 and isinstance(said[0], int):
        # the drivers of MySQL give its number first
        return str(said[1]).partition("\n")[0]
    text = str(said[0] if said else origin).strip().partition("\n")[0]
    # SQLAlchemy's adapter for asyncpg puts the class before the message
    return text.partition(">: ")[2] if text.startswith("<class ") else text


def identifier(name: str) -> str:
    """Quote a name for PostgreSQL and SQLite."""
    return '"' + name.replace('"', '""') + '"'


def backticked(name: str) -> str:
    """Quote a name for MySQL."""
    return "`" + name.replace("`", "``") + "`"


def literal(dialect: str, type: Type, text: str | None) -> str:
    """Write a value, given in the text form of its type, as SQL."""
    if text is None:
        return "NULL"
    if dialect == "postgresql":
        # PostgreSQL gives a quoted literal the type of its column; beyond it, standard_conforming_strings is on
        return quoted(text)
    if type.family in _BARE:
        return text
    if type.family == "boolean":
        return "1" if text == "true" else "0"
    if type.family == "bytes":
        return f"x'{text[2:]}'"
    if type.family == "spatial":
        return f"ST_GeomFromText({quoted(text)})"
    if dialect == "mysql":
        return f"b'{text}'" if type.family == "bit" else quoted(text.replace("\\", "\\\\"))
    return quoted(text)


def quoted(text: str) -> str:
    """Write a text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def listed(parts: Sequence[str]) -> str:
    """Join with commas."""
    return ", ".join(parts)


def insert(dialect: str, table: Table, rows: Sequence[dict[str, str | None]]) -> str:
    """Write an INSERT of rows that give values to the same columns."""
    columns = [column for column in table.columns if column.name in rows[0]]
    if not columns:
        # a table of generated columns, or of none
        return f"INSERT INTO {table.sql} " + ("() VALUES ()" if dialect == "mysql" else "DEFAULT VALUES")
    names = listed([named(dialect, column.name) for column in columns])
    return f"INSERT INTO {table.sql} ({names}) {table.overriding}VALUES " + listed(
        ["(" + listed([literal(dialect, column.type, row[column.name]) for column in columns]) + ")" for row in rows]
    )


def rows_equal(dialect: str, table: Table, row: dict[str, str | None], names: Sequence[str]) -> str:
    """Write the condition that some columns have the values of a row; empty where there is nothing to compare."""
    types = {column.name: column.type for column in table.columns}
    return " AND ".join(
        f"{named(dialect, name)} IS NULL" if row[name] is None else _equal(dialect, name, types[name], row[name])
        for name in names
        if dialect == "postgresql" or types[name].family not in _WITHOUT_EQUALITY
    )


def _equal(dialect: str, name: str, type: Type, text: str | None) -> str:
    column, value = named(dialect, name), literal(dialect, type, text)
    if dialect == "postgresql" and type.family not in _SIMPLE:
        # json, xml, point and others have no =, and a composite type none with a literal
        return f"{column}::text = CAST({value} AS {type.name})::text"
    return f"{column} = {value}"


def as_text(dialect: str, table: Table, name: str) -> str:
    """Write the expression for the text form of a column."""
    families = {column.name: column.type.family for column in table.columns}
    column = named(dialect, name)
    if dialect == "postgresql":
        return f"{column}::text"
    if families.get(name) == "bytes":
        return f"CONCAT('\\\\x', HEX({column}))" if dialect == "mysql" else f"'\\x' || hex({column})"
    return f"CAST({column} AS {'CHAR' if dialect == 'mysql' else 'TEXT'})"


def only(dialect: str, table: Table) -> str:
    """Name a table without those that inherit from it."""
    return f"ONLY {table.sql}" if dialect == "postgresql" and table.partitions is None else table.sql


def named(dialect: str, name: str) -> str:
    """Quote a name."""
    return backticked(name) if dialect == "mysql" else identifier(name)
