"""What env.py and the configuration of an Alembic environment say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from migrate_guard.model.source import Span

TransactionMode: TypeAlias = Literal["per-revision", "single", "none"]


@dataclass(frozen=True, slots=True)
class SessionSetting:
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


@dataclass(frozen=True, slots=True)
class AdvisoryLock:
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


@dataclass(frozen=True, slots=True)
class Environment:
    """One Alembic environment as rules see it; paths are those that findings print."""

    script_location: str
    """The folder of env.py, or of the scripts where there is none."""
    config_path: str | None = None
    env_path: str | None = None
    url: str | None = None
    databases: tuple[str, ...] = ()
    """The engine names of a multidb environment."""
    version_table: str = "alembic_version"
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
    settings: tuple[SessionSetting, ...] = ()
    advisory_locks: tuple[AdvisoryLock, ...] = ()
    is_autocommit: bool = False
    """The engine or the connection runs with `isolation_level="AUTOCOMMIT"`."""
    is_handed_connection: bool = False
    """env.py opens no connection: who starts Alembic hands it one, whose isolation level is not known."""

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
