"""Methods of strings, numbers and containers that are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from migrate_guard.reading.computing import (
    FAILURES,
    is_plain,
    known_items,
    modest,
    to_text,
)
from migrate_guard.reading.machine import MAXIMUM_TEXT
from migrate_guard.reading.python_calls import guarded, in_order, unknown
from migrate_guard.reading.values import (
    HOLE,
    EnumMember,
    ListValue,
    OrderedSet,
    Value,
)

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call


def call_python_method(receiver: Value, call: Call) -> Value:
    """The result of a method of a string, number or container."""
    name = call.name
    if isinstance(receiver, str | bytes) and _may_explode(receiver, call):
        return unknown(call, "it is too large to be computed")
    if isinstance(receiver, str):
        return string_method(receiver, call)
    if isinstance(receiver, dict):
        return _dict_method(receiver, call)
    if isinstance(receiver, list):
        return _list_method(receiver, call)
    if isinstance(receiver, int) and name == "to_bytes":
        return unknown(call)
    if all(map(is_plain, call.args)) and is_plain(receiver) and not name.startswith("_"):
        return guarded(call, lambda: getattr(receiver, name)(*call.args))
    return unknown(call)


def string_method(receiver: str, call: Call) -> Value:
    """The result of a method of a string."""
    name = call.name
    if name == "join":
        items = known_items(call.get(0))
        texts = list(map(to_text, items or ()))
        if sum(map(len, texts)) + len(texts) * len(receiver) > MAXIMUM_TEXT:
            return unknown(call, "it is too large to be computed")
        call.machine.step(sum(map(len, texts)))
        return receiver.join(texts) if items is not None else HOLE
    if name == "format":
        return _format(receiver, call)
    if name == "format_map" and isinstance(call.get(0), Mapping):
        return _format(receiver, call)
    if name.startswith("_") or not all(map(is_plain, [*call.args, *call.kwargs.values()])):
        return HOLE if name in ("replace", "strip", "lower", "upper", "title", "format") else unknown(call)
    if HOLE in receiver and name == "startswith" and isinstance(call.get(0), str):
        known = receiver.partition(HOLE)[0]
        return True if known.startswith(call.args[0]) else (unknown(call) if len(known) < len(call.args[0]) else False)
    if HOLE in receiver and name not in ("strip", "lower", "upper", "replace", "lstrip", "rstrip", "split"):
        return unknown(call)
    return guarded(call, lambda: getattr(receiver, name)(*call.args, **call.kwargs))


def _format(receiver: str, call: Call) -> Value:
    values: Mapping[str, Any] = call.kwargs or (call.get(0) if call.name == "format_map" else {})
    args = [_formattable(each) for each in call.args]
    kwargs = {str(name): _formattable(each) for name, each in values.items()}
    longest = max((len(each) for each in (*args, *kwargs.values()) if isinstance(each, str)), default=0)
    fields = re.findall(r"\{[^{}]*[:!]([^{}]*)([{}])", receiver)
    widest = max((int(each) for field, _ in fields if modest(field) for each in re.findall(r"\d+", field)), default=0)
    is_large = len(receiver) + receiver.count("{") * (longest + widest) > MAXIMUM_TEXT
    if is_large or any(end == "{" or not modest(field) for field, end in fields):
        return HOLE
    call.machine.step(len(receiver) + receiver.count("{") * (longest + widest))
    try:
        return receiver.format(*args, **kwargs)
    except (*FAILURES, MemoryError):
        return re.sub(r"\{[^{}]*\}", HOLE, receiver)


def _formattable(value: Value) -> int | float | str:
    return value if isinstance(value, int | float) and is_plain(value) else to_text(value)


def _may_explode(receiver: str | bytes, call: Call) -> bool:
    """Whether what a method of a text gives may be much larger than the text."""
    sizes = [len(each) for each in call.args if isinstance(each, str | bytes | list | tuple)]
    numbers = [each for each in (*call.args, *call.kwargs.values()) if isinstance(each, int)]
    size = len(receiver)
    match call.name:
        case "ljust" | "rjust" | "center" | "zfill":
            size = max(numbers, default=0)
        case "expandtabs":
            size *= max(numbers, default=8)
        case "replace" if len(sizes) == 2:
            size += (len(receiver) // max(sizes[0], 1) + 1) * sizes[1]
        case "translate":
            return size > 10_000
        case "join" if isinstance(receiver, bytes):
            return True
        case "split" | "rsplit" | "splitlines":
            size *= 20
    call.machine.step(min(size, MAXIMUM_TEXT + 1))
    return size > MAXIMUM_TEXT


def _dict_method(receiver: dict[Value, Value], call: Call) -> Value:
    name, key = call.name, call.get(0)
    match name:
        case "items":
            return list(receiver.items())
        case "keys":
            return list(receiver)
        case "values":
            return list(receiver.values())
        case "copy":
            return dict(receiver)
        case "get" | "pop" | "setdefault":
            if isinstance(key, EnumMember) or is_plain(key):
                return guarded(call, lambda: _dict_access(receiver, name, key, call.get(1, "default")))
            return unknown(call)
        case "update":
            if isinstance(key, Mapping):
                receiver.update(key)
            receiver.update(call.kwargs)
            return None
    return unknown(call)


def _dict_access(receiver: dict[Value, Value], name: str, key: Value, default: Value) -> Value:
    if name == "get":
        return receiver.get(key, default)
    return receiver.pop(key, default) if name == "pop" else receiver.setdefault(key, default)


def _list_method(receiver: list[Value], call: Call) -> Value:
    name, first = call.name, call.get(0)
    if isinstance(receiver, ListValue) and call.machine.conditions:
        receiver.is_doubtful = True
    match name:
        case "append" | "add":
            if name == "append" or first not in receiver:
                call.machine.grow(receiver, [first])
            return None
        case "extend" | "update":
            call.machine.grow(receiver, known_items(first) or ())
            return None
        case "union" | "difference" | "intersection" | "symmetric_difference" | "issubset" | "issuperset":
            return _set_method(receiver, call)
        case "sort":
            call.args.insert(0, list(receiver))
            ordered = in_order(call)
            if isinstance(ordered, list):
                receiver[:] = ordered
            return None
        case "copy":
            return list(receiver)
        case "insert" | "remove" | "pop" | "clear" | "reverse" | "index" | "count" | "discard":
            if name == "discard":
                return receiver.remove(first) if first in receiver else None
            return guarded(call, lambda: getattr(receiver, name)(*call.args))
    return unknown(call)


def _set_method(receiver: list[Value], call: Call) -> Value:
    other = known_items(call.get(0))
    if other is None or len(receiver) * len(other) > MAXIMUM_TEXT or not all(map(is_plain, [*receiver, *other])):
        return unknown(call)
    return guarded(call, lambda: _set_result(call.name, receiver, other))


def _set_result(name: str, left: list[Value], right: Sequence[Value]) -> Value:
    match name:
        case "issubset":
            return all(each in right for each in left)
        case "issuperset":
            return all(each in left for each in right)
        case "union":
            return OrderedSet.of([*left, *right])
        case "intersection":
            return OrderedSet.of(each for each in left if each in right)
        case "difference":
            return OrderedSet.of(each for each in left if each not in right)
    return OrderedSet.of([*(each for each in left if each not in right), *(each for each in right if each not in left)])
