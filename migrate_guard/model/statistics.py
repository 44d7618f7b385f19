"""How large the tables of a database are."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model.names import QualifiedName


class TableSize(Struct, frozen=True):
    rows: int | None
    """As the database estimates them; None where it does not know."""
    bytes: int | None
    """With indexes and what is stored out of line; None where nobody has told."""


class Statistics(Struct, frozen=True):
    """What a database tells of its tables at one moment."""

    tables: Mapping[QualifiedName, TableSize]
    server: str = ""
    """Dialect and version: "postgresql 15.4"."""
    taken_at: str = ""
    """ISO 8601."""
    database: str = ""

    def size(self, name: QualifiedName) -> TableSize | None:
        """The size of a table, None for one that is not there."""
        return self.tables.get(name)

    def with_rows(self, rows: Mapping[str, int]) -> Statistics:
        """Return what is known when tables of these names, "schema.table" or "table", have so many rows."""
        told = {
            name: TableSize(number, size.bytes if (size := self.tables.get(name)) else None)
            for name, number in ((qualified(text), number) for text, number in rows.items())
        }
        return replace(self, tables={**self.tables, **told})

    def small(self, limit_rows: int, limit_bytes: int) -> frozenset[QualifiedName]:
        """The tables that are known to have neither more rows nor more bytes than that."""
        return frozenset(
            name
            for name, size in self.tables.items()
            if size.rows is not None and size.rows <= limit_rows and (size.bytes or 0) <= limit_bytes
        )


def qualified(text: str) -> QualifiedName:
    """Return the name that "schema.table" or "table" stands for."""
    schema, dot, name = text.partition(".")
    return QualifiedName(name, schema) if dot else QualifiedName(text)
