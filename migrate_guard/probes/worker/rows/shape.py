"""What rows have to satisfy: tables, columns, types, keys, references and checks, as a catalogue tells them."""

from __future__ import annotations

from typing import NamedTuple


class Type(NamedTuple):
    """A type of a column, as far as making values of it needs."""

    family: str
    """What values are made by: integer, text, json, range …; "other" for those that nothing is known of."""
    name: str = ""
    """Its SQL, for casts; of a domain that of its base."""
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    low: int = 0
    high: int = 0
    labels: tuple[str, ...] = ()
    element: Type | None = None
    """Of an array or a range."""
    fields: tuple[Type, ...] = ()
    """Of a composite type."""


class Column(NamedTuple):
    """A column that takes values; generated ones are left out, so are those that the server fills alone."""

    name: str
    type: Type
    is_nullable: bool


class Key(NamedTuple):
    """Columns whose values no two rows may share: a primary key, UNIQUE, a unique index or EXCLUDE."""

    columns: tuple[str, ...]
    nulls_are_distinct: bool = True


class Reference(NamedTuple):
    """A foreign key."""

    columns: tuple[str, ...]
    target: str
    """The table, named as `Table.name`."""
    target_columns: tuple[str, ...]
    is_full: bool = False
    """MATCH FULL: all columns are NULL or none is."""


class Check(NamedTuple):
    """An expression that must not be false of a row: CHECK, of a domain too, or the bounds of a partition."""

    expression: str
    columns: tuple[str, ...]


class Table(NamedTuple):
    """A table of the scratch database."""

    name: str
    """With its schema outside of the default one."""
    sql: str
    """Its quoted name, for statements."""
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    """The primary key among them."""
    references: tuple[Reference, ...] = ()
    checks: tuple[Check, ...] = ()
    partitions: tuple[str, ...] | None = None
    """The tables that hold the rows of a partitioned one; None of an ordinary table."""
    overriding: str = ""
    """What an INSERT says to give values to GENERATED ALWAYS AS IDENTITY."""
    all_columns: tuple[str, ...] = ()
    """The generated ones too."""
