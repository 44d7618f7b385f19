"""Which rows tables hold, and which of them are not what they were."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Optional

from .asking import Database
from .shape import Table
from .statements import listed, named, only, query

_BOUND = 1000
"""Rows of a table that are read one by one; of more, their number and a checksum."""
_AT_ONCE = 200

Record = Mapping[str, Optional[str]]


class Rows(NamedTuple):
    """The rows of a table."""

    number: int
    key: tuple[str, ...]
    """The columns of its primary key."""
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    """Each row as a JSON object, in an order of their own; none where there are too many rows."""
    checksum: str = ""
    """Of them all, where there are too many."""

    @property
    def records(self) -> list[Record]:
        """Each row's values as texts."""
        return [_record(each) for each in self.texts]


Contents = dict[str, Rows]


class Loss(NamedTuple):
    """What a table holds no more."""

    table: str
    column: str | None
    """None: of whole rows."""
    before: int
    """Rows there were; of a column, values of the rows that are still there."""
    after: int
    """How many of them there are, the same as before."""
    kind: str
    """rows or values"""


def read(database: Database, tables: Sequence[Table]) -> Contents:
    """Read what the tables hold; a table without rows too."""
    reading = _with_postgresql if database.dialect == "postgresql" else _one_by_one
    return reading(database, [table for table in tables if table.partitions is None])


def _with_postgresql(database: Database, tables: Sequence[Table]) -> Contents:
    texts: dict[str, list[str]] = {table.name: [] for table in tables}
    for start in range(0, len(tables), _AT_ONCE):
        part = tables[start : start + _AT_ONCE]
        union = " UNION ALL ".join(
            f"(SELECT {place}, to_jsonb(one)::text FROM {only(database.dialect, table)} AS one LIMIT {_BOUND + 1})"
            for place, table in enumerate(part)
        )
        for place, text in query(database.connection, union):
            texts[part[int(str(place))].name].append(str(text))
    found: Contents = {}
    for table in tables:
        if len(texts[table.name]) <= _BOUND:
            found[table.name] = _rows(table, texts[table.name])
        else:
            ((count, checksum),) = query(
                database.connection,
                "SELECT count(*), md5(string_agg(md5(one::text), '' ORDER BY md5(one::text)))"
                f" FROM {only(database.dialect, table)} AS one",
            )
            found[table.name] = Rows(int(str(count)), table.primary_key, table.all_columns, (), str(checksum))
    return found


def _rows(table: Table, texts: Iterable[str]) -> Rows:
    ordered = tuple(sorted(texts))
    return Rows(len(ordered), table.primary_key, table.all_columns, ordered)


def _record(text: str) -> Record:
    """Read a row from JSON, with numbers digit by digit."""
    values = json.loads(text, parse_float=str, parse_int=str)
    assert isinstance(values, dict)
    return {
        name: value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)
        for name, value in values.items()
    }


def _one_by_one(database: Database, tables: Sequence[Table]) -> Contents:
    found: Contents = {}
    for table in tables:
        # quote() and QUOTE() write every digit of a number, and tell NULL from a text
        names = [named(database.dialect, name) for name in table.all_columns]
        source = f"SELECT {listed([f'quote({name})' for name in names])} FROM {table.sql}"
        rows = query(database.connection, f"{source} LIMIT {_BOUND + 1}")
        if len(rows) <= _BOUND:
            values = ([None if each in (None, "NULL") else _plain(each) for each in row] for row in rows)
            texts = [json.dumps(dict(zip(table.all_columns, each))) for each in values]
            found[table.name] = _rows(table, texts)
        else:
            digests = Counter(hash_of(row) for row in query(database.connection, source))
            checksum = hash_of(sorted(digests.items()))
            found[table.name] = Rows(sum(digests.values()), table.primary_key, table.all_columns, (), checksum)
    return found


def _plain(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)


def hash_of(value: object) -> str:
    """Return a checksum of a value by its text."""
    import hashlib

    return hashlib.md5(repr(value).encode(), usedforsecurity=False).hexdigest()


def lost(before: Contents, after: Contents) -> list[Loss]:
    """Compare what tables hold with what they held.

    Tables and columns that are gone are not looked at; values are compared as texts, so a type that changed is none.
    Rows are the same when they have the same primary key; without one, they are compared as multisets.
    """
    found: list[Loss] = []
    for name in before:
        if name in after and before[name] != after[name]:
            found += _lost(name, before[name], after[name])
    return found


def _lost(table: str, old: Rows, new: Rows) -> list[Loss]:
    if old.checksum or new.checksum:
        if new.number < old.number:
            return [Loss(table, None, old.number, new.number, "rows")]
        changed = old.checksum and new.checksum and old.checksum != new.checksum and old.columns == new.columns
        return [Loss(table, None, old.number, new.number, "values")] if changed else []
    columns = [name for name in old.columns if name in new.columns]
    if old.key and old.key == new.key and set(old.key) <= set(columns):
        return _by_key(table, old, new, columns)
    return _by_value(table, old, new, columns)


def _by_key(table: str, old: Rows, new: Rows, columns: Sequence[str]) -> list[Loss]:
    there = {_values(record, new.key): record for record in new.records}
    pairs = [(record, there[key]) for record in old.records for key in [_values(record, old.key)] if key in there]
    found = [Loss(table, None, old.number, len(pairs), "rows")] if len(pairs) < old.number else []
    for name in columns:
        same = sum(record.get(name) == other.get(name) for record, other in pairs)
        if same < len(pairs):
            found.append(Loss(table, name, len(pairs), same, "values"))
    return found


def _by_value(table: str, old: Rows, new: Rows, columns: Sequence[str]) -> list[Loss]:
    if new.number < old.number:
        return [Loss(table, None, old.number, new.number, "rows")]
    gone = _multiset(old, columns) - _multiset(new, columns)
    if not gone:
        return []
    found: list[Loss] = []
    for name in columns:
        missing = sum((_multiset(old, [name]) - _multiset(new, [name])).values())
        if missing:
            found.append(Loss(table, name, old.number, old.number - missing, "values"))
    return found or [Loss(table, None, old.number, old.number - sum(gone.values()), "rows")]


def _multiset(rows: Rows, columns: Sequence[str]) -> Counter[tuple[str | None, ...]]:
    return Counter(_values(record, columns) for record in rows.records)


def _values(record: Record, names: Sequence[str]) -> tuple[str | None, ...]:
    return tuple(record.get(name) for name in names)
