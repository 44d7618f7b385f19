"""The modules of scripts as they were when they were loaded: each command of `alembic` loads them anew."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData

_CONTAINERS = (list, dict, set)


class Fresh:
    """What the names of a script's module stand for, to be had again.

    Loading it again instead would define the classes that it maps a second time. What is imported belongs to others.
    """

    def __init__(self, module: ModuleType, path: str) -> None:
        self._module = module
        self._names = {name: value for name, value in vars(module).items() if not name.startswith("__")}
        held = {name: value for name, value in self._names.items() if type(value) in (*_CONTAINERS, MetaData)}
        imported = set(_imported(path)) if held and path.endswith(".py") else held.keys()
        own = [value for name, value in held.items() if name not in imported]
        self._containers = [(each, each.copy()) for each in own if type(each) in _CONTAINERS]
        self._metadata = [(each, set(each.tables)) for each in own if type(each) is MetaData]

    def restore(self) -> None:
        """Bind its names as they were bound, and let lists, dicts, sets and MetaData hold what they held."""
        names = vars(self._module)
        names.update(self._names)
        for name in [each for each in names if each not in self._names and not each.startswith("__")]:
            del names[name]
        for container, held in self._containers:
            _refill(container, held)
        for metadata, tables in self._metadata:
            for name in metadata.tables.keys() - tables:
                metadata.remove(metadata.tables[name])


def _refill(container: Any, held: Any) -> None:
    container.clear()
    (container.extend if isinstance(container, list) else container.update)(held)


def _imported(path: str) -> Iterator[str]:
    with open(path, "rb") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
