"""The MetaData that specifications name: `module:attribute`, or modules and packages to look through."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any

from sqlalchemy import MetaData, Table

from ..protocol import GivenUp
from . import mapping
from .loaded import Loaded, Problems, said
from .places import Place

_LEFT_OUT = frozenset({"__main__", "conftest", "test", "tests"})


def named(specs: Sequence[str], scripts: Sequence[str], problems: Problems) -> list[Loaded]:
    """Import what is named and return its MetaData, each once; raises GivenUp, and what the imports raise.

    A package's modules in the directories `scripts` are revisions, which are not imported.
    """
    found: list[Loaded] = []
    for spec in specs:
        module, colon, attribute = spec.partition(":")
        found += _of_attribute(spec, module, attribute) if colon else _of_module(module, scripts, problems)
    once: dict[int, Loaded] = {}
    for each in found:
        once.setdefault(id(each.metadata), each)
    return list(once.values())


def _imported(module: str, spec: str) -> ModuleType:
    """Import a module; raises GivenUp where it is not there itself, and what the import raises."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        what = "name it as the project imports it, or add its place to prepend_sys_path"
        raise GivenUp("models", f"{spec}: there is no module {error.name}: {what}") from None


def _of_attribute(spec: str, module: str, attribute: str) -> list[Loaded]:
    value: Any = _imported(module, spec)
    for name in attribute.split("."):
        if not hasattr(value, name):
            raise GivenUp("models", f"{spec}: {getattr(value, '__name__', module)} has no {name}")
        value = getattr(value, name)
    found = list(_metadata(value))
    if not found:
        raise GivenUp("models", f"{spec} is no declarative base, no MetaData and no list of those: {value!r:.100}")
    return found


def _metadata(value: Any) -> Iterator[Loaded]:
    """The MetaData that a value is or has."""
    several = getattr(value, "metadatas", None)
    if isinstance(value, MetaData):
        yield Loaded(value)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from _metadata(each)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            for loaded in _metadata(each):
                yield loaded._replace(engine=str(name) if name is not None else None)
    elif isinstance(several, Mapping):
        # Flask-SQLAlchemy 3: one for each bind key, None that of the database without one
        yield from _metadata(several)
    elif isinstance(getattr(value, "metadata", None), MetaData):
        yield Loaded(value.metadata)


def _of_module(name: str, scripts: Sequence[str], problems: Problems) -> list[Loaded]:
    module = _imported(name, name)
    if hasattr(module, "__path__"):
        _import_all(module, scripts, problems)
    modules = [each for key, each in list(sys.modules.items()) if key == name or key.startswith(f"{name}.")]
    within = {each.__name__ for each in modules if isinstance(each, ModuleType)}
    found = [each for module in modules for each in _in_module(module)]
    mapped = [each.local_table for each in mapping.mappers() if each.class_.__module__ in within]
    found += [Loaded(each.metadata) for each in mapped if isinstance(each, Table)]
    filled = [each for each in found if each.metadata.tables]
    if not found:
        raise GivenUp("models", f"{name} has neither models nor a MetaData")
    return filled or found


def _in_module(module: ModuleType) -> Iterator[Loaded]:
    for value in list(vars(module).values()):
        if isinstance(value, Table):
            yield Loaded(value.metadata)
        elif isinstance(value, (MetaData, type)) or hasattr(type(value), "metadatas") or _has_metadatas(value):
            yield from _metadata(value)


def _has_metadatas(value: object) -> bool:
    """Whether a value is a Flask-SQLAlchemy object; others may answer to any name."""
    return type(value).__module__.partition(".")[0] == "flask_sqlalchemy"


def _import_all(package: ModuleType, scripts: Sequence[str], problems: Problems) -> None:
    """Import the modules of a package and of the packages in it; what cannot be imported is told."""
    directories = [os.path.join(os.path.realpath(each), "") for each in scripts]

    def search(paths: Sequence[str], prefix: str) -> None:
        for found in pkgutil.iter_modules(paths, prefix):
            spec = found.module_finder.find_spec(found.name, None)
            origin = os.path.realpath(spec.origin) if spec is not None and spec.origin else ""
            if _is_left_out(found.name.rpartition(".")[2], origin) or origin.startswith(tuple(directories)):
                continue
            try:
                module = importlib.import_module(found.name)
            except (Exception, SystemExit) as error:  # noqa: BLE001 - user code raises what it likes
                problems.add(Place(origin, 1) if origin else None, f"{found.name} cannot be imported: {said(error)}")
                continue
            if found.ispkg:
                search(list(getattr(module, "__path__", ())), f"{found.name}.")

    search(list(package.__path__), f"{package.__name__}.")


def _is_left_out(name: str, origin: str) -> bool:
    """Whether a module is a program, a test, or an environment of Alembic's, whose env.py no one else can import."""
    if name in _LEFT_OUT or name.startswith("test_"):
        return True
    beside = os.path.dirname(origin)
    return all(os.path.exists(os.path.join(beside, each)) for each in ("env.py", "script.py.mako"))
