"""What SQL texts and connection options set of a session, found without a parser: env.py is read on every run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from migrate_guard.model.patterns import lazily
from migrate_guard.reading.values import HOLE, Value

MAXIMUM_LENGTH: Final = 10_000
"""Longer texts and options are not looked at; no one sets a session with them."""
_LONGEST_PARAMETER: Final = 200
_WORD: Final = lazily(rf"(?P<space>--[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/)?)|'(?:[^']|'')*'?|\"[^\"]*\"?|[\w.{HOLE}]+|\S")
_LOCKING: Final = lazily(r"pg_(try_)?advisory_(xact_)?lock(_shared)?")
_OPTION: Final = lazily(r"(?:-c\s*|--)(\w[\w.-]*)=((?:\\.|\S)*)")
_NAMED: Final = {("ROLE",): "role", ("SCHEMA",): "search_path", ("TIME", "ZONE"): "timezone"}
"""Settings with a spelling of their own, and the parameter they set."""


class Change(Struct, frozen=True):
    """A parameter that a statement sets; without a value it is given back, and without a name so is every one."""

    name: str
    value: str | None
    is_local: bool = False


def changes(text: str) -> Iterator[Change]:
    """What the statements of a text set and reset, in order.

    PostgreSQL manual: SET, RESET, DISCARD, set_config; sqlite.org/pragma.html.
    """
    for words in _statements(text):
        upper = [each[0].upper() for each in words[:5]]
        match upper:
            case ["SET", "LOCAL" | "SESSION" as scope, *_]:
                yield from _set(text, words[2:], is_local=scope == "LOCAL")
            case ["SET", *_]:
                yield from _set(text, words[1:], is_local=False)
            case ["DISCARD" | "RESET", "ALL"]:
                yield Change("", None)
            case ["PRAGMA", _, "=" | "(", _, *_]:
                yield Change(_name(words[1]).rpartition(".")[2], _unquoted(words[3][0]))
            case ["RESET", _]:
                yield Change(_name(words[1]), None)
            case _:
                yield from _functions(words)


def advisory_locks(text: str) -> list[str]:
    """The functions that take an advisory lock in a text (PostgreSQL manual 9.28.10)."""
    return [name for words in _statements(text) for name, _ in _calls(words) if _LOCKING.fullmatch(name)]


def bound(text: str, parameters: Value) -> str:
    """A text with the parameters that it is executed with."""
    if not isinstance(parameters, Mapping) or len(text) > MAXIMUM_LENGTH:
        return text
    return re.sub(r"(?<![:\w]):(\w+)|%\((\w+)\)s", lambda found: _literal(parameters, found[1] or found[2]), text)


def started_with(options: str) -> Iterator[tuple[str, str]]:
    r"""The parameters that the `options` of a connection set: `-c lock_timeout=5s --statement_timeout=0`.

    A backslash makes what follows it a part of the value (PostgreSQL manual 34.1.2).
    """
    for name, value in _OPTION.findall(options[:MAXIMUM_LENGTH]):
        yield name.replace("-", "_").lower(), _known(re.sub(r"\\(.)", r"\1", value))


def started_with_url(url: str) -> Iterator[tuple[str, str]]:
    """The parameters that the `options` of a URL's query set."""
    from urllib.parse import parse_qsl

    for name, value in parse_qsl(url[:MAXIMUM_LENGTH].partition("?")[2]):
        if name == "options":
            yield from started_with(value)


def _statements(text: str) -> Iterator[list[re.Match[str]]]:
    """The words of each statement."""
    words: list[re.Match[str]] = []
    for word in _WORD.finditer(text if len(text) <= MAXIMUM_LENGTH else ""):
        if word[0] == ";":
            yield words
            words = []
        elif word["space"] is None:
            words.append(word)
    yield words


def _set(text: str, words: Sequence[re.Match[str]], *, is_local: bool) -> Iterator[Change]:
    """What a SET from behind its scope sets."""
    upper = [each[0].upper() for each in words[:2]]
    count = next((len(each) for each in _NAMED if tuple(upper[: len(each)]) == each), 0)
    if count:
        name, words = _NAMED[tuple(upper[:count])], words[count:]
    elif upper[1:] in (["="], ["TO"]) and HOLE not in words[0][0]:
        name, words = _name(words[0]), words[2:]
    else:
        return
    if words:
        value = text[words[0].start() : words[-1].end()]
        yield Change(name, None if value.upper() == "DEFAULT" else _unquoted(value), is_local)


def _functions(words: Sequence[re.Match[str]]) -> Iterator[Change]:
    """What calls of set_config() set."""
    for name, at in _calls(words):
        given = [each[0] for each in words[at : at + 5]]
        if name == "set_config" and given[1::2] == [",", ","] and given[0].startswith("'"):
            yield Change(_unquoted(given[0]).lower(), _unquoted(given[2]), given[4].lower() == "true")


def _calls(words: Sequence[re.Match[str]]) -> Iterator[tuple[str, int]]:
    """The functions that are called, without their schema, and the first word of the arguments of each."""
    for at, word in enumerate(words[1:], 1):
        if word[0] == "(":
            yield words[at - 1][0].rpartition(".")[2].lower(), at + 1


def _name(word: re.Match[str]) -> str:
    return word[0].strip('"').lower()


def _literal(parameters: Mapping[str, Value], name: str) -> str:
    value = parameters.get(name)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str) and len(text := str(value)) <= _LONGEST_PARAMETER:
        return "'" + text.replace("'", "''") + "'"
    return HOLE


def _unquoted(value: str) -> str:
    quoted = value[:1] == "'" and value[-1:] == "'" and "'" not in value[1:-1].replace("''", "")
    return _known(value[1:-1].replace("''", "'") if quoted else value)


def _known(value: str) -> str:
    return "" if HOLE in value else value
