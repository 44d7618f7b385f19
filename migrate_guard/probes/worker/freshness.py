"""The modules of scripts as they were when they were loaded: each command of `alembic` loads them anew."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from sqlalchemy import MetaData

_CONTAINERS = (list, dict, set)


class Fresh:
    """What the names of a module stand for, to be had again.

    Loading it again instead would define the classes that it maps a second time.
    """

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._names = dict(vars(module))
        self._containers = [(each, each.copy()) for each in self._names.values() if type(each) in _CONTAINERS]
        self._metadata = [(each, set(each.tables)) for each in self._names.values() if type(each) is MetaData]

    def restore(self) -> None:
        """Bind its names as they were bound, and let lists, dicts, sets and MetaData hold what they held."""
        names = vars(self._module)
        names.update(self._names)
        for name in names.keys() - self._names.keys():
            del names[name]
        for container, held in self._containers:
            _refill(container, held)
        for metadata, tables in self._metadata:
            for name in metadata.tables.keys() - tables:
                metadata.remove(metadata.tables[name])


def _refill(container: Any, held: Any) -> None:
    container.clear()
    (container.extend if isinstance(container, list) else container.update)(held)
