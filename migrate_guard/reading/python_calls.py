"""What answering calls of Python's own functions has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import FAILURES, derived, is_plain, known_items
from migrate_guard.reading.values import Value

if TYPE_CHECKING:
    from migrate_guard.reading.calls import Call


def unknown(call: Call, reason: str = "") -> Unknown:
    """What a call returns that cannot be computed: an answer of the database, if one went in."""
    return derived(reason or f"what {call.name}() returns", call.span, *call.args)


def guarded(call: Call, compute: Callable[[], Value]) -> Value:
    """The result of computing, or an unknown value when Python itself refuses."""
    try:
        return compute()
    except (*FAILURES, RecursionError, MemoryError) as error:
        return unknown(call, f"{call.name}() fails: {error}")


def as_unknown(call: Call, value: Value) -> Value:
    """The unknown value itself, so that its reason is told and not that of the call."""
    return value if isinstance(value, Unknown) else unknown(call)


def in_order(call: Call) -> Value:
    """The result of `sorted()`; in the order of the script where the keys are not known."""
    items = known_items(call.get(0))
    if items is None:
        return as_unknown(call, call.get(0))
    key = call.kwargs.get("key")
    keys = [call.machine.call_value(key, [each], {}, call.node) for each in items] if key is not None else list(items)
    if not all(map(is_plain, keys)):
        return list(items)
    reverse = call.kwargs.get("reverse") is True
    order = guarded(call, lambda: sorted(range(len(items)), key=keys.__getitem__, reverse=reverse))
    return [items[at] for at in order] if isinstance(order, list) else order


def dictionary(call: Call) -> Value:
    """The result of `dict()`."""
    if not call.args:
        return dict(call.kwargs)
    first = call.args[0]
    if isinstance(first, Mapping):
        return {**first, **call.kwargs}
    items = known_items(first)
    if items is None:
        return as_unknown(call, first)
    return guarded(call, lambda: dict(items, **call.kwargs))
