"""Put generated rows into tables: those that others refer to first, those of a cycle together."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from .asking import Database, components, tried
from .shape import Reference, Table
from .statements import execute, insert, literal, named, rows_equal
from .units import DISTINCT, SPARSE, TELLING, Aim, Choice, Defies, Row, rows, units
from .values import distinct

if TYPE_CHECKING:
    pass

_MOST = 8
"""How many times as many rows as are asked for a table gets, for columns that come later than its rows."""


class Filled(NamedTuple):
    """What came of filling the tables of a database."""

    inserted: dict[str, int]
    """How many rows were made, by table."""
    defied: dict[str, str]
    """Tables that no row could be made for, and why, in the database's words where it has any."""


class Filling:
    """One run over the tables of a database."""

    def __init__(self, database: Database, tables: Sequence[Table], count: int, seed: int) -> None:
        self._database = database
        self._tables = {table.name: table for table in tables}
        self._count = count
        self._seed = seed
        held = database.counts(tables, _MOST * count)
        self._have = {name: each.number for name, each in held.items()}
        self._bare = {
            name for name, each in held.items() if count <= each.number < _MOST * count and each.has_bare_column
        }
        self._keys: dict[tuple[str, tuple[str, ...]], list[Choice]] = {}
        self._made: dict[str, list[Row]] = {}
        self._defied: dict[str, str] = {}

    def run(self) -> Filled:
        """Fill every table that has too few rows, and those that have none with a value in some column."""
        for component in components(list(self._tables.values())):
            wanting = [table for table in component if self._have[table.name] < self._count]
            if len(component) > 1 and wanting:
                self._fill_cycle(wanting)
            else:
                for table in wanting:
                    self._fill(table, table.references, {})
            for table in component:
                if table.name in self._bare:
                    self._fill(table, table.references, {})
        return Filled({name: len(made) for name, made in self._made.items() if made}, self._defied)

    def _marked(self, table: Table, row: Row) -> str:
        names = table.primary_key if table.primary_key and all(name in row for name in table.primary_key) else row
        return rows_equal(self._database.dialect, table, row, list(names))

    def _fill(self, table: Table, references: Sequence[Reference], given: dict[Reference, list[Choice]]) -> None:
        """Fill one table, by its own rows where all is well, else by others; name it when there is no way."""
        if table.partitions is not None:
            if not table.partitions:
                self._defied[table.name] = "it has no partition that could hold a row"
            return
        reason = ""
        made = self._made.setdefault(table.name, [])
        wanted = self._count if table.name in self._bare else self._count - self._have[table.name]
        for manner in (TELLING, DISTINCT, SPARSE):
            try:
                planned = self._planned(table, references, given, manner, wanted - len(made))
            except Defies as defied:
                reason = reason or str(defied)
                continue
            done, said = self._inserted(table, planned)
            made += done
            reason = reason or said
            if len(made) >= wanted or (done and not said):
                break
        if made:
            self._have[table.name] += len(made)
        elif not self._have[table.name]:
            self._defied[table.name] = reason or "its keys leave no room for a row"

    def _planned(
        self,
        table: Table,
        references: Sequence[Reference],
        given: dict[Reference, list[Choice]],
        manner: int,
        wanted: int,
    ) -> list[Row]:
        """Think rows out. `references` are those of the foreign keys that are followed now: others stay NULL."""
        salt = self._have[table.name] + self._seed % 100 + 50 * manner
        aim = Aim(wanted, salt, manner, Random(f"{self._seed} {table.name} {manner}"))
        parents = {
            reference: given[reference]
            if reference in given
            else self._parents(reference)
            if reference in references
            else []
            for reference in table.references
            if reference.target != table.name
        }
        return rows(table, units(table, aim, parents, self._database.holding), aim)

    def _parents(self, reference: Reference) -> list[Choice]:
        at = (reference.target, reference.target_columns)
        if reference.target not in self._tables:
            return []
        if at not in self._keys:
            self._keys[at] = self._database.keys(self._tables[reference.target], reference.target_columns)
        return self._keys[at]

    def _inserted(self, table: Table, planned: list[Row]) -> tuple[list[Row], str]:
        """Insert rows together, and one by one when they are refused; return those that are in and what was said."""
        said = ""
        if len(planned) > 1 and planned[0]:
            touched, said = self._tried(insert(self._database.dialect, table, planned))
            if touched == len(planned):
                return planned, ""
            if not said:
                return planned[:touched], _KEPT_AWAY if touched == 0 else ""
        done: list[Row] = []
        for row in planned:
            touched, why = self._tried(insert(self._database.dialect, table, [row]))
            if touched:
                done.append(row)
            said = why or said or ("" if touched else _KEPT_AWAY)
        return done, said

    def _tried(self, sql: str) -> tuple[int, str]:
        return tried(self._database, sql)

    def _fill_cycle(self, tables: list[Table]) -> None:
        """Fill tables that refer to each other in a circle: first without the references that may be NULL."""
        names = {table.name for table in tables}
        open_ones = {
            table.name: [one for one in table.references if one.target in names and not self._may_wait(table, one)]
            for table in tables
        }
        lean = [table._replace(references=tuple(open_ones[table.name])) for table in tables]
        for component in components(lean):
            whole = [self._tables[table.name] for table in component]
            if len(whole) > 1:
                self._fill_together(whole, open_ones)
                continue
            (table,) = whole
            self._fill(
                table, [one for one in table.references if one.target not in names or one in open_ones[table.name]], {}
            )
        for table in tables:
            for reference in table.references:
                if reference.target in names - {table.name} and reference not in open_ones[table.name]:
                    self._refer(table, reference)

    def _may_wait(self, table: Table, reference: Reference) -> bool:
        return any(column.is_nullable for column in table.columns if column.name in reference.columns)

    def _fill_together(self, tables: list[Table], open_ones: dict[str, list[Reference]]) -> None:
        """Fill tables none of which can be first.

        PostgreSQL checks foreign keys when a statement ends, also one with INSERTs in WITH (manual, "CREATE TABLE",
        DEFERRABLE: "checked after every command"); SQLite by PRAGMA defer_foreign_keys at the end of a transaction.
        MySQL checks every row at once: nobody can fill such tables there.
        """
        names = {table.name for table in tables}
        planned: list[tuple[Table, list[Row]]] = []
        try:
            for table in tables:
                given = {one: self._foreseen(one) for one in table.references if one.target in names - {table.name}}
                waiting = [one for one in table.references if one.target not in names]
                planned.append((table, self._planned(table, waiting, given, TELLING, self._count)))
        except Defies as defied:
            self._defied.update({name: str(defied) for name in names})
            return
        said = self._inserted_together(planned)
        for table, made in planned:
            if said:
                self._defied[table.name] = said
            else:
                self._made[table.name] = made
                self._have[table.name] = len(made)

    def _foreseen(self, reference: Reference) -> list[Choice]:
        """Return the keys that the rows of a table are going to have."""
        table = self._tables[reference.target]
        types = {column.name: column.type for column in table.columns}
        salt = self._have[table.name] + self._seed % 100
        found: list[Choice] = []
        for number in range(salt, salt + self._count):
            values = tuple(
                distinct(types[name], number) if name in types else None for name in reference.target_columns
            )
            if None not in values:
                found.append(values)
        return found

    def _inserted_together(self, planned: list[tuple[Table, list[Row]]]) -> str:
        dialect = self._database.dialect
        inserts = [insert(dialect, table, made) for table, made in planned]
        if dialect == "postgresql":
            parts = ", ".join(f"migrate_guard_{place} AS ({sql})" for place, sql in enumerate(inserts))
            return self._tried(f"WITH {parts} SELECT 1")[1]
        if dialect == "mysql":
            return "it is in a circle of references, none of which can be NULL"
        said = ""
        for sql in ["SAVEPOINT migrate_guard", "PRAGMA defer_foreign_keys = ON", *inserts]:
            said = said or self._tried(sql)[1]
        if not said and self._database.has_broken_references([table for table, _ in planned]):
            said = "FOREIGN KEY constraint failed"
        for sql in [*(["ROLLBACK TO migrate_guard"] if said else []), "RELEASE migrate_guard"]:
            said = said or self._tried(sql)[1]
        execute(self._database.connection, "PRAGMA defer_foreign_keys = OFF")
        return said

    def _refer(self, table: Table, reference: Reference) -> None:
        """Give a reference that had to wait to rows that were made without it; one of them goes on without."""
        parents = self._parents(reference)
        names = {column.name for column in table.columns if column.is_nullable}
        for place, row in enumerate(self._made.get(table.name, [])):
            if place == 1 or not parents:
                continue
            parent = parents[place % len(parents)]
            changed = {name: value for name, value in zip(reference.columns, parent) if name in names}
            if any(row.get(name) != value for name, value in zip(reference.columns, parent) if name not in names):
                continue
            where = self._marked(table, row)
            dialect = self._database.dialect
            types = {column.name: column.type for column in table.columns}
            assignments = ", ".join(
                f"{named(dialect, name)} = {literal(dialect, types[name], value)}" for name, value in changed.items()
            )
            if self._tried(f"UPDATE {table.sql} SET {assignments} WHERE {where}")[0]:
                row.update(changed)


_KEPT_AWAY = "a trigger or a rule keeps rows out of it"
