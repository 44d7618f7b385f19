"""The catalogue of a PostgreSQL database by what is known of it and what has changed since."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from .postgresql_queries import THESE, Entries, ask, changes, others, relations

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_CHANGES, _RELATIONS, _OTHERS = (f"migrate_guard_{each}" for each in ("changes", "relations", "others"))
_FIRST = "3"
"""The first number that a transaction gets: everything has been written since."""


class Relation(NamedTuple):
    """What tells whether the definitions of a relation can have changed."""

    name: str
    """As the owner of its entries."""
    number: int
    """How many rows of the catalogues it has."""
    is_new: bool
    """One of them was written."""
    is_told_by_others: bool
    """Its definitions are made of other relations' columns, too."""


class Changed(NamedTuple):
    """An answer of the database."""

    next: str
    """The transaction since which everything is to be taken for changed when it is asked again."""
    around: object
    """What all definitions depend on."""
    is_exact: bool
    """Definitions of relations change with themselves, or with what is seen here."""
    rest: Sequence[object]
    relations: dict[int, Relation]


class Known(NamedTuple):
    """What was there when the database was asked."""

    changed: Changed
    owners: dict[str, Entries]
    """The entries of relations, by their names."""
    others: Entries

    @property
    def entries(self) -> Entries:
        return {**self.others, **{key: text for entries in self.owners.values() for key, text in entries.items()}}


def prepare(connection: Connection, version: int) -> None:
    """Plan the queries: that takes as long as running them, and is done once for a connection that stays."""
    connection.exec_driver_sql("SET plan_cache_mode TO force_generic_plan")
    connection.exec_driver_sql(f"PREPARE {_CHANGES} (text) AS {changes(version)}")
    connection.exec_driver_sql(f"PREPARE {_RELATIONS} (text) AS {relations(version, THESE)}")
    connection.exec_driver_sql(f"PREPARE {_OTHERS} AS {others(version)}")


def known_now(connection: Connection, before: Known | None) -> Known:
    """Return what is there now; the queries have been prepared."""
    changed = _ask(connection, before.changed.next if before else _FIRST)
    if before is None or not changed.is_exact or not _is_alike(before.changed, changed):
        return _whole(connection, changed)
    new = {
        number
        for number, each in changed.relations.items()
        if each.is_new
        or number not in before.changed.relations
        or each.number != before.changed.relations[number].number
    }
    gone = before.changed.relations.keys() - changed.relations.keys()
    if not new and not gone:
        return before._replace(changed=changed)
    new |= {number for number, each in changed.relations.items() if each.is_told_by_others}
    owners = _owners(connection, new)
    stale = {before.changed.relations[number].name for number in {*gone, *new} & before.changed.relations.keys()}
    kept = {name: entries for name, entries in before.owners.items() if name not in stale}
    if any(_has_renamed(before.owners[name], owners[name]) for name in stale & owners.keys() & before.owners.keys()):
        return _whole(connection, changed)
    return Known(changed, {**kept, **owners}, before.others)


def _is_alike(before: Changed, now: Changed) -> bool:
    """Whether what is printed of a relation that has not changed itself is what it was."""
    names = (
        (each.name, now.relations[number].name) for number, each in before.relations.items() if number in now.relations
    )
    number, is_new = now.rest
    return before.around == now.around and not is_new and number == before.rest[0] and all(a == b for a, b in names)


def _has_renamed(before: Entries, now: Entries) -> bool:
    """Whether a column may have got another name, by which the definitions of other relations call it."""
    columns = [{part for kind, _, part in each if kind == "column"} for each in (before, now)]
    return bool(columns[0] - columns[1]) and bool(columns[1] - columns[0])


def _whole(connection: Connection, changed: Changed) -> Known:
    return Known(changed, _owners(connection, changed.relations), ask(connection, f"EXECUTE {_OTHERS}"))


def _owners(connection: Connection, numbers: Iterable[int]) -> dict[str, Entries]:
    wanted = ",".join(str(each) for each in numbers)
    owners: dict[str, Entries] = {}
    for key, text in ask(connection, f"EXECUTE {_RELATIONS} ('{{{wanted}}}')").items():
        owners.setdefault(key[1], {})[key] = text
    return owners


def _ask(connection: Connection, since: str) -> Changed:
    answer = json.loads(connection.exec_driver_sql(f"EXECUTE {_CHANGES} ('{since}')").scalar_one())
    answer["relations"] = {int(number): Relation(*rest) for number, *rest in answer["relations"]}
    return Changed(**answer)
