"""Patterns of names: what is known of an index or constraint, and which pattern its name follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from msgspec import Struct

from migrate_guard.asking.house_names import parts, singular
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    ForeignKey,
    Index,
    PrimaryKey,
    Table,
    UniqueConstraint,
)

LIMIT: Final = 63
"""The bytes that PostgreSQL leaves of a name."""


class Named(Struct, frozen=True):
    """A name with what it may be made of."""

    name: str
    table: str
    columns: tuple[str, ...] = ()
    referred_table: str = ""
    is_free: bool = False
    """Its columns do not say all: a predicate or an expression, which a word names best."""


Tiers = Sequence[Sequence[str]]
"""Patterns, the more telling before the others."""

INDEXES: Final[Tiers] = (
    (
        *("ix_{table}_{columns}", "idx_{table}_{columns}", "{table}_{columns}_idx", "{table}_{columns}_ix"),
        *("{table}_{columns}_index", "index_{table}_{columns}", "index_{table}_on_{columns}", "ix__{table}__{columns}"),
        *("i_{table}_{columns}", "{table}_{columns}_key"),
    ),
    ("ix_{columns}", "idx_{columns}", "{columns}_idx", "{columns}_ix", "{table}_{columns}"),
    ("ix_{table}_{name}", "idx_{table}_{name}", "{table}_{name}_idx", "{table}_{name}_ix", "{table}_{name}_index"),
    ("ix_{name}", "idx_{name}", "{name}_idx", "{name}_ix", "{name}_index", "index_{name}"),
)
UNIQUES: Final[Tiers] = (
    (
        *("uq_{table}_{columns}", "{table}_{columns}_key", "{table}_{columns}_uq", "uc_{table}_{columns}"),
        *("unique_{table}_{columns}", "uniq_{table}_{columns}", "ux_{table}_{columns}", "uix_{table}_{columns}"),
        *("{table}_{columns}_unique", "uk_{table}_{columns}", "{table}_{columns}_uk", "uniq_{table}0{columns}"),
    ),
    ("uq_{columns}", "unique_{columns}", "{columns}_uq", "{columns}_uc", "{columns}_key"),
    ("uq_{table}_{name}", "{table}_{name}_key", "{table}_{name}_uq", "uniq_{table}_{name}", "{table}_{name}_uc"),
    (
        *("uq_{name}", "uc_{name}", "ux_{name}", "uix_{name}", "uk_{name}", "uniq_{name}", "unique_{name}"),
        *("{name}_key", "{name}_uq", "{name}_uc", "{name}_uk", "{name}_unique"),
    ),
)
FOREIGN_KEYS: Final[Tiers] = (
    (
        *("fk_{table}_{columns}_{referred_table}", "fk_{table}_{columns}", "{table}_{columns}_fkey"),
        *("fk_{table}_{referred_table}", "{table}_{columns}_fk", "fk_{table}_{referred_table}_{columns}"),
    ),
    ("fk_{columns}", "fk_{referred_table}_{columns}", "{columns}_fkey"),
    ("fk_{table}_{name}", "{table}_{name}_fkey", "{table}_{name}_fk"),
    ("fk_{name}", "{name}_fkey", "{name}_fk"),
)
CHECKS: Final[Tiers] = (
    ("ck_{table}_{name}", "{table}_{name}_check", "chk_{table}_{name}", "{table}_{name}_ck", "check_{table}_{name}"),
    ("ck_{name}", "{name}_check", "chk_{name}", "check_{name}", "{name}_ck", "{name}_chk", "valid_{name}"),
)
PRIMARY_KEYS: Final[Tiers] = (
    ("pk_{table}", "{table}_pkey", "{table}_pk", "pk_{table}_{columns}", "{table}_pk_{columns}"),
    ("pk_{name}", "{name}_pkey", "{name}_pk"),
)
DEFAULTS: Final[Mapping[str, str]] = {
    "index": "ix_{table}_{columns} idx_{table}_{columns}",
    "unique": "uq_{table}_{columns} {table}_{columns}_key",
    "foreign_key": "fk_{table}_{columns}_{referred_table} fk_{table}_{columns} {table}_{columns}_fkey",
    "check": "ck_{table}_{name} {table}_{name}_check {table}_check",
    "primary_key": "pk_{table} {table}_pkey",
}
"""What counts with few tables: SQLAlchemy's example of a naming convention, and the names that PostgreSQL gives."""


def index_named(table: Table, index: Index) -> Named:
    columns = tuple(each for each in index.columns if each is not None)
    is_free = len(columns) < len(index.elements) or index.where is not None or not columns
    return Named(index.name or "", table.name.name, columns, is_free=is_free)


