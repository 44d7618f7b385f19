"""What SQL texts and connection options set of a session, found without a parser: env.py is read on every run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from migrate_guard.reading.values import HOLE, Value

_STATEMENT: Final = re.compile(r"(?:'(?:[^']|'')*'|\"[^\"]*\"|[^;'\"]|['\"])+")
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_SET: Final = re.compile(
    rf"\s*SET\s+(?:(SESSION|LOCAL|GLOBAL)\s+)?([\w.{HOLE}]+)\s*(?:=|\bTO\b)\s*(.*?)\s*", re.IGNORECASE | re.DOTALL
)
_NAMED: Final = re.compile(
    r"\s*SET\s+(?:(SESSION|LOCAL)\s+)?(ROLE|SCHEMA|TIME\s+ZONE)\s+(.*?)\s*", re.IGNORECASE | re.DOTALL
)
_NAMES: Final = {"ROLE": "role", "SCHEMA": "search_path", "TIME ZONE": "timezone"}
"""Settings with a spelling of their own, and the parameter they set."""
_RESET: Final = re.compile(r"\s*(?:RESET\s+([\w.]+)|(DISCARD\s+ALL))\s*", re.IGNORECASE)
_SET_CONFIG: Final = re.compile(
    r"\bset_config\s*\(\s*'([\w.]+)'\s*,\s*('(?:[^']|'')*'|[^,']*?)\s*,\s*(\w+)\s*\)", re.IGNORECASE
)
_ADVISORY: Final = re.compile(r"\b(pg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?)\s*\(", re.IGNORECASE)
_OPTION: Final = re.compile(r"(?:-c\s*|--)([\w.-]+)=((?:\\.|\S)*)")


@dataclass(frozen=True, slots=True)
class Change:
    """A parameter that a statement sets; without a value it is given back, and without a name so is every one."""

    name: str
    value: str | None
    is_local: bool = False


def changes(text: str) -> Iterator[Change]:
    """What the statements of a text set and reset, in order (PostgreSQL manual: SET, RESET, set_config)."""
    for statement in _STATEMENT.findall(_COMMENT.sub(" ", text)):
        if found := _NAMED.fullmatch(statement):
            name = _NAMES[" ".join(found[2].upper().split())]
            yield Change(name, _unquoted(found[3]), (found[1] or "").upper() == "LOCAL")
        elif found := _SET.fullmatch(statement):
            value = None if found[3].upper() == "DEFAULT" else _unquoted(found[3])
            if HOLE not in found[2] and (found[1] or "").upper() != "GLOBAL":
                yield Change(found[2].lower(), value, (found[1] or "").upper() == "LOCAL")
        elif found := _RESET.fullmatch(statement):
            yield Change("" if found[2] or found[1].upper() == "ALL" else found[1].lower(), None)
        else:
            for name, value, is_local in _SET_CONFIG.findall(statement):
                yield Change(name.lower(), _unquoted(value), is_local.lower() == "true")


def advisory_locks(text: str) -> list[str]:
    """The functions that take an advisory lock in a text (PostgreSQL manual 9.28.10)."""
    return [name.lower() for name in _ADVISORY.findall(text)]


def bound(text: str, parameters: Value) -> str:
    """A text with the parameters that it is executed with."""
    if not isinstance(parameters, Mapping):
        return text
    return re.sub(r"(?<![:\w]):(\w+)|%\((\w+)\)s", lambda found: _literal(parameters, found[1] or found[2]), text)


def started_with(options: str) -> Iterator[tuple[str, str]]:
    r"""The parameters that the `options` of a connection set: `-c lock_timeout=5s --statement_timeout=0`.

    A backslash makes what follows it a part of the value (PostgreSQL manual 34.1.2).
    """
    for name, value in _OPTION.findall(options):
        yield name.replace("-", "_").lower(), _known(re.sub(r"\\(.)", r"\1", value))


def started_with_url(url: str) -> Iterator[tuple[str, str]]:
    """The parameters that the `options` of a URL's query set."""
    from urllib.parse import parse_qsl

    for name, value in parse_qsl(url.partition("?")[2]):
        if name == "options":
            yield from started_with(value)


def _literal(parameters: Mapping[str, Value], name: str) -> str:
    value = parameters.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str):
        return "'" + str(value).replace("'", "''") + "'"
    return HOLE


def _unquoted(value: str) -> str:
    quoted = re.fullmatch(r"'((?:[^']|'')*)'", value)
    return _known(quoted[1].replace("''", "'") if quoted else value)


def _known(value: str) -> str:
    return "" if HOLE in value else value
