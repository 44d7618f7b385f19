"""Questions to the database about its rows, and about rows that are still to be made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from .shape import Check, Column, Table
from .statements import as_text, execute, identifier, listed, literal, named, only, query, words
from .units import Choice

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_AT_ONCE = 200
"""SQLite takes no more than 500 SELECTs in a UNION."""
_NUMBER = "migrate_guard_row"
_KEYS = 30


class Held(NamedTuple):
    """What a table holds."""

    number: int
    has_bare_column: bool
    """A column is NULL in all rows: it may be newer than they are."""


class Database:
    """A connection and the language it speaks."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect = "mysql" if connection.dialect.name == "mariadb" else connection.dialect.name

    def counts(self, tables: Sequence[Table], most: int) -> dict[str, Held]:
        """Count the rows of tables, no further than needed."""
        counts: dict[str, Held] = {}
        for start in range(0, len(tables), _AT_ONCE):
            part = tables[start : start + _AT_ONCE]
            union = " UNION ALL ".join(self._counting(place, table, most) for place, table in enumerate(part))
            for place, number, least in query(self.connection, union):
                counts[part[int(str(place))].name] = Held(int(str(number)), int(str(least)) == 0)
        return counts

    def _counting(self, place: int, table: Table, most: int) -> str:
        names = [named(self.dialect, each.name) for each in table.columns if each.is_nullable]
        least = "min" if self.dialect == "sqlite" else "least"
        values = listed(["1", "1", *(f"count({name})" for name in names)])
        rows = f"SELECT {listed([*names, '1 AS migrate_guard_one'])} FROM {only(self.dialect, table)} LIMIT {most}"
        return f"SELECT {place}, count(*), {least}({values}) FROM ({rows}) AS few"

    def keys(self, table: Table, columns: Sequence[str]) -> list[Choice]:
        """Return the values that some columns of a table have together, in their text form."""
        names = [named(self.dialect, name) for name in columns]
        filled = " AND ".join(f"{name} IS NOT NULL" for name in names)
        found = query(
            self.connection,
            f"SELECT {listed([as_text(self.dialect, table, name) for name in columns])} FROM {table.sql}"
            f" WHERE {filled} ORDER BY {listed(names)} LIMIT {_KEYS}",
        )
        return list(dict.fromkeys(tuple(str(value) for value in row) for row in found))

    def holding(
        self, table: Table, columns: Sequence[Column], choices: Sequence[Choice], checks: Sequence[Check]
    ) -> list[Choice]:
        """Return the choices that no check is false of; one by one where the database cannot tell of all."""
        from sqlalchemy.exc import DBAPIError

        try:
            return self._holding(table, columns, choices, checks)
        except DBAPIError:
            if len(choices) <= 1:
                return []
        return [choice for choice in choices[:_AT_ONCE] for _ in self.holding(table, columns, [choice], checks)]

    def has_broken_references(self, tables: Sequence[Table]) -> bool:
        """Tell whether rows of tables refer to none (SQLite)."""
        return any(query(self.connection, f"PRAGMA foreign_key_check({table.sql})") for table in tables)

    def _holding(
        self, table: Table, columns: Sequence[Column], choices: Sequence[Choice], checks: Sequence[Check]
    ) -> list[Choice]:
        if not choices:
            return []
        conditions = " AND ".join(f"(({check.expression}) IS NOT FALSE)" for check in checks)
        found = query(self.connection, f"{self._source(table, columns, choices)} WHERE {conditions}")
        return [choices[place] for place in sorted(int(str(row[0])) for row in found)]

    def _source(self, table: Table, columns: Sequence[Column], choices: Sequence[Choice]) -> str:
        """Write a SELECT of the choices' numbers out of a table of choices, named as the table itself."""
        rows = [
            [str(place), *(literal(self.dialect, column.type, value) for column, value in zip(columns, choice))]
            for place, choice in enumerate(choices)
        ]
        names = [_NUMBER, *(column.name for column in columns)]
        alias = named(self.dialect, table.name.rpartition(".")[2])
        if self.dialect == "mysql":
            first = listed([f"{value} AS {named(self.dialect, name)}" for value, name in zip(rows[0], names)])
            union = " UNION ALL SELECT ".join([first, *map(listed, rows[1:])])
            return f"SELECT {_NUMBER} FROM (SELECT {union}) AS {alias}"
        header = listed([identifier(name) for name in names])
        if self.dialect == "postgresql":
            # the first row gives the others their types
            rows[0][1:] = [f"CAST({value} AS {column.type.name})" for value, column in zip(rows[0][1:], columns)]
        values = listed([f"({listed(row)})" for row in rows])
        if self.dialect == "sqlite":
            return f"WITH {alias}({header}) AS (VALUES {values}) SELECT {_NUMBER} FROM {alias}"
        return f"SELECT {_NUMBER} FROM (VALUES {values}) AS {alias}({header})"


def tried(database: Database, sql: str) -> tuple[int, str]:
    """Run a statement; return how many rows it touched, and what the database has against it."""
    from sqlalchemy.exc import DBAPIError

    try:
        return execute(database.connection, sql), ""
    except DBAPIError as error:
        return 0, words(error)


def components(tables: Sequence[Table]) -> list[list[Table]]:
    """Return the strongly connected components of tables by their foreign keys, targets first (Tarjan)."""
    by_name = {table.name: table for table in tables}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[Table]] = []
    for root, first in by_name.items():
        work: list[tuple[str, list[str]]] = [] if root in index else [(root, needs(first))]
        while work:
            name, rest = work[-1]
            if name not in index:
                index[name] = low[name] = len(index)
                stack.append(name)
            if rest:
                target = rest.pop()
                if target not in by_name:
                    continue
                if target not in index:
                    work.append((target, needs(by_name[target])))
                elif target in stack:
                    low[name] = min(low[name], index[target])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[name])
            if low[name] == index[name]:
                cut = stack.index(name)
                found.append([by_name[member] for member in stack[cut:]])
                del stack[cut:]
    return found


def needs(table: Table) -> list[str]:
    """Return the tables that must have rows before a table can."""
    return [reference.target for reference in table.references] + list(table.partitions or ())
