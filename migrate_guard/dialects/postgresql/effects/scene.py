"""What a statement meets: the schema before it, the server's version, and the rest of the statement.

The locks themselves are put together here, and with them who has to wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from migrate_guard.dialects.names import implicit_name
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, NOTHING, Answer, Effects, together
from migrate_guard.model.generated_names import kind_of
from migrate_guard.model.locks import LockMode
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ExclusionConstraint,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
    View,
)


class Scene(Struct, frozen=True):
    """Where a statement runs."""

    schema: Schema
    version: int
    """The major version of PostgreSQL."""
    statement: tuple[ops.Operation, ...] = ()
    """All that the statement does, the operation in question among it."""
    time_zone: str | None = None
    """The TimeZone of the session; None: not known."""

    # -- relations

    def table(self, name: QualifiedName) -> Table | None:
        return self.schema.table(name)

    def view(self, name: QualifiedName) -> View | None:
        return self.schema.views.get(name)

    def is_absent(self, name: QualifiedName) -> bool:
        """Whether it is certain that there is no relation of this name."""
        if self.table(name) or self.view(name) or name in self.schema.sequences or self.index_table(name):
            return False
        return self.schema.is_closed or name in self.schema.gone

    def children(self, name: QualifiedName) -> Iterator[Table]:
        """The partitions and heirs of a table, not theirs."""
        for heir in self.schema.heirs.get(name, ()):
            yield self.schema.tables[heir]

    def family(self, name: QualifiedName, *, only: bool = False) -> tuple[QualifiedName, ...]:
        """A table with its partitions and heirs, and with theirs."""
        found = [name]
        for each in found:
            if not only:
                found.extend(child.name for child in self.children(each) if child.name not in found)
        return tuple(found)

    def partitions(self, name: QualifiedName) -> tuple[QualifiedName, ...]:
        """A table with its partitions if it is partitioned; heirs are left out."""
        return self.family(name) if self.is_partitioned(name) else (name,)

    def is_partitioned(self, name: QualifiedName) -> bool:
        table = self.table(name)
        return bool(table and table.is_partitioned) or any(each.partition_of == name for each in self.children(name))

    def stored(self, names: Iterable[QualifiedName]) -> tuple[QualifiedName, ...]:
        """Those of some tables that have rows of their own.

        Partitioned tables have none; one of which nobody told a partition stands for those that it has.
        """
        return tuple(each for each in names if not self.is_partitioned(each) or not any(self._parts(each)))

    def _parts(self, name: QualifiedName) -> Iterator[Table]:
        return (each for each in self.children(name) if each.partition_of == name)

    def read_by(self, names: Iterable[QualifiedName]) -> tuple[QualifiedName, ...]:
        """The relations that a query reads in the end: views with what they read; catalogs are nobody's tables."""
        found: list[QualifiedName] = []
        waiting = [each for each in names if not _is_catalog(each)]
        while waiting:
            name = waiting.pop(0)
            if name not in found:
                found.append(name)
                view = self.view(name)
                waiting.extend(view.tables if view and not view.is_materialized else ())
        return tuple(found)

    def views_of(self, name: QualifiedName, column: str | None = None) -> tuple[QualifiedName, ...]:
        """The views that read a relation, and those that read them; with a column, those that may read that."""
        found: list[QualifiedName] = []
        for view in self.schema.views.values():
            if name in view.tables and (column is None or _may_name(view, column)) and view.name not in found:
                found.append(view.name)
                found.extend(each for each in self.views_of(view.name) if each not in found)
        return tuple(found)

    def index_table(self, index: QualifiedName) -> Table | None:
        """The table of an index, also of one that a key is made of."""
        found = self.schema.table_of_index(index.name, index.schema)
        if found is not None:
            return found
        for table in self.schema.tables.values():
            key = table.constraint(index.name) if table.name.schema == index.schema else None
            if key is not None and not isinstance(key, ForeignKey | CheckConstraint):
                return table
            if table.partition_of is not None and index in self._from_parent(table):
                return table
        return None

    def sequences_of(self, table: Table, column: str | None = None) -> tuple[QualifiedName, ...]:
        """The sequences that a table, or one column of it, owns."""
        found = [
            QualifiedName(each.sequence_in(table.name), table.name.schema)
            for each in table.columns
            if (each.is_serial or each.is_identity) and column in (None, each.name)
        ]
        found += [
            sequence.name
            for sequence in self.schema.sequences.values()
            if sequence.owned_by and sequence.owned_by[0] == table.name and column in (None, sequence.owned_by[1])
        ]
        return tuple(dict.fromkeys(found))

    def indexes_of(self, name: QualifiedName) -> tuple[QualifiedName, ...]:
        """The names of the indexes of a relation, those of its keys among them."""
        table = self.table(name)
        if table is None:
            return ()
        keys = (each for each in table.constraints() if not isinstance(each, ForeignKey | CheckConstraint))
        names = [*(each.name for each in keys), *(each.name for each in table.indexes)]
        own = (QualifiedName(each, name.schema) for each in names if each)
        return (*own, *self._from_parent(table))

    def _from_parent(self, table: Table) -> tuple[QualifiedName, ...]:
        """The indexes that a partition has from its parent, under the names that PostgreSQL gives them."""
        parent = self.table(table.partition_of) if table.partition_of else None
        if parent is None:
            return ()
        found: list[str] = []
        for constraint in parent.constraints():
            own = any(
                type(each) is type(constraint) and each.columns == constraint.columns for each in table.constraints()
            )
            if isinstance(constraint, PrimaryKey | UniqueConstraint | ExclusionConstraint) and not own:
                kind = kind_of(constraint)
                found.append(implicit_name(kind, table.name.name, constraint.columns, found, "postgresql") or "")
        for index in parent.indexes:
            columns = [*(each or "expr" for each in index.columns), *index.include]
            if not any(each.columns == index.columns and each.where == index.where for each in table.indexes):
                found.append(implicit_name("index", table.name.name, columns, found, "postgresql") or "")
        return tuple(QualifiedName(each, table.name.schema) for each in found if each)

    def constraint(self, name: QualifiedName, constraint: str | None) -> AnyConstraint | None:
        """A constraint of a table as the statement finds or makes it."""
        table = self.table(name)
        found = table.constraint(constraint) if table and constraint else None
        if found is not None:
            return found
        for each in self.statement:
            if isinstance(each, ops.AddConstraint) and each.table == name and each.constraint.name == constraint:
                return each.constraint
        return None

    def dropped(self, name: QualifiedName) -> frozenset[str | None]:
        """The constraints that the statement itself drops from a table."""
        return frozenset(
            each.constraint for each in self.statement if isinstance(each, ops.DropConstraint) and each.table == name
        )

    # -- locks

    def lock(self, mode: LockMode, *names: QualifiedName) -> Effects:
        """Lock relations; who waits follows from what kind of relation each is."""
        return together(self._locked(mode, name) for name in names)

    def _locked(self, mode: LockMode, name: QualifiedName) -> Effects:
        why = f"{mode} on {name}"
        view = self.view(name)
        is_read = (view is None or view.is_materialized) and name not in self.schema.sequences
        is_written = is_read and view is None
        return Effects(
            locks={name: mode},
            blocks_reads=Answer.yes(why, name) if is_read and mode.blocks_reads else NO,
            blocks_writes=Answer.yes(why, name) if is_written and mode.blocks_writes else NO,
        )

    def lock_sequence(self, mode: LockMode, *names: QualifiedName) -> Effects:
        """Lock sequences, for which nobody waits who only reads or writes tables."""
        return Effects(locks=dict.fromkeys(names, mode))

    def lock_index(self, mode: LockMode, *indexes: QualifiedName) -> Effects:
        """Lock indexes: planning a query locks every index of its tables as the query locks the tables."""
        return together(self._index_locked(mode, each) for each in indexes)

    def _index_locked(self, mode: LockMode, index: QualifiedName) -> Effects:
        table = self.index_table(index)
        about = table.name if table else index
        why = f"{mode} on the index {index}"
        return Effects(
            index_locks={index: mode},
            blocks_reads=Answer.yes(why, about) if mode.blocks_reads else NO,
            blocks_writes=Answer.yes(why, about) if mode.blocks_writes and not self.view(about) else NO,
        )

    # -- work

    def scanning(self, why: str, *names: QualifiedName) -> Effects:
        """Read every row of tables."""
        return Effects(scans=Answer.yes(why, *names)) if names else NOTHING

    def rewriting(self, why: str, *names: QualifiedName) -> Effects:
        """Write tables anew, with all their indexes."""
        if not names:
            return NOTHING
        indexed = [each for each in names if self.indexes_of(each)]
        return Effects(
            rewrites=Answer.yes(why, *names),
            scans=Answer.yes(why, *names),
            rebuilds_index=Answer.yes(why, *indexed) if indexed else NO,
        )

    def building(self, why: str, *names: QualifiedName) -> Effects:
        """Build an index on tables, which reads every row."""
        return Effects(builds_index=Answer.yes(why, *names), scans=Answer.yes(why, *names)) if names else NOTHING


