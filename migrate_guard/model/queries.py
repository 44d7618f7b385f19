"""What is known of a query whose rows a script takes into Python."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from migrate_guard.model.comparing import PartlyCompared
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Expression
from migrate_guard.model.source import Span


class Query(PartlyCompared, frozen=True):
    """A SELECT, as far as it tells how many rows it gives."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"sql"})

    tables: tuple[QualifiedName, ...] = ()
    """Those it reads; empty: they are not known."""
    where: Expression | None = None
    is_limited: bool = False
    """LIMIT or FETCH FIRST."""
    is_grouped: bool = False
    """It gives fewer rows than it reads: an aggregate, GROUP BY, DISTINCT."""
    sql: str = ""
    """Its text, or what a Core expression comes to; empty where that is not known."""


class EachRow(Struct, frozen=True):
    """The body of a loop that does nothing but send one statement with values of the row."""

    target: str
    """What stands for the row, as the script writes it: "row", "id, state"."""
    values: tuple[tuple[str, str], ...]
    """The parameters of the statement, each with the expression that the script writes for it."""
    is_mapping: bool = False
    """It takes values by `row["name"]`."""


class RowLoop(PartlyCompared, frozen=True):
    """A `for` loop over rows that a query gave."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"each"})

    span: Span
    """What it goes over."""
    query: Query
    each: EachRow | None = None
    """None: it does more, or something else."""
