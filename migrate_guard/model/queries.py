"""What is known of a query whose rows a script takes into Python."""

from __future__ import annotations

from dataclasses import dataclass

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Expression
from migrate_guard.model.source import Span


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT, as far as it tells how many rows it gives."""

    tables: tuple[QualifiedName, ...] = ()
    """Those it reads; empty: they are not known."""
    where: Expression | None = None
    is_limited: bool = False
    """LIMIT or FETCH FIRST."""
    is_grouped: bool = False
    """It gives fewer rows than it reads: an aggregate, GROUP BY, DISTINCT."""


@dataclass(frozen=True, slots=True)
class RowLoop:
    """A `for` loop over rows that a query gave."""

    span: Span
    """What it goes over."""
    query: Query
