"""The states of the scratch databases: filled, looked at, compared, and made anew."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnClause, Connection, column, select, table
from sqlalchemy.exc import DBAPIError

from . import catalog, failures, rows
from .connections import run
from .migrations import Migrations, Step, VersionTable
from .protocol import GivenUp, Job, Planned
from .redirect import Redirect

WORTH_A_COPY = 0.2
"""Seconds that making databases anew takes, from which on a copy of them is kept: one takes about 0.05."""


class State(NamedTuple):
    """What every database holds, but for rows; one of each for each database."""

    heads: tuple[tuple[str, ...], ...]
    catalogs: tuple[Any, ...]


class States:
    """Looks at the databases that the user's environment runs on."""

    def __init__(self, job: Job, redirect: Redirect, migrations: Migrations) -> None:
        self._job, self._redirect, self._migrations = job, redirect, migrations
        self._known: State | None = None
        self._runs = -1
        self._read: dict[str, tuple[Any, Sequence[rows.Table]]] = {}
        """The catalogue of each database when its tables were read, and they."""
        self._copied: Sequence[Planned] = []
        self._copied_state: State | None = None

    def take(self) -> State:
        """The state now; not looked for again while nothing has run."""
        if self._known is None or self._runs != self._migrations.runs:
            place = self._migrations.version_table
            found = [run(each, lambda connection: _look(connection, place)) for each in self._redirect.databases]
            self._known = State(tuple(heads for heads, _ in found), tuple(catalog for _, catalog in found))
            self._runs = self._migrations.runs
        return self._known

    def fill(self, revision: str) -> dict[str, str]:
        """Put rows into every table, and the user's own; return the tables that defy it, and why."""
        job = self._job
        if job.seed_files:
            seeds = Path(job.seed_files)
            try:
                run(self._redirect.databases[0], lambda connection: rows.seed_files(connection, seeds, revision))
            except rows.SeedError as error:
                raise GivenUp("seed", str(error)) from error
            self._known = None
        defied: dict[str, str] = {}
        for database, tables in self._tables():
            filled = run(database, partial(rows.fill, tables=tables, count=job.rows, seed=job.seed))
            defied.update(filled.defied)
        return defied

    def contents(self) -> tuple[Any, ...]:
        """The rows of every database."""
        return tuple(run(database, partial(rows.contents, tables=tables)) for database, tables in self._tables())

    def _tables(self) -> Iterator[tuple[str, Sequence[rows.Table]]]:
        """Every database and its tables, which are what they were as long as its catalogue is."""
        versions = self._migrations.version_table.name
        for database, found in zip(self._redirect.databases, self.take().catalogs):
            known, tables = self._read.get(database, (None, ()))
            if known != found:
                tables = run(database, lambda connection: rows.tables(connection, versions))
                self._read[database] = found, tables
            yield database, tables

    def differences(self, before: State, after: State) -> list[tuple[str, str, str, str | None, str | None]]:
        """What of the catalogues has changed: kind, owner, part, how it was and how it is."""
        if before.catalogs == after.catalogs:
            return []
        return [each for one, other in zip(before.catalogs, after.catalogs) for each in catalog.differences(one, other)]

    def losses(self, before: Sequence[Any]) -> list[Any]:
        """What of those rows and values is no longer there."""
        return [each for one, other in zip(before, self.contents()) for each in rows.lost(one, other)]

    def restore(self, applied: Sequence[Planned]) -> None:
        """Make every database anew, without rows, with these revisions applied; raises GivenUp where one fails."""
        begun, rest = time.monotonic(), self._from_copy(applied)
        try:
            self._migrations.run([Step(each.id, is_upgrade=True) for each in rest])
        except GivenUp:
            raise
        except Exception:  # noqa: BLE001 - whatever user code raises
            # Some go in one transaction with what is below them where others do not, such as a value of an enum.
            for each in self._from_copy(applied):
                self._apply(each)
        if rest and time.monotonic() - begun > WORTH_A_COPY and self._redirect.can_copy:
            self._redirect.copy()
            self._copied, self._copied_state = list(applied), self.take()

    def forget_copies(self) -> None:
        """Drop what `restore` has kept."""
        self._redirect.forget_copies()
        self._copied, self._copied_state = [], None

    def _from_copy(self, applied: Sequence[Planned]) -> Sequence[Planned]:
        """Make every database anew, of its copy if there is one; return what is not yet applied."""
        if self._copied != applied[: len(self._copied)]:
            self.forget_copies()
        self._replace()
        # The settings and privileges of a database itself do not go with a copy (CREATE DATABASE, PostgreSQL 18).
        if self._copied_state is not None and self.take() != self._copied_state:
            self.forget_copies()
            self._replace()
        return applied[len(self._copied) :]

    def _replace(self) -> None:
        for database in self._redirect.databases:
            self._redirect.replace(database)
        self._known = None

    def _apply(self, planned: Planned) -> None:
        try:
            self._migrations.run([Step(planned.id, is_upgrade=True)])
        except GivenUp:
            raise
        except Exception as error:
            told = failures.told(error, planned.path)
            text = f"{planned.path}:{told.line}: {planned.id}, on which what is asked for rests, fails: {told.message}"
            raise GivenUp("below", text) from error


def _look(connection: Connection, version_table: VersionTable) -> tuple[tuple[str, ...], Any]:
    return _heads(connection, version_table), catalog.snapshot(connection, version_table.name)


def _heads(connection: Connection, version_table: VersionTable) -> tuple[str, ...]:
    """What the version table says; nothing before there is one."""
    version: ColumnClause[str] = column("version_num")
    try:
        rows = connection.execute(select(version).select_from(table(version_table.name, schema=version_table.schema)))
    except DBAPIError:
        return ()
    return tuple(sorted(str(row[0]) for row in rows))