def constraint_named(table: Table, constraint: AnyConstraint) -> Named:
    columns = constraint.columns
    if isinstance(constraint, CheckConstraint) and not columns:
        columns = constraint.expression.columns
    referred = constraint.referred_table.name if isinstance(constraint, ForeignKey) else ""
    return Named(constraint.name or "", table.name.name, columns, referred, is_free=not columns)


def kind(constraint: AnyConstraint) -> str:
    """What the options call a constraint: "unique"; empty of an exclusion."""
    match constraint:
        case PrimaryKey():
            return "primary_key"
        case UniqueConstraint():
            return "unique"
        case ForeignKey():
            return "foreign_key"
        case CheckConstraint():
            return "check"
    return ""


def follows(named: Named, patterns: str | Iterable[str]) -> bool:
    """Whether a name follows one of some patterns (a text has blanks between them).

    A name that is as long as names can be has been cut, and is not held against its end.
    """
    each = patterns.split() if isinstance(patterns, str) else patterns
    return any(_follows(named, pattern) for pattern in each)


@lru_cache(maxsize=4096)
def _follows(named: Named, pattern: str) -> bool:
    name = named.name.lower()
    if _is_made_of(name, pattern_pieces(pattern), named):
        return True
    return len(name.encode()) >= LIMIT - 3 and name.startswith(pattern.partition("{")[0].lower())


_PLACE: Final = lazily(r"\{(\w+)\}")


@lru_cache(maxsize=512)
def pattern_pieces(pattern: str) -> tuple[str, ...]:
    """Text and the names of places in turn."""
    return tuple(_PLACE.split(pattern))


def _is_made_of(name: str, pieces: Sequence[str], named: Named) -> bool:
    """Whether a name is text, then what may stand in a place, and so on; regular expressions take far longer."""
    text, *rest = pieces
    if not name.startswith(text.lower()):
        return False
    name = name[len(text) :]
    if not rest:
        return not name
    place, *after = rest
    words = _words(named, place)
    if words is None:
        return bool(name) if after == [""] else any(_is_made_of(name[size:], after, named) for size in _sizes(name))
    return any(name.startswith(each) and _is_made_of(name[len(each) :], after, named) for each in words)


def _sizes(name: str) -> range:
    return range(1, len(name) + 1)


def _words(named: Named, place: str) -> tuple[str, ...] | None:
    """What may stand in a place, in lower case; None: anything."""
    match place:
        case "table":
            return _tables(named.table)
        case "referred_table" if named.referred_table:
            return _tables(named.referred_table)
        case "columns" if not named.is_free:
            return _columns(named.columns)
        case "column" if named.columns:
            return (named.columns[0].lower(),)
    return None


@lru_cache(maxsize=4096)
def _tables(name: str) -> tuple[str, ...]:
    """A table as names of its objects write it: as it is, in snake_case, as one thing."""
    own = parts(name)
    if not own:
        return (name.lower(),)
    one = (*own[:-1], singular(own[-1]))
    ways = (name.lower(), name.strip("_").lower(), "_".join(own), "".join(own), "_".join(one), "".join(one))
    return tuple(dict.fromkeys(ways))


@lru_cache(maxsize=4096)
def _columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a key as its name writes them: all of them, or the first ones (SQLAlchemy's `column_0_label`)."""
    snake = ["_".join(parts(each)) for each in columns]
    bare = [each.removesuffix("_id") for each in snake]
    ways = (*_leading(columns), *_leading(snake), *_leading(bare))
    all_ways = (*ways, "".join(columns), "__".join(columns), "0".join(columns))
    return tuple(dict.fromkeys(each.lower() for each in all_ways))


def _leading(names: Sequence[str]) -> Iterator[str]:
    return ("_".join(names[:size]) for size in range(len(names), 0, -1))


def was_called(named: Named, patterns: str, table: Table) -> bool:
    """Whether a name may follow the patterns under the name that its table had before."""
    return table.renamed_at is not None and follows(named, patterns.replace("{table}", "{name}"))


def spelled(named: Named, pattern: str) -> str:
    """The name that the first of some patterns makes; empty where a word of it is for people to find."""
    first = pattern.split(maxsplit=1)[0]
    values = {
        "table": named.table,
        "referred_table": named.referred_table,
        "columns": "" if named.is_free else ("0" if "0{columns}" in first else "_").join(named.columns),
        "column": named.columns[0] if named.columns else "",
    }
    places = _PLACE.findall(first)
    if not all(values.get(each) for each in places):
        return ""
    name = _PLACE.sub(lambda place: values[place[1]], first)
    return name if len(name.encode()) <= LIMIT else ""
