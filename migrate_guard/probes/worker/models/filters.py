"""What `include_name` and `include_object` of env.py leave out of a comparison, asked as Alembic's autogenerate asks.

alembic.autogenerate.compare (1.13 to 1.20): names of the database first, then objects: those of the models with the one
of the database that they are compared to, and those that only the database has. A table that is left out is asked
nothing more about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.types import NullType

from .job import HistoryTable
from .loaded import Filters, Loaded, Problems, said

Excluded = tuple[str, "str | None", str, str]
"""Alembic's type, schema and name of the table, the name within it."""


class _Item(NamedTuple):
    """An object within a table."""

    type: str
    name: str | None
    object: Any


def excluded(
    loaded: Sequence[Loaded], history: Sequence[HistoryTable], dialect: Any, problems: Problems
) -> list[Excluded]:
    """What is left out of the models and of the history, sorted."""
    groups: dict[int, tuple[Filters, dict[tuple[str | None, str], Table]]] = {}
    default: str | None = getattr(dialect, "default_schema_name", None)
    for each in loaded:
        if each.filters is not None:
            _, tables = groups.setdefault(id(each.filters), (each.filters, {}))
            tables.update({_key(table, default): table for table in each.metadata.tables.values()})
    migrated = {_key(table, default): table for table in _tables(history)}
    of_models = set().union(*(tables for _, tables in groups.values()))
    found: set[Excluded] = set()
    only_history: list[set[Excluded]] = []
    for filters, tables in groups.values():
        asked = _Asked(filters, problems)
        for key, table in tables.items():
            found |= set(asked.about(table, migrated.get(key), default))
        known = {key: table for key, table in migrated.items() if key not in of_models}
        only_history.append({each for table in known.values() for each in asked.about_history(table, default)})
    if only_history:
        # of several databases, a table is of the one that does not leave it out
        found |= set.intersection(*only_history)
    return sorted(found, key=lambda each: (each[1] or "", each[2], each[0], each[3]))


class _Asked:
    """Asks the filters of one call of `configure`."""

    def __init__(self, filters: Filters, problems: Problems) -> None:
        self._filters, self._problems = filters, problems

    def about(self, table: Table, migrated: Table | None, default: str | None) -> Iterator[Excluded]:
        """Ask about a table of the models, and about what only the migrated one has of it."""
        if not self._has_table(table, default, migrated, reflected=False):
            yield "table", table.schema, table.name, table.name
            return
        others = {(each.type, each.name): each.object for each in _items(migrated)} if migrated is not None else {}
        own = list(_items(table))
        for each in own:
            if not self._has_item(table, each, others.get((each.type, each.name)), reflected=False):
                yield each.type, table.schema, table.name, each.name or ""
        known = {(each.type, each.name) for each in own}
        for each in _items(migrated) if migrated is not None else ():
            if (each.type, each.name) not in known and not self._has_item(table, each, None, reflected=True):
                yield each.type, table.schema, table.name, each.name or ""

    def about_history(self, table: Table, default: str | None) -> Iterator[Excluded]:
        """Ask about a table that is in no models."""
        is_elsewhere = table.schema not in (None, default) and not self._filters.include_schemas
        if is_elsewhere or not self._has_table(table, default, None, reflected=True):
            yield "table", table.schema, table.name, table.name

    def _has_table(self, table: Table, default: str | None, other: Table | None, *, reflected: bool) -> bool:
        schema = None if table.schema == default else table.schema
        return (
            self._name(schema, "schema", {})
            and self._name(table.name, "table", _names_above("table", table.name, schema))
            and self._object(table, table.name, "table", reflected, other)
        )

    def _has_item(self, table: Table, item: _Item, other: Any, *, reflected: bool) -> bool:
        above = _names_above(item.type, table.name, table.schema)
        return self._name(item.name, item.type, above) and self._object(
            item.object, item.name, item.type, reflected, other
        )

    def _name(self, name: str | None, type_: str, above: dict[str, str | None]) -> bool:
        return self._ask("include_name", self._filters.include_name, name, type_, above)

    def _object(self, object_: Any, name: str | None, type_: str, *more: Any) -> bool:
        return self._ask("include_object", self._filters.include_object, object_, name, type_, *more)

    def _ask(self, called: str, function: Any, *args: Any) -> bool:
        if function is None:
            return True
        try:
            return bool(function(*args))
        except Exception as error:  # noqa: BLE001 - user code raises what it likes
            self._problems.add(self._filters.place, f"{called} of env.py fails: {said(error)}")
            return True


def _names_above(type_: str, table: str, schema: str | None) -> dict[str, str | None]:
    """`parent_names` (alembic.autogenerate.api, AutogenContext.run_name_filters)."""
    qualified = f"{schema}.{table}" if schema else table
    names: dict[str, str | None] = {"schema_name": schema, "schema_qualified_table_name": qualified}
    return names if type_ == "table" else {"table_name": table, **names}


def _key(table: Table, default: str | None) -> tuple[str | None, str]:
    return None if table.schema == default else table.schema, table.name


def _items(table: Table) -> Iterator[_Item]:
    for column in table.columns:
        yield _Item("column", column.name, column)
    for index in sorted(table.indexes, key=lambda each: str(each.name)):
        yield _Item("index", _name(index), index)
    for constraint in sorted(table.constraints, key=lambda each: str(each.name)):
        if isinstance(constraint, UniqueConstraint):
            yield _Item("unique_constraint", _name(constraint), constraint)
        elif isinstance(constraint, ForeignKeyConstraint):
            yield _Item("foreign_key_constraint", _name(constraint), constraint)


def _name(item: Any) -> str | None:
    return str(item.name) if isinstance(item.name, str) else None


def _tables(history: Sequence[HistoryTable]) -> Iterator[Table]:
    """Tables as they would be reflected, of what is known of them."""
    metadata = MetaData()
    for each in history:
        table = Table(each.name, metadata, *(Column(name, NullType()) for name in each.columns), schema=each.schema)
        for name in each.indexes:
            Index(name, _table=table)
        for name in each.uniques:
            table.append_constraint(UniqueConstraint(name=name))
        for name in each.foreign_keys:
            table.append_constraint(ForeignKeyConstraint([], [], name=name))
        yield table
