"""What a statement meets, and how MySQL and MariaDB alter a table there: the algorithm, the lock, what is rewritten."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, Algorithm, Answer, Effects, Verdict
from migrate_guard.model.locks import OnlineLock
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import Column, Schema, Table
from migrate_guard.model.target import Target

INSTANT, NOCOPY, INPLACE, COPY = Algorithm
NONE, SHARED, EXCLUSIVE = OnlineLock


class Way(NamedTuple):
    """How a table is altered."""

    algorithm: Algorithm
    lock: OnlineLock = NONE
    rewrites: str = ""
    """Why every row is written anew; empty: none is."""
    builds: str = ""
    """Why an index is built."""
    is_certain: bool = True

    @property
    def answer(self) -> Verdict:
        return Verdict.YES if self.is_certain else Verdict.DEPENDS


AT_ONCE: Final = Way(INSTANT)


def heavier(ways: list[Way]) -> Way:
    """The way in which all is done that these do by themselves."""
    if not ways:
        return AT_ONCE
    return max(ways, key=lambda each: (each.algorithm, each.lock, each.is_certain))


class Scene(Struct, frozen=True):
    """Where a statement runs."""

    schema: Schema
    target: Target
    statement: tuple[ops.Operation, ...] = ()
    """All that the statement does, the operation in question among it."""
    checks_foreign_keys: bool = True
    """`foreign_key_checks` is on."""

    @property
    def is_mariadb(self) -> bool:
        return self.target.dialect == "mariadb"

    def since(self, *version: int) -> bool:
        """Whether the server is of a version or later; one that was told shortened is the last that it covers."""
        given = self.target.version
        return version[: len(given)] <= given

    def table(self, name: QualifiedName) -> Table | None:
        return self.schema.table(name)

    # -- ways to alter a table

    def copy(self, why: str, table: Table | None, *, is_certain: bool = True) -> Way:
        """A copy of the table, row by row.

        From MariaDB 11.2 on others may write meanwhile, but not where the table has foreign keys that cascade
        (documentation, "Online Schema Change"; MDEV-29068).
        """
        is_online = self.is_mariadb and self.since(11, 2) and table is not None and not _cascades(table)
        return Way(COPY, NONE if is_online else SHARED, why, is_certain=is_certain)

    def rebuild(self, why: str, table: Table | None, *, is_certain: bool = True) -> Way:
        """The table written anew in place, while others write unless an index is in the way."""
        if table is not None and self.is_mariadb:
            special = has_index(table, "fulltext") or has_index(table, "spatial")
            return Way(INPLACE, SHARED if special else NONE, why, is_certain=is_certain)
        if table is not None and has_index(table, "fulltext"):
            return self.copy(f"{why}, and the table has a FULLTEXT index", table, is_certain=is_certain)
        is_spatial = table is not None and has_index(table, "spatial")
        return Way(INPLACE, SHARED if is_spatial else NONE, why, is_certain=is_certain)

    @property
    def index_work(self) -> Algorithm:
        """How an index is built beside its table."""
        return NOCOPY if self.is_mariadb else INPLACE

    def altered(self, name: QualifiedName, way: Way) -> Effects:
        """The effects of altering a table in a way."""
        table = self.table(name)
        indexed = table is not None and (table.indexes or any(True for _ in table.constraints()))
        why, verdict = way.rewrites or way.builds, way.answer
        blocking = f"{way.algorithm}, {way.lock}"
        work = Answer(verdict, (why,), (name,)) if why else NO
        return Effects(
            locks={name: way.lock},
            algorithms={name: way.algorithm},
            blocks_reads=Answer(verdict, (blocking,), (name,)) if way.lock.blocks_reads else NO,
            blocks_writes=Answer(verdict, (blocking,), (name,)) if way.lock.blocks_writes else NO,
            rewrites=work if way.rewrites else NO,
            scans=work,
            rebuilds_index=work if way.rewrites and indexed else NO,
            builds_index=work if way.builds else NO,
            commits=True,
        )


def has_index(table: Table, method: str) -> bool:
    return any(each.method == method for each in table.indexes)


def is_in_key(column: str, table: Table) -> bool:
    """Whether a column is part of the primary key."""
    return table.primary_key is not None and column in table.primary_key.columns


def _is_indexed(column: str, table: Table) -> bool:
    is_key = any(column in each.columns for each in table.unique_constraints)
    return is_key or any(column in each.columns for each in table.indexes)


def is_indexed(column: str, table: Table) -> bool:
    """Whether a column is part of an index besides the primary key."""
    return _is_indexed(column, table) or any(column in each.columns for each in table.foreign_keys)


def _cascades(table: Table) -> bool:
    actions = {action for each in table.foreign_keys for action in (each.ondelete, each.onupdate) if action}
    return any(each.upper() in ("CASCADE", "SET NULL", "SET DEFAULT") for each in actions)


def column_before(operation: ops.AlterColumn | ops.RenameColumn, scene: Scene) -> Column | None:
    """The column as it is before its change, going by what the script says where the history does not tell."""
    table = scene.table(operation.table)
    found = table.column(operation.column) if table else None
    name = operation.column
    for each in scene.statement:
        if isinstance(each, ops.RenameColumn) and each.is_sql and table and each.new_name == name:
            # CHANGE gives the name first, and then says what it is
            found = table.column(each.column) or found
    if found is not None and found.type.is_known:
        return found
    if operation.existing_type is None:
        return None
    given = found or Column(operation.column, operation.existing_type, operation.span, nullable=None)
    nullable = given.nullable if given.nullable is not None else operation.existing_nullable
    return replace(given, type=operation.existing_type, nullable=nullable)
