"""What the options of the rules of taste say of the conventions of a house: the same for every rule that asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.asking.timestamps import CREATED, EVENTS, UPDATED

Style: TypeAlias = Literal["snake_case", "camelCase", "PascalCase", "UPPER_CASE"]
"""How the words of a name are joined."""
Number: TypeAlias = Literal["singular", "plural"]


class Taste(Struct, frozen=True):
    """When the house decides, and from which share of its tables on a convention holds."""

    least_tables: int = 10
    share: float = 0.8


class Timestamps(Taste, frozen=True):
    created: tuple[str, ...] = CREATED
    """Names of the column that says when a row was made."""
    updated: tuple[str, ...] = UPDATED
    """Names of the column that says when a row was changed last."""
    events: tuple[str, ...] = EVENTS
    """Names of the time of an event: a table that has one and no updated column is written once."""
    logs: tuple[str, ...] = ("log", "logs", "event", "events", "history", "audit", "audits", "journal", "ledger")
    """Last words in the names of tables whose rows are written once."""
    expect: Literal["auto", "both", "created", "updated"] = "auto"
    """"auto": what the house does, with few tables both."""


class TimeZones(Taste, frozen=True):
    expect: Literal["auto", "aware", "any"] = "auto"
    """"auto": what the house does, with few tables "aware": every timestamp has a time zone."""
    local: tuple[str, ...] = ("local", "naive", "wall", "utc")
    """Words in the names of columns that are meant to have none."""


class Keys(Taste, frozen=True):
    expect: Literal["auto", "big", "any"] = "auto"
    """"auto": what the house does, with few tables "big": eight bytes, or no number at all."""
    lookups: tuple[str, ...] = (
        *("status", "statuses", "state", "states", "type", "types", "kind", "kinds", "category", "categories"),
        *("role", "roles", "country", "countries", "currency", "currencies", "language", "languages", "locale"),
        *("locales", "region", "regions", "permission", "permissions", "setting", "settings", "plan", "plans"),
        *("lookup", "lookups", "level", "levels", "version", "versions", "migration", "migrations"),
    )
    """Last words in the names of tables that stay small."""


class TableNames(Taste, frozen=True):
    style: Literal["auto", "any", "snake_case", "camelCase", "PascalCase", "UPPER_CASE"] = "auto"
    """"auto": what the house does, with few tables snake_case."""
    number: Literal["auto", "any", "singular", "plural"] = "auto"
    """"auto": what the house does, with few tables either."""


class ColumnNames(Taste, frozen=True):
    style: Literal["auto", "any", "snake_case", "camelCase", "PascalCase", "UPPER_CASE"] = "auto"
    """"auto": what the house does, with few tables snake_case."""


class IndexNames(Taste, frozen=True):
    pattern: str = "auto"
    """Patterns with blanks between, "any", or "auto": what the house does."""


class ConstraintNames(Taste, frozen=True):
    primary_key: str = "auto"
    unique: str = "auto"
    foreign_key: str = "auto"
    check: str = "auto"
    """Patterns with blanks between, "any", or "auto": what the house does."""
    unnamed: bool = False
    """Constraints whose name the database or the naming convention gives are judged, too."""


class ReferenceNames(Taste, frozen=True):
    pattern: str = "auto"
    """Patterns with blanks between, "any", or "auto": what the house does."""


class Quotes(Taste, frozen=True):
    expect: Literal["auto", "plain"] = "auto"
    """"auto": quiet about capitals where the house has them; "plain": no name has any."""


class HouseSettings(Struct, frozen=True):
    """The options of all rules of taste."""

    timestamps: Timestamps = field(default_factory=Timestamps)
    zones: TimeZones = field(default_factory=TimeZones)
    keys: Keys = field(default_factory=Keys)
    tables: TableNames = field(default_factory=TableNames)
    columns: ColumnNames = field(default_factory=ColumnNames)
    indexes: IndexNames = field(default_factory=IndexNames)
    constraints: ConstraintNames = field(default_factory=ConstraintNames)
    references: ReferenceNames = field(default_factory=ReferenceNames)
    quotes: Quotes = field(default_factory=Quotes)


RULES: Mapping[str, str] = {
    "missing-timestamps": "timestamps",
    "timestamp-without-timezone": "zones",
    "small-primary-key": "keys",
    "table-name-style": "tables",
    "column-name-style": "columns",
    "index-name-style": "indexes",
    "constraint-name-style": "constraints",
    "foreign-key-name-style": "references",
    "identifier-needs-quotes": "quotes",
}
"""Which rule has which options."""


def house_settings(rule_options: Mapping[str, Mapping[str, Any]]) -> HouseSettings:
    """The settings of a house, of the options of rules by name, as a configuration gives them."""
    found = HouseSettings()
    for rule, field_name in RULES.items():
        given = rule_options.get(rule, {})
        if given:
            found = replace(found, **{field_name: replace(getattr(found, field_name), **given)})
    return found
