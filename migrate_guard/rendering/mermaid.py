"""A schema as an entity relationship diagram of Mermaid (https://mermaid.js.org/syntax/entityRelationshipDiagram.html).

Only letters, digits and a few signs may stand in the names of Mermaid; a table or column with another name gets one of
these, and its own beside it in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column, ForeignKey, Schema, Table

_PLAIN: Final = lazily(r"[A-Za-z_][A-Za-z0-9_]*")
_WORD: Final = lazily(r"[A-Za-z_][A-Za-z0-9_\-()\[\]]*")
_KEYWORDS: Final = frozenset(
    {"acc", "class", "classdef", "direction", "erdiagram", "many", "md", "one", "only", "optionally", "style", "title"}
    | {"to", "u", "zero"}
)
"""What begins something else where the name of a table may stand."""


def mermaid(schema: Schema, version_table: str) -> str:
    """Return the diagram of the tables of `schema` and the foreign keys between them, without Alembic's own table."""
    tables = [each for each in schema.tables.values() if each.name.name != version_table]
    tables.sort(key=lambda each: str(each.name))
    referred = {key.referred_table for each in tables for key in each.foreign_keys}
    entities = _entities(sorted({*referred, *(each.name for each in tables)}, key=str))
    lines = ["erDiagram"]
    for table in tables:
        lines += _table(table, entities)
    for table in tables:
        lines += (_relationship(key, table, entities) for key in table.foreign_keys)
    return "\n".join(lines) + "\n"


def _entities(names: list[QualifiedName]) -> Mapping[QualifiedName, str]:
    """What each table is called in the diagram: its name, or another word that no other table has."""
    found: dict[QualifiedName, str] = {}
    for name in names:
        if is_plain(str(name)):
            found[name] = str(name)
    for name in names:
        if name not in found:
            word = "t_" + re.sub(r"[^A-Za-z0-9_]", "_", str(name))
            while word in found.values():
                word += "_"
            found[name] = word
    return found


def is_plain(name: str) -> bool:
    """Whether a table may have the name in a diagram."""
    lowered = name.lower()
    begins_otherwise = lowered in _KEYWORDS or lowered.startswith(("acctitle", "accdescr"))
    return bool(_PLAIN.fullmatch(name)) and not begins_otherwise


def _table(table: Table, entities: Mapping[QualifiedName, str]) -> Iterator[str]:
    entity = entities[table.name]
    shown = "" if entity == str(table.name) else f"[{_string(str(table.name))}]"
    if table.is_open:
        yield f"    %% not known: what other columns {' '.join(str(table.name).split())} has"
    if not table.columns:
        yield f"    {entity}{shown}"
        return
    yield f"    {entity}{shown} {{"
    for column in table.columns:
        yield f"        {_column(column, table)}"
    yield "    }"


def _column(column: Column, table: Table) -> str:
    name = _word(column.name)
    own = "" if name == column.name else f" {_string(column.name)}"
    keys = ", ".join(_keys(column.name, table))
    return f"{_word(str(column.type))} {name}{' ' if keys else ''}{keys}{own}"


def _keys(name: str, table: Table) -> Iterator[str]:
    if table.primary_key and name in table.primary_key.columns:
        yield "PK"
    if any(name in each.columns for each in table.foreign_keys):
        yield "FK"
    if any(set(each) == {name} for each in _uniques(table)):
        yield "UK"


def _uniques(table: Table) -> Iterator[tuple[str | None, ...]]:
    """The columns of each key of the table that no two rows share, besides the primary key."""
    yield from (each.columns for each in table.unique_constraints)
    yield from (each.columns for each in table.indexes if each.unique and each.where is None)


def _relationship(key: ForeignKey, table: Table, entities: Mapping[QualifiedName, str]) -> str:
    columns = [table.column(name) for name in key.columns]
    is_required = bool(columns) and all(column is not None and column.nullable is False for column in columns)
    own = table.primary_key.columns if table.primary_key else ()
    is_unique = any(each and set(each) <= set(key.columns) for each in (own, *_uniques(table)))
    parent, child = "||" if is_required else "|o", "o|" if is_unique else "o{"
    label = key.name if key.name and not key.is_implicit_name else ", ".join(key.columns)
    return f"    {entities[key.referred_table]} {parent}--{child} {entities[table.name]} : {_string(label)}"


def _word(text: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_\-()\[\]]", "_", re.sub(r",\s*", ",", text).strip())
    return f"_{word}" if word in ("PK", "FK", "UK") or not _WORD.fullmatch(word) else word


def _string(text: str) -> str:
    """A text in quotes; Mermaid knows a quote in it by its name alone, and a line's end not at all."""
    told = " ".join(text.split()).replace("#", "#35;").replace('"', "#quot;").replace("%%", "#37;#37;")
    return f'"{told or " "}"'
