"""What every rule declares, without importing it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from migrate_guard.model.finding import Severity
from migrate_guard.model.operations import Operation
from migrate_guard.model.revision import Direction
from migrate_guard.model.target import DialectName
from migrate_guard.rule import Rule

NAME: Final = "index.json"

Load: TypeAlias = Callable[[str], Rule]


class Entry(Struct, frozen=True, omit_defaults=True):
    """A rule in the index; its module has `size` bytes, lines ended by one."""

    code: str
    name: str
    size: int
    severity: Severity
    summary: str
    on: tuple[str, ...] = ()
    """Each a class: "migrate_guard.model.operations:AddColumn"."""
    on_statements: tuple[str, ...] = ()
    default: bool = True
    dialects: tuple[DialectName, ...] = ()
    directions: tuple[Direction, ...] = ("upgrade",)
    has_mind: bool = False
    has_options: bool = False
    yields_to: tuple[str, ...] = ()
    speaks_first: bool = False
    is_said_once: bool = False


def indexed(folder: str, load: Load) -> tuple[Rule, ...]:
    """The rules of the index in a folder; none where it does not speak of the modules that are there."""
    try:
        with open(os.path.join(folder, NAME), "rb") as file:
            entries = msgspec.json.decode(file.read(), type=tuple[Entry, ...])
    except (OSError, msgspec.DecodeError):
        return ()
    if {f"{each.name.replace('-', '_')}.py": each.size for each in entries} != sizes(folder):
        return ()
    return tuple(_rule(each, load) for each in entries)


def sizes(folder: str) -> dict[str, int]:
    """The modules of rules in a folder, with the bytes that each has."""
    with os.scandir(folder) as there:
        return {each.name: each.stat().st_size for each in there if each.name.endswith(".py") and each.name[0] != "_"}


def written(rules: Iterable[Rule], folder: str) -> bytes:
    """The index of rules that were imported, as the file has it."""
    size = sizes(folder)
    entries = [_entry(each, size[f"{each.name.replace('-', '_')}.py"]) for each in rules]
    lines = b",\n".join(msgspec.json.encode(each) for each in entries)
    return b"[\n" + lines + b"\n]\n"


def _entry(each: Rule, size: int) -> Entry:
    return Entry(
        code=each.code,
        name=each.name,
        size=size,
        severity=each.severity,
        summary=each.summary,
        on=tuple(map(_place, each.on)),
        on_statements=tuple(map(_place, each.on_statements)),
        default=each.default,
        dialects=each.dialects,
        directions=each.directions,
        has_mind=each.minds_downgrade is not None,
        has_options=each.options_of is not None,
        yields_to=each.yields_to,
        speaks_first=each.speaks_first,
        is_said_once=each.is_said_once,
    )


def _rule(each: Entry, load: Load) -> Rule:
    return Rule(
        code=each.code,
        name=each.name,
        on=tuple(map(_class, each.on)),
        severity=each.severity,
        check=lambda *given: load(each.name).check(*given),
        on_statements=tuple(map(_class, each.on_statements)),
        default=each.default,
        dialects=each.dialects,
        directions=each.directions,
        minds_downgrade=_minding(each.name, load) if each.has_mind else None,
        options_of=(lambda: _options(load(each.name))) if each.has_options else None,
        yields_to=each.yields_to,
        speaks_first=each.speaks_first,
        is_said_once=each.is_said_once,
        summary=each.summary,
    )


def _minding(name: str, load: Load) -> Callable[[Operation], bool]:
    def minds(operation: Operation) -> bool:
        found = load(name).minds_downgrade
        assert found is not None
        return found(operation)

    return minds


def _options(loaded: Rule) -> type:
    assert loaded.options_of is not None
    return loaded.options_of()


def _place(subject: type) -> str:
    return f"{subject.__module__}:{subject.__qualname__}"


def _class(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
