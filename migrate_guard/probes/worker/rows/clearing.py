"""Take generated rows away again."""

from __future__ import annotations

from collections.abc import Sequence

from .asking import Database, components, tried
from .filling import Filled
from .shape import Table
from .statements import named


def clear(database: Database, tables: Sequence[Table], filled: Sequence[Filled]) -> dict[str, str]:
    """Delete the rows that were made, those first that refer to others; say of which tables they cannot go, and why.

    Rows of a migration stay: those that it made of ours too, and then ours, where they refer to them.
    """
    wheres = {
        table.name: [mark for one in filled for mark in one.marks.get(table.name, []) if mark] for table in tables
    }
    refused: dict[str, str] = {}
    for component in reversed(components(tables)):
        deletes = {table.name: _delete(table, wheres[table.name]) for table in component if wheres[table.name]}
        if len(component) > 1 and database.dialect == "postgresql":
            # foreign keys are checked when the whole statement ends
            parts = ", ".join(f"migrate_guard_{place} AS ({sql})" for place, sql in enumerate(deletes.values()))
            if not deletes or not tried(database, f"WITH {parts} SELECT 1")[1]:
                continue
        if len(component) > 1 or any(one.target == table.name for table in component for one in table.references):
            for table in component:
                _let_go(database, table, wheres[table.name])
        if len(component) > 1 and database.dialect == "sqlite":
            # until the transaction ends
            tried(database, "PRAGMA defer_foreign_keys = ON")
        for _ in component:
            # once for each table of a circle: what is left by one turn may go by the next
            for table in component:
                if table.name in deletes:
                    refused[table.name] = _deleted(database, table, wheres[table.name])
    return {name: why for name, why in refused.items() if why}


def _delete(table: Table, marks: list[str]) -> str:
    return f"DELETE FROM {table.sql} WHERE " + " OR ".join(f"({mark})" for mark in marks)


def _deleted(database: Database, table: Table, marks: list[str]) -> str:
    """Delete rows, the last first where MySQL will not have them all at once: they refer to those before them."""
    said = tried(database, _delete(table, marks))[1]
    return said and "".join([tried(database, _delete(table, [mark]))[1] for mark in reversed(marks)][-1:])


def _let_go(database: Database, table: Table, marks: list[str]) -> None:
    """Set the references of generated rows to NULL where they can be, so that a circle opens."""
    nullable = {column.name for column in table.columns if column.is_nullable}
    free: tuple[str, ...] = tuple(
        dict.fromkeys(name for one in table.references for name in one.columns if name in nullable)
    )
    if not free or not marks or not table.primary_key:
        return
    changes = ", ".join(f"{named(database.dialect, name)} = NULL" for name in free)
    # a CHECK may ask for them: the DELETE then says what is in its way
    tried(database, f"UPDATE {table.sql} SET {changes} WHERE {' OR '.join(f'({mark})' for mark in marks)}")
