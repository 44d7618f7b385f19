"""What the models of an application and the history of its migrations have differently."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from migrate_guard.model.difference import Fact, Part
from migrate_guard.model.schema import AnyConstraint, Column, EnumType, Index, Table
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target

Ahead: TypeAlias = Literal["models", "migrations", "neither"]
"""Which side has more: the models what no migration makes, the migrations what no model declares; else they differ."""
Compared: TypeAlias = Table | Column | AnyConstraint | Index | EnumType


class Drift(Struct, frozen=True):
    """One object that a database of the migrations and one of `create_all` do not have alike."""

    ahead: Ahead
    part: Part
    at: Span
    """Where the models declare it; what only the migrations make, where they do."""
    target: Target
    facts: tuple[Fact, ...] = ()
    """What is different: `before` is as the migrations have it, `after` as the models do."""
    migrated: Compared | None = None
    """What the migrations make; None where they make nothing."""
    declared: Compared | None = None
    """What the models declare."""
    along: tuple[AnyConstraint | Index, ...] = ()
    """The constraints and indexes over a column that are missing with it."""
    types: tuple[EnumType, ...] = ()
    """The enum types that it needs and no migration makes, with the first that does."""
    model: str = ""
    """The class that declares it; empty for a Table."""
    made_at: Span | None = None
    """The script that makes it otherwise, or took it away."""

    @property
    def was_there(self) -> bool:
        """Whether the migrations made it once, and have dropped or renamed it."""
        return self.migrated is None and self.made_at is not None

    @property
    def is_only_more(self) -> bool:
        """Whether all that differs is something that the migrations give it besides: a default, a value of a type."""
        if isinstance(self.migrated, EnumType) and isinstance(self.declared, EnumType):
            return set(self.declared.values) < set(self.migrated.values)
        return bool(self.facts) and all(
            each.name in ("default", "comment") and each.after == "none" for each in self.facts
        )
