"""What is known of a query whose rows a script takes into Python."""

from __future__ import annotations

from msgspec import Struct

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Expression
from migrate_guard.model.source import Span


class Query(Struct, frozen=True):
    """A SELECT, as far as it tells how many rows it gives."""

    tables: tuple[QualifiedName, ...] = ()
    """Those it reads; empty: they are not known."""
    where: Expression | None = None
    is_limited: bool = False
    """LIMIT or FETCH FIRST."""
    is_grouped: bool = False
    """It gives fewer rows than it reads: an aggregate, GROUP BY, DISTINCT."""


class RowLoop(Struct, frozen=True):
    """A `for` loop over rows that a query gave."""

    span: Span
    """What it goes over."""
    query: Query
