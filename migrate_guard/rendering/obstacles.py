"""What cannot be written because a database would refuse it: names taken twice, tables that are never created."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    ExclusionConstraint,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.target import DialectName


def absent_tables(schema: Schema, dialect: DialectName) -> dict[QualifiedName, str]:
    """The tables that cannot be written, and why."""
    found = {}
    types = {*schema.enums, *(name for kind, name in schema.definitions if kind in ("DOMAIN", "TYPE"))}
    used = (column.type for table in schema.tables.values() for column in table.columns)
    types.update(QualifiedName(each.name, each.schema) for each in used if each.family == "enum")
    for name, table in schema.tables.items():
        if table.is_given:
            found[name] = "the history changes it and never creates it"
        elif dialect == "postgresql" and name in types:
            found[name] = f"PostgreSQL keeps it from the name of the type {name}"
    return found


def taken_names(schema: Schema, tables: Iterable[Table], dialect: DialectName) -> Mapping[int, str]:
    """The keys and indexes (by id) whose name is another's already, and whose.

    Indexes share their names with tables and with each other: on PostgreSQL in a schema, on SQLite in the database
    (there without those of constraints), on MySQL in a table, where nobody can be in the way.
    """
    found: dict[int, str] = {}
    if dialect not in ("postgresql", "sqlite"):
        return found
    every = list(tables)
    owners = {each.name: f"the table {each.name}" for each in every}
    owners |= {name: f"the view {name}" for name in schema.views}
    owners |= {name: f"the sequence {name}" for name in schema.sequences}
    for table in every:
        for each in _named(table, dialect):
            name = QualifiedName(each.name or "", table.name.schema)
            if name in owners:
                found[id(each)] = owners[name]
            else:
                owners[name] = f"a key or index of {table.name}"
    return found


def _named(table: Table, dialect: DialectName) -> Iterator[PrimaryKey | UniqueConstraint | ExclusionConstraint | Index]:
    keys = (
        each for each in table.constraints() if isinstance(each, PrimaryKey | UniqueConstraint | ExclusionConstraint)
    )
    for each in (*(keys if dialect == "postgresql" else ()), *table.indexes):
        if each.name is not None:
            yield each
