"""The statements that `create_all` would send to an empty database."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, MetaData, Table
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.exc import NoReferencedTableError, NoReferenceError
from sqlalchemy.schema import DDLElement
from sqlalchemy.sql.expression import TextClause
from sqlalchemy.types import NullType

from .answers import Server
from .connections import Anything, Nothing
from .engines import dialect_class, know
from .loaded import Problems, said
from .tables import Tables

_TYPE = re.compile(r"CREATE\s+(?:TYPE|DOMAIN|SEQUENCE)\s+(?:IF\s+NOT\s+EXISTS\s+)?(\S+)", re.IGNORECASE)
_COLUMN = re.compile(r"\(in table '.*?', column '(?P<column>.*?)'\): (?P<rest>.*)", re.DOTALL)
"""How SQLAlchemy begins its CompileError about a column."""


def dialect(server: Server) -> Any:
    """SQLAlchemy's dialect for a server; `named`, so that no percent sign is doubled.

    Names that are too long go through: a rule tells them, and the rest of the table is not lost for one of them.
    """
    found = dialect_class(server.dialect)(paramstyle="named")
    found.validate_identifier = _take_any_name
    if server.version:
        know(found, server)
    return found


def _take_any_name(_name: str) -> None:
    """In the place of `Dialect.validate_identifier`, which raises IdentifierError."""


def statements(several: Sequence[MetaData], dialect: Any, tables: Tables, problems: Problems) -> list[str]:
    """What is sent for all of them, in its order, each once; what cannot be compiled is told instead."""
    sent = _Sent(dialect, tables, problems)
    for metadata in several:
        _stand_in(metadata, sent, tables, problems)
        before = sent.mark()
        try:
            metadata.create_all(_Recorder(dialect, sent), checkfirst=False)
        except Exception as error:  # noqa: BLE001 - listeners of the user's raise what they like
            sent.reset(before)
            _one_by_one(metadata, dialect, sent, tables, problems, error)
    return sent.texts


def _one_by_one(
    metadata: MetaData, dialect: Any, sent: _Sent, tables: Tables, problems: Problems, error: Exception
) -> None:
    """Send for each table by itself, so that one that fails takes no other along."""
    has_failed = False
    for table in metadata.tables.values():
        before = sent.mark()
        try:
            table.create(_Recorder(dialect, sent), checkfirst=False)
        except Exception as own:  # noqa: BLE001 - as above
            sent.reset(before)
            has_failed = True
            problems.add(tables.place(table), f'no DDL can be made of table "{table.fullname}": {said(own)}')
    if not has_failed:
        problems.add(None, f"create_all() fails: {said(error)}")


def _stand_in(metadata: MetaData, sent: _Sent, tables: Tables, problems: Problems) -> None:
    """Give foreign keys to tables that there are not a table to refer to, which is not told of."""
    for table in list(metadata.tables.values()):
        for key in sorted(table.foreign_keys, key=lambda each: each.target_fullname):
            error = _unreferenced(key)
            if error is None:
                continue
            place = tables.place_of_column(table, key.parent.name)
            if isinstance(error, NoReferencedTableError):
                problems.add(place, f'"{table.fullname}" refers to "{error.table_name}", which is in no models')
                schema, _, name = error.table_name.rpartition(".")
                column = Column(key.target_fullname.rpartition(".")[2], NullType())
                sent.left_out.add(Table(name, metadata, column, schema=schema or None, extend_existing=True))
            else:
                problems.add(place, f'"{table.fullname}" refers to a column that there is not: {said(error)}')
                _drop(table, key)


def _unreferenced(key: Any) -> NoReferenceError | None:
    """Why it cannot be said what a foreign key refers to, None where it can."""
    try:
        key.column  # noqa: B018 - asking for it is what raises
    except NoReferenceError as error:
        return error
    return None


def _drop(table: Table, key: Any) -> None:
    for each in list(key.constraint.elements):
        each.parent.foreign_keys.discard(each)
        table.foreign_keys.discard(each)
    table.constraints.discard(key.constraint)


class _Sent:
    """The statements so far."""

    def __init__(self, dialect: Any, tables: Tables, problems: Problems) -> None:
        self._dialect, self._tables, self._problems = dialect, tables, problems
        self.texts: list[str] = []
        self.left_out: set[Any] = set()
        """Tables of which nothing is sent."""

    def mark(self) -> int:
        return len(self.texts)

    def reset(self, mark: int) -> None:
        """Forget what was sent after a mark."""
        del self.texts[mark:]

    def add(self, element: Any) -> None:
        if not isinstance(element, (DDLElement, TextClause)):
            # rows that a listener puts into new tables
            return
        table = _table(element)
        if table in self.left_out:
            return
        try:
            text = str(element.compile(dialect=self._dialect)).strip()
        except Exception as error:  # noqa: BLE001 - CompileError, and what types of the user's raise
            self._tell(element, table, error)
            return
        self.add_text(text)

    def add_text(self, text: str) -> None:
        found = _TYPE.match(text)
        names = (_TYPE.match(each) for each in self.texts) if found else iter(())
        if text not in self.texts and not any(each and found and each[1] == found[1] for each in names):
            self.texts.append(text)

    def _tell(self, element: Any, table: Any, error: Exception) -> None:
        kind = type(element).__name__
        if table is None:
            self._problems.add(None, f"no DDL can be made of {kind}: {said(error)}")
            return
        if kind == "CreateIndex" and element.element.name is None:
            columns = [each.name for each in element.element.columns]
            place = self._tables.place_of_column(table, columns[0]) if columns else self._tables.place(table)
            what = f'an index of "{table.fullname}" ({", ".join(columns)}) has no name'
            self._problems.add(place, f'{what}: the naming convention says nothing of "ix"')
            return
        column = _COLUMN.match(str(error.args[0])) if error.args else None
        if kind == "CreateTable":
            self.left_out.add(table)
        what = f'table "{table.fullname}"' if kind == "CreateTable" else f'{kind} of "{table.fullname}"'
        if column is not None:
            place = self._tables.place_of_column(table, column["column"])
            text = f'no DDL can be made of {what}, column "{column["column"]}": {" ".join(column["rest"].split())}'
        else:
            place, text = self._tables.place(table), f"no DDL can be made of {what}: {said(error)}"
        self._problems.add(place, text)


def _table(element: Any) -> Any:
    """The table that a statement is about; None where it is about none, as CREATE TYPE is."""
    item = getattr(element, "element", None)
    return item if isinstance(item, Table) else getattr(item, "table", None)


class _Recorder(Anything, MockConnection):
    """Notes what is sent to it, and answers nothing."""

    def __init__(self, dialect: Any, sent: _Sent) -> None:
        MockConnection.__init__(self, dialect, lambda element, *_, **__: sent.add(element))
        self._sent = sent

    def execute(self, obj: Any, *_: Any, **__: Any) -> Any:
        self._sent.add(obj)
        return Nothing()

    def exec_driver_sql(self, statement: str, *_: Any, **__: Any) -> Any:
        self._sent.add_text(statement.strip())
        return Nothing()
