"""The mappers that there are, which SQLAlchemy tells by no public name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import configure_mappers, mapperlib

from .declarations import Declarations
from .loaded import Problems, said


def mappers() -> list[Any]:
    """All mappers, in an order that does not change from run to run."""
    found = [mapper for registry in mapperlib._all_registries() for mapper in registry.mappers]  # noqa: SLF001
    return sorted(found, key=lambda each: (each.class_.__module__, each.class_.__qualname__, str(each.local_table)))


def configure(declarations: Declarations, problems: Problems) -> None:
    """Configure all mappers; what cannot be is told at its class."""
    try:
        configure_mappers()
    except Exception as error:  # noqa: BLE001 - SQLAlchemy's errors, and whatever callables of the user's raise
        failed = [each for each in mappers() if getattr(each, "_configure_failed", False)]
        place = declarations.of_class(failed[0].class_, failed[0].local_table) if failed else None
        problems.add(place, f"the mappers cannot be configured: {said(error)}")


def owners() -> dict[Any, list[Any]]:
    """The mappers of each table, without those that inherit it."""
    found: dict[Any, list[Any]] = {}
    for each in mappers():
        if isinstance(each.local_table, Table) and not inherits_table(each):
            found.setdefault(each.local_table, []).append(each)
    return found


def inherits_table(mapper: Any) -> bool:
    """Whether the table of a mapper is that of the class above: single table inheritance."""
    return mapper.inherits is not None and mapper.inherits.local_table is mapper.local_table


def family(mapper: Any) -> Iterator[Any]:
    """A mapper and those below it that have its table."""
    return (each for each in mapper.self_and_descendants if each.local_table is mapper.local_table)


def relationships(mapper: Any) -> list[Any]:
    """The relationships that a class itself has; asking for them in public would configure all mappers."""
    props = getattr(mapper, "_props", {}).values()
    return [each for each in props if hasattr(each, "back_populates") and each.parent is mapper]
