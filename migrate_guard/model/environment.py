"""What env.py and the configuration of an Alembic environment say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

from migrate_guard.model.revision import Suppression, UnreadableScript
from migrate_guard.model.source import Span

TransactionMode: TypeAlias = Literal["per-revision", "single", "none"]


class SessionSetting(Struct, frozen=True):
    """A parameter of the session that env.py or the connection sets before revisions run."""

    name: str
    """In lower case: `lock_timeout`."""
    value: str
    """As PostgreSQL would read it: `5s`, `5000`, `0`; empty where it could not be computed."""
    span: Span
    source: Literal["connection", "statement"]
    """`connection`: an option of the connection, which RESET gives back; `statement`: a SET that env.py executes."""
    is_local: bool = False
    """SET LOCAL, which ends with the transaction."""
    is_repeated: bool = False
    """A listener executes it in every transaction."""
    is_in_transaction: bool = True
    """Executed after Alembic has entered its transaction; before, it opens one that Alembic then does not own."""


class AdvisoryLock(Struct, frozen=True):
    """A call of one of PostgreSQL's advisory lock functions in env.py."""

    function: str
    span: Span
    is_waiting: bool
    """Blocks until it is granted: not a `pg_try_…`."""
    is_in_transaction: bool
    """A transaction of the session is open while it waits."""

    @property
    def is_kept(self) -> bool:
        """One session holds it until it gives it back or ends; those of transactions go with an autocommit block."""
        return not self.function.endswith(("_xact_lock", "_shared"))


class Uncommitted(Struct, frozen=True):
    """What SQLAlchemy begins a transaction for that nobody commits: a statement of env.py, or the revisions."""

    span: Span
    condition: str | None = None
    """Why it may not be executed: the source of a condition that could not be decided."""
    committed: str = ""
    """The statement with a commit behind it, as Python; empty where it is no statement of its own."""
    is_of_revisions: bool = False
    """It is the call of `context.run_migrations`, outside of `context.begin_transaction()`."""


class ConfiguredUrl(Struct, frozen=True):
    """The URL of a database as the configuration or env.py spells it out, without its password."""

    span: Span
    dialect: str
    driver: str | None = None
    user: str = ""
    host: str = ""
    port: int | None = None
    database: str = ""
    options: tuple[str, ...] = ()
    """The names of what stands behind its question mark."""
    has_secret: bool = False
    """It carries a password, and that is no placeholder."""
    is_used: bool = False
    """env.py makes an engine with it."""


class UnloadedModels(Struct, frozen=True):
    """A module of the project with tables of env.py's MetaData, which nothing that env.py imports leads to."""

    path: str
    module: str
    tables: tuple[str, ...]
    span: Span
    """The first of them."""


MetadataKind: TypeAlias = Literal["none", "known", "unknown"]


class Environment(Struct, frozen=True):
    """One Alembic environment as rules see it; paths are those that findings print."""

    script_location: str
    """The folder of env.py, or of the scripts where there is none."""
    config_path: str | None = None
    env_path: str | None = None
    unreadable: UnreadableScript | None = None
    """env.py, where it cannot be decoded or parsed; then all that only it could tell is left at its default."""
    url: str | None = None
    databases: tuple[str, ...] = ()
    """The engine names of a multidb environment."""
    urls: tuple[ConfiguredUrl, ...] = ()
    """Those of the configuration, and those that env.py makes engines with."""
    version_table: str = "alembic_version"
    version_table_schema: str | None = None
    include_schemas: bool = False
    """Autogenerate compares the tables of every schema."""
    target_metadata: MetadataKind = "unknown"
    """Whether env.py passes MetaData on: "none" where it says None or nothing."""
    not_compared: tuple[tuple[str, Span], ...] = ()
    """The options of `context.configure` that say False to a comparison of autogenerate, and where."""
    unloaded: tuple[UnloadedModels, ...] = ()
    naming_convention: Mapping[str, str] = field(default_factory=dict)
    """The convention of the MetaData that env.py passes to `context.configure`."""
    knows_naming_convention: bool = False
    """Whether that MetaData could be found; else unnamed constraints may have any name."""
    widens_version_table: bool = False
    """env.py makes the version table's column wider than Alembic's VARCHAR(32)."""
    transactions: TransactionMode = "single"
    """Which transactions Alembic runs revisions in, as the way through env.py leads to it.

    By default it is one for all on PostgreSQL, and one each where Alembic does not count on transactional DDL, as on
    MySQL and SQLite, which may commit some statements by themselves (`MigrationContext.begin_transaction` of
    alembic/runtime/migration.py, `transactional_ddl` in alembic/ddl/*.py, 1.20).
    """
    knows_transactions: bool = True
    """Whether that could be computed; else it is the default."""
    configure_span: Span | None = None
    """The call of `context.configure` on the online way."""
    configure_code: str = ""
    """That call as env.py has it; empty where it stands in another file."""
    is_in_transaction: bool = False
    """A transaction is open when env.py calls `context.configure`: Alembic runs everything in it."""
    uncommitted: Uncommitted | None = None
    takes_lock: bool = False
    """env.py takes a lock that keeps a second run out: an advisory lock, or one on the version table."""
    has_statement_cache: bool = False
    """The driver prepares statements on the server and executes them by name: asyncpg, unless it is told not to."""
    settings: tuple[SessionSetting, ...] = ()
    advisory_locks: tuple[AdvisoryLock, ...] = ()
    is_autocommit: bool = False
    """The engine or the connection runs with `isolation_level="AUTOCOMMIT"`."""
    begins_for_driver: bool = False
    """A listener of `begin` sends BEGIN itself, as SQLAlchemy advises for SQLite, where the driver does not for DDL."""
    is_handed_connection: bool = False
    """env.py opens no connection: who starts Alembic hands it one, whose isolation level is not known."""
    suppressions: tuple[Suppression, ...] = ()
    """The ignore comments of env.py and of the configuration."""

    def setting(self, name: str) -> SessionSetting | None:
        """The last setting of that name that counts for every revision: SET LOCAL ends with the first transaction."""
        is_one = self.transactions == "single"
        return next(
            (
                each
                for each in reversed(self.settings)
                if each.name == name and (is_one or not each.is_local or each.is_repeated)
            ),
            None,
        )
