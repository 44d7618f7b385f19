"""The tables of MetaData, with the classes that are mapped to them and the places of both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.exc import InvalidRequestError

from ..paths import is_installed
from . import defaults, mapping
from .declarations import Declarations
from .loaded import Problems
from .places import Place, place_of


class Tables:
    """Tells of tables; the mappers are those that there are when this is made."""

    def __init__(self, declarations: Declarations, dialect: Any, problems: Problems) -> None:
        self._declarations, self._dialect, self._problems = declarations, dialect, problems
        self._owners = mapping.owners()
        self._by_name: dict[str, list[Any]] = {}
        for table, found in self._owners.items():
            self._by_name.setdefault(table.fullname, []).extend(found)

    def models(self, metadata: MetaData) -> Iterator[dict[str, object]]:
        """Each class that owns a table, and each table without one."""
        for table in metadata.tables.values():
            owners = self._mappers(table)
            for mapper in owners:
                yield self._told(table, mapper)
            if not owners:
                yield self._told(table, None)

    def place(self, table: Table) -> Place | None:
        """The line of the class of a table, else where the table was made."""
        for mapper in self._mappers(table):
            return self._declarations.of_class(mapper.class_, mapper.local_table)
        return place_of(table)

    def place_of_column(self, table: Table, name: str) -> Place | None:
        """The line that declares a column."""
        column = next((each for each in table.columns if each.name == name), None)
        mapper = next(iter(self._mappers(table)), None)
        if column is None:
            return self.place(table)
        if mapper is None:
            return place_of(column) or place_of(table)
        cls, key = _attribute(mapper, _mapped(mapper, column))
        return self._column(cls, key, _mapped(mapper, column), mapper)

    def _mappers(self, table: Table) -> list[Any]:
        """The mappers of a table, or of the one that it is a copy of: env.py may put several MetaData into one."""
        own = self._owners.get(table)
        if own is not None:
            return own
        # where env.py was run again, what it defines is there twice
        copied = {_dotted(each.class_): each for each in self._by_name.get(table.fullname, ())}
        return list(copied.values())

    def _told(self, table: Table, mapper: Any) -> dict[str, object]:
        cls = mapper.class_ if mapper is not None else None
        return {
            "name": _dotted(cls) if cls is not None else "",
            "schema": table.schema,
            "table": table.name,
            **self._at(self.place(table) if mapper is None else self._class(mapper)),
            "attributes": [self._column_told(table, each, mapper) for each in table.columns],
            "relationships": list(self._relationships(mapper)) if mapper is not None else [],
        }

    def _class(self, mapper: Any) -> Place | None:
        return self._declarations.of_class(mapper.class_, mapper.local_table)

    def _column_told(self, table: Table, column: Any, mapper: Any) -> dict[str, object]:
        name, default = column.key, defaults.told(column.default, self._dialect)
        place = place_of(column) or place_of(table)
        if mapper is not None:
            mapped = _mapped(mapper, column)
            cls, name = _attribute(mapper, mapped)
            place = self._column(cls, name, mapped, mapper)
            default = default or defaults.told_factory(cls, name)
        return {
            "column": column.name,
            "name": name,
            **self._at(place),
            "default": default,
            "onupdate": defaults.told(column.onupdate, self._dialect),
            "has_server_onupdate": column.server_onupdate is not None,
        }

    def _column(self, cls: type, key: str, column: Any, mapper: Any) -> Place | None:
        table = mapper.local_table
        made, of_table = place_of(column), place_of(table)
        is_declared = of_table is None or of_table.is_of_class
        if not is_declared and made is not None:
            return made
        found = self._declarations.of_attribute(cls, key, table)
        if found is None and made is not None and not made.is_of_class and not is_installed(made.file):
            found = made
        return found or self._class(mapper)

    def _relationships(self, mapper: Any) -> Iterator[dict[str, object]]:
        for owner in mapping.family(mapper):
            for prop in mapping.relationships(owner):
                others = getattr(prop, "_reverse_property", ())
                yield {
                    "name": prop.key,
                    **self._at(self._relationship(owner, prop, others)),
                    "target": _target(prop),
                    "has_other_side": bool(prop.back_populates or prop.backref or others),
                    "is_viewonly": bool(prop.viewonly),
                }

    def _relationship(self, mapper: Any, prop: Any, others: Any) -> Place | None:
        """Where a relationship is declared; for a backref, where the other side is."""
        found = self._declarations.of_attribute(mapper.class_, prop.key, mapper.local_table)
        for each in others if found is None else ():
            other = each.parent
            found = found or self._declarations.of_attribute(other.class_, each.key, other.local_table)
        return found or self._class(mapper)

    def _at(self, place: Place | None) -> dict[str, object]:
        if place is None:
            return {"file": self._problems.otherwise, "line": 1}
        return {"file": os.path.abspath(place.file), "line": place.line}


def _mapped(mapper: Any, column: Any) -> Any:
    """The column of the mapped table that a column is, or is a copy of."""
    own = mapper.local_table.columns
    return (
        column
        if column.table is mapper.local_table
        else next((each for each in own if each.name == column.name), column)
    )


def _attribute(mapper: Any, column: Any) -> tuple[type, str]:
    """The class that has an attribute for a column, and the attribute's name."""
    for each in mapping.family(mapper):
        try:
            prop = each.get_property_by_column(column)
        except InvalidRequestError:
            continue
        return each.class_, prop.key
    return mapper.class_, column.key


def _target(prop: Any) -> str:
    """The class at the other end; as it is written, where it cannot be found."""
    try:
        return _dotted(prop.mapper.class_)
    except Exception:  # noqa: BLE001 - mappers that could not be configured
        argument = prop.argument
        return _dotted(argument) if isinstance(argument, type) else str(argument)


def _dotted(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
