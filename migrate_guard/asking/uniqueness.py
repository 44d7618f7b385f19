"""Questions about unique keys: what they tell rows apart by, which others say the same, which rows break them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from migrate_guard.dialects.quoting import qualified, quoted
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column, Index, IndexElement, PrimaryKey, Table, UniqueConstraint
from migrate_guard.model.target import Target

UniqueKey: TypeAlias = PrimaryKey | UniqueConstraint | Index

_MAKES_UNIQUE: Final = frozenset(
    {"gen_random_uuid", "uuid_generate_v1", "uuid_generate_v1mc", "uuid_generate_v4", "uuidv4", "uuidv7", "nextval"}
)
"""Functions that give every row another value (PostgreSQL manual 9.14, 9.17; uuid-ossp)."""
_DIRECTED: Final = lazily(r'"?(\w+)"?(?:\s+(?:ASC|DESC))?(?:\s+NULLS\s+(?:FIRST|LAST))?', re.IGNORECASE)


class Parts(NamedTuple):
    """What a key tells rows apart by."""

    columns: frozenset[str]
    expressions: frozenset[str] = frozenset()
    where: str = ""


def parts(key: UniqueKey) -> Parts:
    if not isinstance(key, Index):
        return Parts(frozenset(key.columns))
    plain = [_plain_column(each) for each in key.elements]
    columns = frozenset(each for each in plain if each)
    pairs = zip(key.elements, plain, strict=True)
    expressions = frozenset(_plain(each.expression.text) for each, name in pairs if each.expression and not name)
    return Parts(columns, expressions, _plain(key.where.text) if key.where else "")


def _plain_column(element: IndexElement) -> str | None:
    """The column that a key of an index is, also where it is written as a text with a direction: `id DESC`."""
    if element.expression is None:
        return element.column
    found = _DIRECTED.fullmatch(element.expression.text.strip())
    return found[1] if found and found[1] in element.expression.columns else None


def _plain(text: str) -> str:
    return "".join(text.lower().split()).replace('"', "").replace("`", "")


def keys(table: Table) -> Iterator[UniqueKey]:
    """Every unique key of a table that is in force."""
    if table.primary_key:
        yield table.primary_key
    yield from table.unique_constraints
    yield from (each for each in table.indexes if each.unique)


def is_implied(key: UniqueKey, others: Iterator[UniqueKey]) -> bool:
    """Whether rows that one of the others tells apart are told apart by the key, too: it has all of its parts."""
    own = parts(key)
    for other in others:
        given = parts(other)
        is_as_wide = given.where in ("", own.where)
        is_within = given.columns <= own.columns and given.expressions <= own.expressions
        knows_nulls = isinstance(other, PrimaryKey) or not _counts_nulls(key) or _counts_nulls(other)
        if is_as_wide and is_within and knows_nulls:
            return True
    return False


def _counts_nulls(key: UniqueKey) -> bool:
    """NULLS NOT DISTINCT: two rows without a value are the same."""
    return not isinstance(key, PrimaryKey) and key.nulls_not_distinct


def is_numbered(column: Column) -> bool:
    """Whether every row gets another value by itself."""
    default = column.default
    functions = {each.rpartition(".")[2].lower() for each in default.functions} if default else set()
    return column.is_serial or column.is_identity or bool(functions & _MAKES_UNIQUE)


def duplicates(table: QualifiedName, key: UniqueKey, known: Table | None, target: Target) -> str:
    """The query that finds the values of which a table has several rows."""
    if isinstance(key, Index):
        values = [quoted(each.column, target) if each.column else "" for each in key.elements]
        values = [
            value or (each.expression.text if each.expression else "")
            for value, each in zip(values, key.elements, strict=True)
        ]
    else:
        values = [quoted(each, target) for each in key.columns]
    listed = ", ".join(values)
    terms = [key.where.text] if isinstance(key, Index) and key.where else []
    if not _counts_nulls(key):
        columns = [known.column(each) if known else None for each in parts(key).columns]
        names = {each.name for each in columns if each is not None and each.nullable is False}
        terms += [f"{quoted(each, target)} IS NOT NULL" for each in sorted(parts(key).columns - names)]
    where = f" WHERE {' AND '.join(terms)}" if terms else ""
    return f"SELECT {listed}, count(*) FROM {qualified(table, target)}{where} GROUP BY {listed} HAVING count(*) > 1"
