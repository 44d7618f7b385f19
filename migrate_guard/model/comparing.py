"""Records that are the same whatever some of their fields hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import ClassVar

from msgspec import Struct


class PartlyCompared(Struct, frozen=True, eq=False):
    """A record that `==` and `hash()` know by its other fields than those it names in `uncompared`."""

    uncompared: ClassVar[frozenset[str]]

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        compared = _compared(type(self))
        return bool(compared(self) == compared(other))

    def __ne__(self, other: object) -> bool:  # that of Struct does not ask ours
        return not self == other

    def __hash__(self) -> int:
        return hash(_compared(type(self))(self))


@cache
def _compared(kind: type[PartlyCompared]) -> Callable[[object], object]:
    """Gets what counts of a record."""
    return attrgetter(*(each for each in kind.__struct_fields__ if each not in kind.uncompared))
