"""What a branch is merged into: the revisions of the base where the two parted, and those on its tip."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from migrate_guard.model.revision import Revision, Run
from migrate_guard.model.source import Span


class Edit(Struct, frozen=True):
    """What the upgrade of a revision of the base does now, and what it did there, from one schema on."""

    revision: Revision
    """As it is now."""
    now: Run
    then: Run
    changed: tuple[str, ...] = ()
    """The files that have changed: the script, and what it imports or reads."""
    rewritten: Span | None = None
    """The first statement of the upgrade that has changed in more than its spelling."""


class Base(Struct, frozen=True):
    """The side of git that an environment is compared with, as `--since` names it.

    Revisions carry the paths that they have there. Which databases have run which of them nobody knows: what is on the
    base may have run anywhere.
    """

    ref: str
    parted: Mapping[str, Revision] = field(default_factory=dict)
    """The revisions on the merge base: what the branch began with."""
    tip: Mapping[str, Revision] = field(default_factory=dict)
    """The revisions on the tip: what the branch is merged with."""
    edits: tuple[Edit, ...] = ()
    """The upgrades that may do something else than they did where the branches parted."""
