"""A revision script as the other stages see it, and the graph that the scripts of an environment make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple, TypeAlias, TypeVar, cast

from msgspec import Struct, field

from migrate_guard.model.comparing import PartlyCompared
from migrate_guard.model.facts import Fact
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.model.queries import Query
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span

Op = TypeVar("Op", bound=Operation)

Direction: TypeAlias = Literal["upgrade", "downgrade"]
Downgrades: TypeAlias = Literal["required", "raise", "none"]
"""What a team asks of downgrades: to take the upgrade back, to raise, or nothing, as it runs none."""


class Unknown(Struct, frozen=True):
    """A value that could not be computed without running the script, and why."""

    reason: str
    span: Span | None = None
    is_answer: bool = False
    """It is an answer of the database, or computed from one."""
    table: QualifiedName | None = None
    """The table of which it is a row."""
    default: tuple[object, ...] = ()
    """What it is unless the environment says otherwise, where that is known."""
    source: str = ""
    """What it comes from, where that is neither the script nor the database: "the clock"."""
    query: Query | None = None
    """It is made of the rows that this query gives, one of each."""

    def __str__(self) -> str:
        return f"a value that is not known ({self.reason})"


class Suppression(Struct, frozen=True):
    """An `# migrate-guard: ignore[...]` comment: what it hides, where, and why."""

    span: Span
    """The comment itself."""
    rules: tuple[str, ...]
    """Codes or names as written."""
    first_line: int
    last_line: int
    """The lines it speaks for."""
    reason: str = ""


class Stated(NamedTuple):
    """Ids that the docstring of a script states, as Alembic's template writes them, and the line that does."""

    ids: tuple[str, ...]
    span: Span


class Revision(PartlyCompared, frozen=True):
    """The head of one script: what Alembic reads from its module variables, with the place of each."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"text"})

    id: str
    path: str
    span: Span
    """The `revision = …` statement."""
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    branch_labels: tuple[str, ...] = ()
    down_span: Span | None = None
    depends_on_span: Span | None = None
    message: str = ""
    upgrade: Span | None = None
    """The `def upgrade` line; None where the script has none."""
    downgrade: Span | None = None
    suppressions: tuple[Suppression, ...] = ()
    is_irreversible: bool = False
    """The script says so: `irreversible = True`, or a comment `# irreversible: …` in its downgrade."""
    docstring: Span | None = None
    stated_id: Stated | None = None
    """Its id by the docstring: `Revision ID: …`."""
    stated_down: Stated | None = None
    """Its parents by the docstring: `Revises: …`."""
    leftovers: tuple[Span, ...] = ()
    """The comments in which autogenerate asks to look its commands over."""
    empty: frozenset[Direction] = frozenset()
    """The directions whose functions are there and have no statement that does anything."""
    text: str = ""
    """The whole script."""

    @property
    def parents(self) -> tuple[str, ...]:
        """Every revision that runs before this one: parents and dependencies."""
        return self.down + tuple(each for each in self.depends_on if each not in self.down)

    @property
    def is_merge(self) -> bool:
        return len(self.down) > 1


class UnreadableScript(Struct, frozen=True):
    """A script that could not be decoded or parsed."""

    span: Span
    reason: str


class StrayScript(Struct, frozen=True):
    """A Python file in a version location that defines no revision: no Alembic command gets past it."""

    span: Span
    suppressions: tuple[Suppression, ...] = ()


class Transition(NamedTuple):
    """One operation with the schema before and after it."""

    operation: Operation
    before: Schema
    after: Schema


class Run(PartlyCompared, frozen=True):
    """What interpreting one direction of a script gave."""

    uncompared: ClassVar[frozenset[str]] = frozenset({"_places", "_by_kind"})

    direction: Direction
    transitions: tuple[Transition, ...]
    before: Schema
    after: Schema
    raises: Span | None = None
    """Where it raises whatever the database holds: a declared refusal."""
    facts: tuple[Fact, ...] = ()
    """What the script does besides."""
    files: frozenset[Path] = frozenset()
    """The modules that were imported for it, and the files it read."""
    _places: dict[int, int] = field(default_factory=dict)
    _by_kind: dict[type[Operation], tuple[tuple[int, Operation], ...]] = field(default_factory=dict)

    def place(self, operation: Operation) -> int:
        """Where one of its operations stands among them, counted from 0."""
        if not self._places:
            self._places.update((id(each.operation), place) for place, each in enumerate(self.transitions))
        return self._places[id(operation)]

    def of(self, kind: type[Op]) -> Sequence[tuple[int, Op]]:
        """Its operations of a kind, each with its place; a script of many is not searched for each of them."""
        if kind not in self._by_kind:
            operations = enumerate(each.operation for each in self.transitions)
            self._by_kind[kind] = tuple(each for each in operations if isinstance(each[1], kind))
        return cast("Sequence[tuple[int, Op]]", self._by_kind[kind])


class MissingParent(Struct, frozen=True):
    """A `down_revision` or `depends_on` that names no known revision."""

    revision: Revision
    parent: str
    span: Span


class History(Struct, frozen=True):
    """The graph of one environment with its faults; `order` is a topological order of all that can be ordered."""

    revisions: Mapping[str, Revision]
    order: tuple[Revision, ...]
    heads: tuple[Revision, ...] = ()
    bases: tuple[Revision, ...] = ()
    children: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[MissingParent, ...] = ()
    duplicates: tuple[tuple[Revision, ...], ...] = ()
    """Scripts with one id, in the order of their paths; the first one counts."""
    cycles: tuple[tuple[Revision, ...], ...] = ()
    unreadable: tuple[UnreadableScript, ...] = ()
    strays: tuple[StrayScript, ...] = ()
    detached: frozenset[str] = frozenset()
    """Revisions that no base reaches: behind a missing parent or in a cycle."""
