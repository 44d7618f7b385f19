"""What a revision does to a database, one frozen class an operation.

Whatever a script writes (an `op` directive, a batch block, a Core construct, raw SQL) becomes these.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal, TypeAlias

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.queries import RowLoop
from migrate_guard.model.schema import (
    AnyConstraint,
    Column,
    Contents,
    EnumType,
    Expression,
    Index,
    Sequence,
    Table,
    Type,
    View,
)
from migrate_guard.model.source import Span


class Unset(Enum):
    """The absence of an argument where None means something."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    span: Span
    condition: str | None = None
    """Why it may not run: the source of a condition that could not be decided."""
    is_guarded: bool = False
    """The condition is a question to the database: whether something is there, what rows there are."""
    is_tolerated: bool = False
    """A failure of it is caught by the script."""
    in_autocommit: bool = False
    """It commits itself: inside `autocommit_block()`, or on a connection that the script has told to."""
    is_apart: bool = False
    """On a connection that the script opened besides that of the migration."""
    place_in_text: int | None = None
    """Which statement of a text with several it is, counted from 0; None: it is sent alone."""
    has_parameters: bool = False
    """Values are bound to the text that it is part of."""
    autocommit_block: Span | None = None
    """Where the `with …autocommit_block():` stands that it is inside of."""
    in_batch: bool = False
    """Inside `batch_alter_table()`."""
    is_sql: bool = False
    """Written as raw SQL."""
    part: int = 0
    """Which part of its statement it is, counted from 0: ALTER TABLE … ADD a, DROP b makes two operations."""
    row_loop: RowLoop | None = field(default=None, compare=False)
    """The loop over rows of the database that runs it again and again."""
    text: str = field(default="", compare=False, repr=False)
    """Its statement as the script writes it, with every part of it, where that is SQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOperation(Operation):
    table: QualifiedName
    only: bool = False
    """ONLY: the table itself; its partitions and heirs do not follow."""
    if_table_exists: bool = False
    """ALTER TABLE IF EXISTS."""


@dataclass(frozen=True, slots=True)
class Like:
    """LIKE among the columns of a CREATE TABLE: those of another table, as they are now."""

    table: QualifiedName
    place: int = 0
    """How many columns stand before them."""
    including: tuple[str, ...] = ()
    """What it takes along: "DEFAULTS", "INDEXES"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTable(Operation):
    table: Table
    if_not_exists: bool = False
    reads: tuple[QualifiedName, ...] = ()
    """The tables that LIKE or a query names."""
    copies_rows: bool = False
    """It is filled by the query: AS without WITH NO DATA, SELECT INTO."""
    likes: tuple[Like, ...] = ()
    storage: str = ""
    """What stands behind its columns: "ENGINE=InnoDB", "WITH (fillfactor = 70)"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropTable(TableOperation):
    if_exists: bool = False
    cascade: bool = False
    keeps_references: bool = False
    """The database lets go of a table to which foreign keys of others refer, and keeps those: SQLite, MySQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable(TableOperation):
    new_name: QualifiedName


@dataclass(frozen=True, slots=True, kw_only=True)
class RecreateTable(TableOperation):
    """Batch mode copies the table into a new one, which does not keep everything."""

    copy: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class AddColumn(TableOperation):
    column: Column
    constraints: tuple[AnyConstraint, ...] = ()
    """What comes with the column: ForeignKey, unique=True, CheckConstraint. Alembic emits a statement for each."""
    indexes: tuple[Index, ...] = ()
    if_not_exists: bool = False
    inline_references: bool = False
    is_key_left_out: bool = False
    """`primary_key=True`, for which Alembic writes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn(TableOperation):
    column: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlterColumn(TableOperation):
    """A change of type, nullability, default, comment, identity or generation; renames are RenameColumn."""

    column: str
    existing_type: Type | None = None
    existing_nullable: bool | None = None
    existing_default: Expression | Unset | None = UNSET
    existing_comment: str | Unset | None = UNSET
    modify_type: Type | None = None
    modify_nullable: bool | None = None
    modify_default: Expression | Unset | None = UNSET
    modify_comment: str | Unset | None = UNSET
    modify_identity: bool | Unset = UNSET
    is_always_identity: bool = False
    """With `modify_identity`: GENERATED ALWAYS."""
    modify_computed: Expression | Unset | None = UNSET
    using: Expression | None = None
    collation: str | None = None
    """The collation written after the new type; None: the type's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameColumn(TableOperation):
    column: str
    new_name: str
    existing_type: Type | None = None
    """What the script says that the column is, which Alembic has to be told for MySQL: its CHANGE says all anew."""
    existing_nullable: bool | None = None
    existing_default: Expression | Unset | None = UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateIndex(TableOperation):
    index: Index
    concurrently: bool = False
    if_not_exists: bool = False
    storage: str = ""
    """What stands behind its keys: "WITH (fillfactor = 70)"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIndex(Operation):
    index: QualifiedName
    table: QualifiedName | None = None
    concurrently: bool = False
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameIndex(Operation):
    index: QualifiedName
    new_name: str
    if_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddConstraint(TableOperation):
    constraint: AnyConstraint
    using_index: str | None = None


ConstraintKind: TypeAlias = Literal["primary", "unique", "foreignkey", "check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropConstraint(TableOperation):
    constraint: str | None
    """None where the script passes None."""
    kind: ConstraintKind | None = None
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameConstraint(TableOperation):
    constraint: str
    new_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidateConstraint(TableOperation):
    constraint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNotNull(TableOperation):
    """NOT NULL … NOT VALID: what is there already is checked by a ValidateConstraint (PostgreSQL 18)."""

    column: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachPartition(TableOperation):
    partition: QualifiedName
    bound: str | None = None
    """Which rows it holds, as written: "FOR VALUES IN (1)", "DEFAULT"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachPartition(TableOperation):
    partition: QualifiedName
    concurrently: bool = False
    finalize: bool = False


