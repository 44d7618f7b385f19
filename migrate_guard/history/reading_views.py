"""Whether a view reads a column: what its query names, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Schema, Table, View

_WORD: Final = lazily(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/) | (?P<string>'(?:[^']|'')*') | "(?P<quoted>(?:[^"]|"")*)"
        | (?P<word>[^\W\d]\w*) | (?P<sign>::|\S)""",
    re.VERBOSE | re.DOTALL,
)
_KEYWORDS: Final = frozenset(
    (
        *("ALL", "AND", "AS", "BETWEEN", "BY", "CASE", "CROSS", "DISTINCT", "ELSE", "END", "EXCEPT", "FETCH", "FILTER"),
        *("FOR", "FROM", "FULL", "GROUP", "HAVING", "ILIKE", "IN", "INNER", "INTERSECT", "IS", "JOIN", "LATERAL"),
        *("LEFT", "LIKE", "LIMIT", "NATURAL", "NOT", "OFFSET", "ON", "OR", "ORDER", "OUTER", "OVER", "PARTITION"),
        *("RECURSIVE", "RIGHT", "SELECT", "TABLESAMPLE", "THEN", "UNION", "USING", "WHEN", "WHERE", "WINDOW", "WITH"),
    )
)
"""Words before which, or behind which, no alias stands."""


def reads(view: View, table: Table, column: str, schema: Schema) -> bool:
    """Whether a view reads a column of a table, for certain.

    A name with the table, or its alias, before it, `*`, or a name that no other table of the view has.
    """
    if view.definition is None or column in view.younger:
        return False
    words = _words(view.definition)
    query = words[next((at for at, word in enumerate(words) if word.upper() == "AS"), 0) :]
    aliases = _aliases(query, view.tables)
    called = {alias for alias, name in aliases.items() if name == table.name}
    is_alone = all(_has_none(name, column, schema) for name in view.tables if name != table.name)
    is_plain = is_alone and not any(_is_alias(query, at) for at, word in enumerate(query) if word == column)
    for at, word in enumerate(query):
        before, prefix = query[at - 1] if at else "", query[at - 2] if at > 1 else ""
        if word == "*" and before == ".":
            found = prefix in called
        elif word == "*":
            found = before.upper() in _BEFORE_STAR and bool(aliases) and None not in aliases.values()
        elif before == ".":
            found = word == column and prefix in called
        else:
            found = word == column and is_plain and before != "::" and query[at + 1 : at + 2] not in (("(",), (".",))
        if found:
            return True
    return False


_BEFORE_STAR: Final = frozenset({",", "SELECT", "DISTINCT", "ALL"})
"""What stands before an asterisk that means columns: neither count(*) nor a product."""


def _has_none(name: QualifiedName, column: str, schema: Schema) -> bool:
    """Whether another table of a view is known to have no such column."""
    table = schema.table(name)
    return table is not None and not table.is_open and table.column(column) is None


def _is_alias(words: tuple[str, ...], at: int) -> bool:
    """Whether a name is given to a column here, with AS or without."""
    before = words[at - 1] if at else ""
    return before.upper() == "AS" or before == ")" or (before.isidentifier() and before.upper() not in _KEYWORDS)


@lru_cache(maxsize=256)
def _words(text: str) -> tuple[str, ...]:
    """The words of a query: names as the database has them, strings and comments left out."""
    return tuple(_spelled(text))


def _spelled(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        if match["quoted"] is not None:
            yield match["quoted"].replace('""', '"')
        elif match["word"] is not None:
            yield match["word"].lower()
        elif match["sign"] is not None:
            yield match["sign"]


def _aliases(words: tuple[str, ...], tables: tuple[QualifiedName, ...]) -> Mapping[str, QualifiedName | None]:
    """What the tables of a query are called in it; None: something that is no table of the view, as a subquery."""
    found: dict[str, QualifiedName | None] = {}
    known = {each.name: each for each in tables}
    for at, word in enumerate(words):
        if word.upper() not in ("FROM", "JOIN", ","):
            continue
        rest = at + 1
        rest += words[rest : rest + 1] == ("only",)
        if words[rest + 1 : rest + 2] == (".",):
            rest += 2
        name = known.get(words[rest]) if rest < len(words) else None
        if name is None:
            if word.upper() != ",":
                found[f"?{at}"] = None
            continue
        rest += 1
        rest += words[rest : rest + 1] == ("as",)
        alias = words[rest] if rest < len(words) else ""
        is_alias = alias.isidentifier() and alias.upper() not in _KEYWORDS
        found[alias if is_alias else name.name] = name
    return found
