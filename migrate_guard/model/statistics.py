"""How large the tables of a database are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from migrate_guard.model.names import QualifiedName


@dataclass(frozen=True, slots=True)
class TableSize:
    rows: int | None
    """As the database estimates them; None where it does not know."""
    bytes: int
    """With indexes and what is stored out of line."""


@dataclass(frozen=True, slots=True)
class Statistics:
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

    def small(self, limit_rows: int, limit_bytes: int) -> frozenset[QualifiedName]:
        """The tables that are known to have neither more rows nor more bytes than that."""
        return frozenset(
            name
            for name, size in self.tables.items()
            if size.rows is not None and size.rows <= limit_rows and size.bytes <= limit_bytes
        )
