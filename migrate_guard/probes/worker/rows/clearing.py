"""Take generated rows away again."""

from __future__ import annotations

from collections.abc import Sequence

from .asking import Database, components
from .filling import Filled
from .shape import Table
from .statements import execute, named, words


def clear(database: Database, tables: Sequence[Table], filled: Sequence[Filled]) -> dict[str, str]:
    """Delete the rows that were made, those first that refer to others; say of which tables they cannot go, and why.

    Rows of a migration stay: those that it made of ours too, and then ours, where they refer to them.
    """
    from sqlalchemy.exc import DBAPIError

    wheres = {table.name: [mark for one in filled for mark in one.marks.get(table.name, [])] for table in tables}
    refused: dict[str, str] = {}
    for component in reversed(components(tables)):
        if len(component) > 1 or any(one.target == table.name for table in component for one in table.references):
            for table in component:
                _let_go(database, table, wheres[table.name])
        for _ in component:
            # once for each table of a circle: what is left by one turn may go by the next
            for table in component:
                if not wheres[table.name]:
                    continue
                condition = " OR ".join(f"({mark})" for mark in wheres[table.name])
                try:
                    execute(database.connection, f"DELETE FROM {table.sql} WHERE {condition}")
                    refused.pop(table.name, None)
                except DBAPIError as error:
                    refused[table.name] = words(error)
    return refused


def _let_go(database: Database, table: Table, marks: list[str]) -> None:
    """Set the references of generated rows to NULL where they can be, so that a circle opens."""
    from sqlalchemy.exc import DBAPIError

    nullable = {column.name for column in table.columns if column.is_nullable}
    free: tuple[str, ...] = tuple(
        dict.fromkeys(name for one in table.references for name in one.columns if name in nullable)
    )
    if not free or not marks or not table.primary_key:
        return
    changes = ", ".join(f"{named(database.dialect, name)} = NULL" for name in free)
    try:
        execute(
            database.connection, f"UPDATE {table.sql} SET {changes} WHERE {' OR '.join(f'({mark})' for mark in marks)}"
        )
    except DBAPIError:
        # a CHECK may ask for them: the DELETE then says what is in its way
        return
