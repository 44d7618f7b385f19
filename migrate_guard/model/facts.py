"""What a script does besides its operations: what it imports, when it runs, whom it asks, what it leaves to others.

Interpreting a direction of a script collects these (`Run.facts`); rules about scripts read them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from migrate_guard.model.queries import Query
from migrate_guard.model.source import Span


class Fact(Struct, frozen=True, kw_only=True):
    span: Span
    condition: str | None = None
    """Why it may not be so: the source of a condition that could not be decided."""


ApplicationKind: TypeAlias = Literal[
    "model", "metadata", "table", "name", "enum", "settings", "session", "constant", "code"
]
"""What a name of the application stands for.

name: a model of which no more is taken than the name of its table; code: a function or class that is handed the
database.
"""


class ApplicationUse(Fact, frozen=True, kw_only=True):
    """A use of a name that belongs to the application, not to the migrations; `span` is where it is imported."""

    name: str
    """Dotted: "shop.models.User"."""
    local: str
    """As the script calls it: "User", "models.User"."""
    kind: ApplicationKind
    value: str = ""
    """Of a constant, how it is written; of a model or table, the name of its table."""
    members: tuple[tuple[str, str], ...] = ()
    """Of an enumeration, the names and values as they are written; of a table, its columns with no value."""


class LiveMetadata(Fact, frozen=True, kw_only=True):
    """`create_all()` or `drop_all()` of a MetaData that lies outside the script."""

    action: Literal["create_all", "drop_all"]
    receiver: str
    """As it is written: "Base.metadata"."""
    origin: str = ""
    """The dotted name of what the script imports it with."""


OrmPart: TypeAlias = Literal["objects", "columns", "names"]


class OrmUse(Fact, frozen=True, kw_only=True):
    """An ORM session; `span` is where it is opened."""

    call: str
    """What makes it ORM: "query", "add"; of a query also what is made of it: "all", "update"."""
    at: Span
    """Where that is written, or the query that it is made of."""
    model: str = ""
    takes: OrmPart = "objects"
    """Whole objects; columns that are picked; or names alone: a change that the database makes by itself."""
    is_tolerated: bool = False
    """The script goes on where it fails."""


class ImportTimeCall(Fact, frozen=True, kw_only=True):
    """A call of a directive while the script is imported."""

    call: str
    """"op.execute"."""
    has_effect: bool = True
    """It changes the database; else it only needs one."""
    is_tolerated: bool = False
    """Whether the script goes on where there is no migration to run in."""


class OutsideDecision(Fact, frozen=True, kw_only=True):
    """Something outside the script and the database decides which operations run, or what they are."""

    source: str
    """"the environment variable SHARDS", "the clock"."""
    decides: Literal["run", "text", "program"]
    """Whether operations run; what one of them is; all that another program does."""
    deed: str = ""
    """What it decides about: `adds "users.email"`, "op.add_column()"."""


class ColonBind(Fact, frozen=True, kw_only=True):
    """A `:name` in a SQL text that SQLAlchemy takes for a parameter, and that nobody gives a value."""

    names: tuple[str, ...]
    """Without the colon."""
    sql: str = ""
    """The text that is executed, where it is known; empty in a piece of DDL."""
    is_sent: bool = True
    """The text is executed; else it is a piece of DDL, into which SQLAlchemy writes NULL."""


TransactionAction: TypeAlias = Literal["commit", "driver commit", "rollback", "begin", "engine"]


class TransactionCall(Fact, frozen=True, kw_only=True):
    """A call that ends or begins a transaction on the connection of the migration, or one of an engine beside it."""

    action: TransactionAction
    call: str
    """As it is written: "connection.commit()"."""


class RowsLoaded(Fact, frozen=True, kw_only=True):
    """All rows that a query gives become a list; `span` is where."""

    call: str
    """How: "fetchall", "all", "list"."""
    query: Query


class RowsWritten(Fact, frozen=True, kw_only=True):
    """Values that were read from the database are written to it; `span` is where they are sent."""


class BuiltSql(Fact, frozen=True, kw_only=True):
    """A SQL text that is executed, in which a value stands that is not written in the script."""

    sql: str
    """With a mark in the place of each such value."""
    source: str
    """What it comes from: "the environment variable SHARDS"; empty: rows of the database."""
    holes: tuple[bool, ...] = ()
    """Which marks stand for such a value, and not for what else is not known; empty: that is not told."""


OnlineReason: TypeAlias = Literal["rows", "inspector", "session", "batch"]


class OnlineOnly(Fact, frozen=True, kw_only=True):
    """Something that needs a database to answer, on a way that `alembic upgrade --sql` takes, too."""

    reason: OnlineReason
    call: str = ""