def _is_catalog(name: QualifiedName) -> bool:
    return name.schema in ("information_schema", "pg_catalog") or (name.schema is None and name.name.startswith("pg_"))


def _may_name(view: View, column: str) -> bool:
    """Whether a view may read a column of its tables, going by its text."""
    return view.definition is None or "*" in view.definition or column in view.definition


def index_columns(index: Index) -> frozenset[str]:
    """Every column that an index rests on."""
    expressions = [each.expression for each in index.elements if each.expression]
    if index.where:
        expressions.append(index.where)
    named = {each for each in index.columns if each} | set(index.include)
    return frozenset(named.union(*(each.columns for each in expressions)))


ACCESS_SHARE = LockMode.ACCESS_SHARE
ROW_SHARE = LockMode.ROW_SHARE
ROW_EXCLUSIVE = LockMode.ROW_EXCLUSIVE
SHARE_UPDATE_EXCLUSIVE = LockMode.SHARE_UPDATE_EXCLUSIVE
SHARE = LockMode.SHARE
SHARE_ROW_EXCLUSIVE = LockMode.SHARE_ROW_EXCLUSIVE
EXCLUSIVE = LockMode.EXCLUSIVE
ACCESS_EXCLUSIVE = LockMode.ACCESS_EXCLUSIVE
