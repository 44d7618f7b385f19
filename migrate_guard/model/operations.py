"""What a revision does to a database, one frozen class an operation.

Whatever a script writes (an `op` directive, a batch block, a Core construct, raw SQL) becomes these.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar, Final, Literal, TypeAlias

from msgspec import Struct

from migrate_guard.model.comparing import PartlyCompared
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


class Operation(PartlyCompared, frozen=True, kw_only=True):
    uncompared: ClassVar[frozenset[str]] = frozenset({"row_loop", "text"})

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
    row_loop: RowLoop | None = None
    """The loop over rows of the database that runs it again and again."""
    text: str = ""
    """Its statement as the script writes it, with every part of it, where that is SQL."""


class TableOperation(Operation, frozen=True, kw_only=True):
    table: QualifiedName
    only: bool = False
    """ONLY: the table itself; its partitions and heirs do not follow."""
    if_table_exists: bool = False
    """ALTER TABLE IF EXISTS."""


class Like(Struct, frozen=True):
    """LIKE among the columns of a CREATE TABLE: those of another table, as they are now."""

    table: QualifiedName
    place: int = 0
    """How many columns stand before them."""
    including: tuple[str, ...] = ()
    """What it takes along: "DEFAULTS", "INDEXES"."""


class CreateTable(Operation, frozen=True, kw_only=True):
    table: Table
    if_not_exists: bool = False
    reads: tuple[QualifiedName, ...] = ()
    """The tables that LIKE or a query names."""
    copies_rows: bool = False
    """It is filled by the query: AS without WITH NO DATA, SELECT INTO."""
    likes: tuple[Like, ...] = ()
    storage: str = ""
    """What stands behind its columns: "ENGINE=InnoDB", "WITH (fillfactor = 70)"."""


class DropTable(TableOperation, frozen=True, kw_only=True):
    if_exists: bool = False
    cascade: bool = False
    keeps_references: bool = False
    """The database lets go of a table to which foreign keys of others refer, and keeps those: SQLite, MySQL."""


class RenameTable(TableOperation, frozen=True, kw_only=True):
    new_name: QualifiedName


class RecreateTable(TableOperation, frozen=True, kw_only=True):
    """Batch mode copies the table into a new one, which does not keep everything."""

    copy: Table | None
    """What becomes of it before the block changes anything; None where the history does not know the table."""


class AddColumn(TableOperation, frozen=True, kw_only=True):
    column: Column
    constraints: tuple[AnyConstraint, ...] = ()
    """What comes with the column: ForeignKey, unique=True, CheckConstraint. Alembic emits a statement for each."""
    indexes: tuple[Index, ...] = ()
    if_not_exists: bool = False
    inline_references: bool = False
    is_key_left_out: bool = False
    """`primary_key=True`, for which Alembic writes nothing."""


class DropColumn(TableOperation, frozen=True, kw_only=True):
    column: str
    if_exists: bool = False
    cascade: bool = False


class AlterColumn(TableOperation, frozen=True, kw_only=True):
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
    redefines: bool = False
    """MODIFY or CHANGE of MySQL, which tells the column anew: what it does not say is gone afterwards."""
    is_serial: bool = False
    """With `redefines`: it says AUTO_INCREMENT."""

    @property
    def told_default(self) -> Expression | None:
        """With `redefines`: the default that the column has afterwards."""
        told = self.existing_default if self.modify_default is UNSET else self.modify_default
        return None if told is UNSET else told

    @property
    def told_nullable(self) -> bool:
        """With `redefines`: whether the column may be NULL afterwards, which it may where nothing is said."""
        told = self.existing_nullable if self.modify_nullable is None else self.modify_nullable
        return told is not False

    @property
    def told_comment(self) -> str | None:
        """With `redefines`: the comment that the column has afterwards."""
        told = self.existing_comment if self.modify_comment is UNSET else self.modify_comment
        return None if told is UNSET else told


class RenameColumn(TableOperation, frozen=True, kw_only=True):
    column: str
    new_name: str
    existing_type: Type | None = None
    """What the script says that the column is, which Alembic has to be told for MySQL: its CHANGE says all anew."""
    existing_nullable: bool | None = None
    existing_default: Expression | Unset | None = UNSET
    existing_comment: str | Unset | None = UNSET
    collation: str | None = None
    redefines: bool = False
    """CHANGE of MySQL, as with `AlterColumn`."""
    is_serial: bool = False

    @property
    def redefinition(self) -> AlterColumn:
        """With `redefines`: what it says beside the new name."""
        return AlterColumn(
            span=self.span,
            condition=self.condition,
            is_tolerated=self.is_tolerated,
            table=self.table,
            column=self.column,
            existing_type=self.existing_type,
            existing_nullable=self.existing_nullable,
            existing_default=self.existing_default,
            existing_comment=self.existing_comment,
            collation=self.collation,
            redefines=True,
            is_serial=self.is_serial,
        )


class CreateIndex(TableOperation, frozen=True, kw_only=True):
    index: Index
    concurrently: bool = False
    if_not_exists: bool = False
    storage: str = ""
    """What stands behind its keys: "WITH (fillfactor = 70)"."""


class DropIndex(Operation, frozen=True, kw_only=True):
    index: QualifiedName
    table: QualifiedName | None = None
    concurrently: bool = False
    if_exists: bool = False


class RenameIndex(Operation, frozen=True, kw_only=True):
    index: QualifiedName
    new_name: str
    if_exists: bool = False


class AddConstraint(TableOperation, frozen=True, kw_only=True):
    constraint: AnyConstraint
    using_index: str | None = None


ConstraintKind: TypeAlias = Literal["primary", "unique", "foreignkey", "check"]


class DropConstraint(TableOperation, frozen=True, kw_only=True):
    constraint: str | None
    """None where the script passes None."""
    kind: ConstraintKind | None = None
    if_exists: bool = False
    cascade: bool = False


class RenameConstraint(TableOperation, frozen=True, kw_only=True):
    constraint: str
    new_name: str


class ValidateConstraint(TableOperation, frozen=True, kw_only=True):
    constraint: str


class AddNotNull(TableOperation, frozen=True, kw_only=True):
    """NOT NULL … NOT VALID: what is there already is checked by a ValidateConstraint (PostgreSQL 18)."""

    column: str
    name: str | None = None


class AttachPartition(TableOperation, frozen=True, kw_only=True):
    partition: QualifiedName
    bound: str | None = None
    """Which rows it holds, as written: "FOR VALUES IN (1)", "DEFAULT"."""


class DetachPartition(TableOperation, frozen=True, kw_only=True):
    partition: QualifiedName
    concurrently: bool = False
    finalize: bool = False


SOME_VERSIONS: Final = "if SQLAlchemy is "
"""How the condition begins under which only some versions emit an operation, where it is not known which one runs."""


class CreateEnum(Operation, frozen=True, kw_only=True):
    enum: EnumType
    if_not_exists: bool = False


class AddEnumValue(Operation, frozen=True, kw_only=True):
    enum: QualifiedName
    value: str
    before: str | None = None
    after: str | None = None
    if_not_exists: bool = False


class RenameEnumValue(Operation, frozen=True, kw_only=True):
    enum: QualifiedName
    value: str
    new_value: str


class RenameType(Operation, frozen=True, kw_only=True):
    type: QualifiedName
    new_name: QualifiedName


class DropType(Operation, frozen=True, kw_only=True):
    type: QualifiedName
    if_exists: bool = False
    cascade: bool = False


class CreateView(Operation, frozen=True, kw_only=True):
    view: View
    replace: bool = False
    if_not_exists: bool = False
    with_data: bool = True
    """A materialized view is filled."""


class DropView(Operation, frozen=True, kw_only=True):
    view: QualifiedName
    if_exists: bool = False
    cascade: bool = False
    is_materialized: bool = False


class CreateSequence(Operation, frozen=True, kw_only=True):
    sequence: Sequence
    if_not_exists: bool = False


class DropSequence(Operation, frozen=True, kw_only=True):
    sequence: QualifiedName
    if_exists: bool = False
    cascade: bool = False


class Insert(TableOperation, frozen=True, kw_only=True):
    uncompared: ClassVar[frozenset[str]] = Operation.uncompared | {"is_flushed", "sql", "texts"}

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
    texts: tuple[tuple[str, str], ...] = ()
    """The strings that it writes, each with its column, as far as they are known."""
    skips_present: bool = False
    """A row that is there already is left or updated: ON CONFLICT, OR IGNORE, a query that looks for it."""
    is_flushed: bool = False
    """A session writes it when it flushes, in one statement with others for the table (SQLAlchemy 2.0, "Insert Many
    Values Behavior for INSERT statements")."""
    sql: str = ""
    """The statement, where it is one of its own; empty where that is not known."""


class Update(TableOperation, frozen=True, kw_only=True):
    uncompared: ClassVar[frozenset[str]] = Operation.uncompared | {"sql"}

    columns: tuple[str, ...] = ()
    where: Expression | None = None
    rows: Contents = None
    """What the table holds afterwards, where that is known."""
    reads: tuple[QualifiedName, ...] = ()
    """The other tables that it reads."""
    sql: str = ""
    """The statement, where it is one of its own; empty where that is not known."""


class Delete(TableOperation, frozen=True, kw_only=True):
    uncompared: ClassVar[frozenset[str]] = Operation.uncompared | {"sql"}

    where: Expression | None = None
    rows: Contents = None
    """What the table holds afterwards, where that is known."""
    reads: tuple[QualifiedName, ...] = ()
    """The other tables that it reads."""
    sql: str = ""
    """The statement, where it is one of its own; empty where that is not known."""


class SetParameter(Operation, frozen=True, kw_only=True):
    """SET name = value: a session setting, or with `is_local` one of the transaction."""

    name: str
    value: str
    is_local: bool = False


class RawSql(Operation, frozen=True, kw_only=True):
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


class Opaque(Operation, frozen=True, kw_only=True):
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