SOME_VERSIONS: Final = "if SQLAlchemy is "
"""How the condition begins under which only some versions emit an operation, where it is not known which one runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateEnum(Operation):
    enum: EnumType
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AddEnumValue(Operation):
    enum: QualifiedName
    value: str
    before: str | None = None
    after: str | None = None
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameEnumValue(Operation):
    enum: QualifiedName
    value: str
    new_value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameType(Operation):
    type: QualifiedName
    new_name: QualifiedName


@dataclass(frozen=True, slots=True, kw_only=True)
class DropType(Operation):
    type: QualifiedName
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateView(Operation):
    view: View
    replace: bool = False
    if_not_exists: bool = False
    with_data: bool = True
    """A materialized view is filled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropView(Operation):
    view: QualifiedName
    if_exists: bool = False
    cascade: bool = False
    is_materialized: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSequence(Operation):
    sequence: Sequence
    if_not_exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropSequence(Operation):
    sequence: QualifiedName
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert(TableOperation):
    rows: Contents = None
    """The rows as the script writes them down."""
    source: QualifiedName | None = None
    """The table that a query takes the rows from."""
    into: tuple[str, ...] = ()
    """The columns that are written, as far as they are named."""
    reads: tuple[QualifiedName, ...] = ()
    """The tables that a query takes the rows from."""
    predicate: Expression | None = None
    """What the query asks of them."""
    texts: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """The strings that it writes, each with its column, as far as they are known."""
    skips_present: bool = False
    """A row that is there already is left or updated: ON CONFLICT, OR IGNORE, a query that looks for it."""
    is_flushed: bool = field(default=False, compare=False)
    """A session writes it when it flushes, in one statement with others for the table (SQLAlchemy 2.0, "Insert Many
    Values Behavior for INSERT statements")."""
    sql: str = field(default="", compare=False)
    """The statement, where it is one of its own; empty where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update(TableOperation):
    columns: tuple[str, ...] = ()
    where: Expression | None = None
    rows: Contents = None
    """What the table holds afterwards, where that is known."""
    reads: tuple[QualifiedName, ...] = ()
    """The other tables that it reads."""
    sql: str = field(default="", compare=False)
    """The statement, where it is one of its own; empty where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete(TableOperation):
    where: Expression | None = None
    rows: Contents = None
    """What the table holds afterwards, where that is known."""
    reads: tuple[QualifiedName, ...] = ()
    """The other tables that it reads."""
    sql: str = field(default="", compare=False)
    """The statement, where it is one of its own; empty where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetParameter(Operation):
    """SET name = value: a session setting, or with `is_local` one of the transaction."""

    name: str
    value: str
    is_local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSql(Operation):
    """A statement with no operation of its own: its kind ("CREATE FUNCTION") and the tables it names."""

    sql: str
    kind: str
    tables: tuple[QualifiedName, ...] = ()
    objects: tuple[QualifiedName, ...] = ()
    """What it creates, alters or drops, where that is an extension, a domain, a function and the like; of a sequence
    that is renamed both names."""
    altered: tuple[str, ...] = ()
    """The columns of the table that it changes."""
    options: frozenset[str] = frozenset()
    """The words that decide what it does to a database: "ONLY", "CASCADE", a lock mode, names of storage parameters."""
    functions: tuple[str, ...] = ()
    """The functions that a query calls, in lower case."""
    predicate: Expression | None = None
    """What a query asks of the rows it reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opaque(Operation):
    """Something that could not be resolved; unknown is not ok, so it is counted and can be listed."""

    reason: str
    tables: tuple[QualifiedName, ...] = ()
    """What it is known to touch; empty: that is not known."""
    may_create: bool = True
    """False where it can only take something away."""
    is_unbounded: bool = False
    """It may have done anything to any table, not one thing to one that is not known."""
    changes_schema: bool = True
    """False where what is known of it shows that it only reads or writes rows."""
