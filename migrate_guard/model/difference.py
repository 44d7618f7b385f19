"""What is not as it was between two schemas: an object and the facts about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.source import Span

DefinedKind: TypeAlias = Literal["extension", "function", "procedure", "aggregate", "domain", "collation"]
PartKind: TypeAlias = (
    Literal[
        "table",
        "column",
        "primary key",
        "unique constraint",
        "foreign key",
        "check constraint",
        "exclusion constraint",
        "index",
        "type",
        "view",
        "sequence",
    ]
    | DefinedKind
)
DEFINED: Final[Mapping[str, DefinedKind]] = {
    "EXTENSION": "extension",
    "FUNCTION": "function",
    "PROCEDURE": "procedure",
    "AGGREGATE": "aggregate",
    "DOMAIN": "domain",
    "COLLATION": "collation",
}
"""What the schema knows by its definition alone, as CREATE calls it."""
Verdict: TypeAlias = Literal["left behind", "missing", "different"]


class Part(NamedTuple):
    """An object of a schema: a table, something in one, a type, a view, a sequence."""

    kind: PartKind
    owner: QualifiedName
    """The table; of what lies in none its own name."""
    name: str | None = None
    """The name within the table; None for what has none."""

    def __str__(self) -> str:
        return f"{self.kind} {self.owner}{'.' + self.name if self.name else ''}"


class Fact(NamedTuple):
    """A property that is not as it was."""

    name: str
    """nullable, type, default, columns, name …"""
    before: str
    after: str
    is_certain: bool = True


class Difference(Struct, frozen=True):
    """An object that is not as it was."""

    verdict: Verdict
    part: Part
    facts: tuple[Fact, ...] = ()
    """What is different; empty for what is left behind or missing."""
    is_certain: bool = True
    span: Span | None = None
    """The operation that made it so, where that is known."""

    def __str__(self) -> str:
        said = ", ".join(f"{each.name} {each.before} became {each.after}" for each in self.facts)
        return f"{self.part} {self.verdict}{': ' + said if said else ''}"
