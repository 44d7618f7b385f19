"""Comparing values that were computed."""

from __future__ import annotations

from migrate_guard.model.revision import Unknown
from migrate_guard.reading.computing import CONTAINERS, length
from migrate_guard.reading.machine import MAXIMUM_COMPARED
from migrate_guard.reading.values import Value


def _is_small(value: Value) -> bool:
    """Whether a container can be walked through: one that holds another twice, sixty times over, cannot."""
    pending, count = [value], 0
    while pending and count <= MAXIMUM_COMPARED:
        each = pending.pop()
        if isinstance(each, CONTAINERS):
            count += length(each)
            if count <= MAXIMUM_COMPARED:
                pending += each.values() if isinstance(each, dict) else each
    return count <= MAXIMUM_COMPARED


def equal_values(first: Value, second: Value) -> bool:
    """Whether two values are known to be the same, or neither of them is known."""
    if first is second:
        return True
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return isinstance(first, Unknown) and isinstance(second, Unknown)
    if isinstance(first, CONTAINERS) and not _is_small(first):
        return False
    try:
        return type(first) is type(second) and bool(first == second)
    except (TypeError, ValueError, RecursionError):
        return False
