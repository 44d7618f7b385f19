"""Statements as they will run: each with the schema it meets, what it does, and the transaction it is part of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from msgspec import Struct, field

from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.environment import Environment
from migrate_guard.model.locks import Lock
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Direction, Revision
from migrate_guard.model.schema import Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target

Op_co = TypeVar("Op_co", bound=ops.Operation, covariant=True)


class HeldLock(NamedTuple):
    """A lock that an earlier statement of the transaction took, and that nobody gets rid of before its end."""

    mode: Lock
    by: ops.Operation
    revision: Revision


class Setting(NamedTuple):
    """A parameter of the session as it stands when a statement runs."""

    value: str
    span: Span
    by: ops.SetParameter | None
    """The operation of a script that set it; None: the environment."""
    is_zero: bool = False
    """Of a timeout: it is none."""


class NotValid(NamedTuple):
    """A constraint that the transaction added NOT VALID and has not validated."""

    by: ops.AddConstraint | ops.AddNotNull
    revision: Revision
    locks: Mapping[QualifiedName, Lock]
    """What adding it has locked."""


class NewValue(NamedTuple):
    """A value that the transaction added to an enum type."""

    by: ops.AddEnumValue
    revision: Revision
    is_of_new_type: bool
    """The type itself was created in the transaction."""


ConstraintKey: TypeAlias = tuple[QualifiedName, str]
ValueKey: TypeAlias = tuple[QualifiedName, str]


class Transaction(Struct, frozen=True):
    """What the statements before have left in the transaction of a statement."""

    number: int
    """Counted over a history, so that two statements of one transaction have the same."""
    is_block: bool = True
    """A transaction block is open; False: the statement commits itself."""
    held: Mapping[QualifiedName, HeldLock] = field(default_factory=dict)
    """Locks on tables in use, the strongest on each. Those of earlier revisions are here where one transaction runs all
    that is under review; else each revision is judged as if the database stood at its parent."""
    not_valid: Mapping[ConstraintKey, NotValid] = field(default_factory=dict)
    """By table and constraint; of earlier revisions too, where one transaction runs all, and of the earlier actions of
    the same ALTER TABLE."""
    new_values: Mapping[ValueKey, NewValue] = field(default_factory=dict)
    """By enum type and value; of earlier revisions too, where one transaction runs all."""
    blocking: tuple[Statement[ops.Operation], ...] = ()
    """What has run in it and keeps others from tables in use, in order: as `held`, and the parts of a statement that
    come before a part of it. Of those that block the same the first is here, and the first that take long."""


class Commit(NamedTuple):
    """What an autocommit block commits because it stands before it in the script."""

    first: ops.Operation
    """The first operation that cannot run again."""
    block: tuple[ops.Operation, ...]
    """What the script writes in the block."""


class Statement(Struct, Generic[Op_co], frozen=True):
    """One operation as the database runs it.

    An operation of a script for which Alembic emits several statements is several of these; an ALTER TABLE with several
    actions is one for each action, with one `number`.
    """

    op: Op_co
    written: ops.Operation
    """The operation as the script has it."""
    siblings: tuple[ops.Operation, ...]
    """All that the script wrote in one go, this one among them: the statements that Alembic emits for an operation, the
    actions of an ALTER TABLE."""
    number: int
    """The statement within the run of its revision, from 0."""
    revision: Revision
    direction: Direction
    before: Schema
    after: Schema
    target: Target
    environment: Environment
    effects: Effects
    """What it does to relations that are in use."""
    transaction: Transaction
    before_siblings: Schema | None = None
    """The schema before the first of them."""
    is_first: bool = True
    """Nothing stands before it in its revision that a commit would leave half done."""
    commit: Commit | None = None
    """It begins an autocommit block that commits such operations."""
    settings: Mapping[str, Setting] = field(default_factory=dict)
    """The parameters of the session that the environment or a script has set."""
    new: frozenset[QualifiedName] = frozenset()
    """Tables that this revision, or the range under review, has created."""
    emptied: frozenset[QualifiedName] = frozenset()
    """Tables from which this revision has deleted every row, and into which it has put none since."""
    small: frozenset[QualifiedName] = frozenset()
    """Tables that statistics call small: no work on them takes longer than an instant."""
    running: Models | None = None
    """The models of the code that runs while it is deployed; None: they are not known."""

    @property
    def span(self) -> Span:
        return self.op.span

    @property
    def hazards(self) -> Effects:
        """What it does to tables in use that have many rows: what rules about locks judge."""
        harmless = self.small | self.emptied | self.version_table
        return self.effects.without(harmless) if harmless else self.effects

    @property
    def version_table(self) -> frozenset[QualifiedName]:
        """Alembic's own table, if it is touched: a handful of rows that only migrations use."""
        return frozenset(each for each in self.effects.locks if each.name == self.environment.version_table)

    def is_new(self, table: QualifiedName) -> bool:
        """Whether nobody can be using the table yet."""
        return table in self.new

    def has_rows(self, table: QualifiedName) -> bool:
        """Whether rows are to be expected in the table, as in every database that stands at the parent."""
        return table not in self.new and table not in self.emptied

    def timeout(self, name: str) -> Setting | None:
        """A timeout of the session, None where nothing sets it or what is set is no limit."""
        found = self.settings.get(name)
        return None if found is None or found.is_zero else found
