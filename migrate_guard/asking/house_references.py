"""What columns of foreign keys are called: `user_id`, `id_user`, `user`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from migrate_guard.asking.house_names import in_number, number, parts, singular
from migrate_guard.asking.house_settings import Number
from migrate_guard.model.schema import Column, ForeignKey, Schema, Table

FORMS: Final = ("{name}_{key}", "{key}_{name}", "{name}_fk", "fk_{name}", "{name}{key}", "{name}")
"""How the name of a column tells what it refers to; the key is the referred column."""
KEYS: Final = frozenset(
    {
        "id",
        "uuid",
        "guid",
        "ulid",
        "key",
        "pk",
        "code",
        "no",
        "number",
        "nr",
        "name",
        "slug",
        "ref",
        "hash",
        "oid",
        "rowid",
    }
)
"""What the last word of a name says where it names a key."""
NATURAL: Final = frozenset({"name", "code", "slug", "key"})
"""Keys that are words: what refers to one may well be called by the thing alone."""
DOERS: Final = frozenset({"by", "to", "from"})
"""Last words of names that say who: created_by, assigned_to."""


class Reference(Struct, frozen=True):
    """A column that refers to another table."""

    column: Column
    key: ForeignKey
    referred: str
    """The column that it refers to."""

    @property
    def table(self) -> str:
        return self.key.referred_table.name


def references(table: Table, schema: Schema) -> Iterator[Reference]:
    """The columns of a table that alone refer to another one, and whose names could tell it."""
    for key in table.foreign_keys:
        column = table.column(key.columns[0]) if len(key.columns) == 1 else None
        if column is None or key.inherited_from is not None or column.is_inherited:
            continue
        referred = key.referred_columns[0] if key.referred_columns else _key_of(schema.table(key.referred_table))
        if referred and _could_tell(column, referred):
            yield Reference(column, key, referred)


def _key_of(table: Table | None) -> str:
    key = table.primary_key if table else None
    return key.columns[0] if key and len(key.columns) == 1 else "id"


def _could_tell(column: Column, referred: str) -> bool:
    """Whether a name says what is referred to: not that of the same key again, nor of a word that is its own key."""
    own = parts(column.name)
    if not own or column.name.lower() == referred.lower() or own[-1] in DOERS:
        return False
    return parts(referred)[-1] in KEYS - NATURAL or column.type.family in ("integer", "uuid")


def form(reference: Reference) -> str:
    """Which of the forms the name of a column has."""
    own, key = parts(reference.column.name), parts(reference.referred)
    if own[-1] in _glued(reference):
        return "{name}{key}"
    if len(own) == 1:
        return "{name}"
    if own[-1] == "fk" or own[0] == "fk":
        return "{name}_fk" if own[-1] == "fk" else "fk_{name}"
    if own[-1] == key[-1] or own[-1] in KEYS:
        return "{name}_{key}"
    return "{key}_{name}" if own[0] == key[-1] or own[0] in ("id", "uuid") else "{name}"


def _glued(reference: Reference) -> frozenset[str]:
    """The table and its key in one word: userid."""
    key = parts(reference.referred)[-1]
    return frozenset(f"{stem}{key}" for each in parts(reference.table) for stem in (each, singular(each)))


def stem_number(reference: Reference) -> Number | None:
    """Whether the name has the table as one thing or as many: user_id, users_id; None where it is another word."""
    stem = "_".join(parts(reference.column.name)[:-1])
    one, many = _snake(in_number(reference.table, "singular")), _snake(in_number(reference.table, "plural"))
    if one == many or number(reference.table) is None:
        return None
    return "singular" if stem == one else "plural" if stem == many else None


def _snake(name: str) -> str:
    return "_".join(parts(name))


def suggested(reference: Reference, pattern: str) -> str:
    """The name of a column in one of the forms."""
    own, key = parts(reference.column.name), parts(reference.referred)[-1]
    words = [each for each in own if each not in ("fk", key)] or [singular(parts(reference.table)[-1])]
    if form(reference) == "{name}{key}":
        words = [*own[:-1], own[-1].removesuffix(key)]
    if words[-1] in KEYS:
        words = words[:-1] or words
    return pattern.replace("{name}", "_".join(words)).replace("{key}", key)
