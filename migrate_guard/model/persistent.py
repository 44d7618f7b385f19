"""An immutable mapping whose versions share structure."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Final, Generic, TypeVar, cast

K = TypeVar("K")
V = TypeVar("V")

_GONE: Final = object()


class PersistentMap(Mapping[K, V], Generic[K, V]):
    """A mapping that is changed by making a new one; iteration is in order of insertion.

    A version is a base that many versions share plus a small overlay of its own. When the overlay outgrows the square
    root of the base it is merged, so that one change costs O(sqrt n) amortised and a thousand versions of a schema do
    not cost a thousand copies.
    """

    __slots__ = ("_base", "_overlay", "_size")

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        self._base: dict[K, V] = dict(items or {})
        self._overlay: dict[K, object] = {}
        self._size = len(self._base)

    def set(self, key: K, value: V) -> PersistentMap[K, V]:
        """Return a mapping that also holds `key`, at its old place if it was there."""
        overlay = dict(self._overlay)
        overlay[key] = value
        return self._version(overlay, self._size + (key not in self))

    def remove(self, key: K) -> PersistentMap[K, V]:
        """Return a mapping without `key`; the same mapping if it is not there."""
        if key not in self:
            return self
        overlay = dict(self._overlay)
        if key in self._base:
            overlay[key] = _GONE
        else:
            del overlay[key]
        return self._version(overlay, self._size - 1)

    def changed(self, other: PersistentMap[K, V]) -> list[K]:
        """The keys under which `other` does not hold the same object, its own first.

        Two versions that share their base, as those of one revision mostly do, are compared by what each has changed.
        """
        if self is other:
            return []
        if self._base is other._base:
            keys: dict[K, None] = dict.fromkeys((*self._overlay, *other._overlay))
        else:
            keys = dict.fromkeys((*self, *other))
        return [key for key in keys if self.get(key) is not other.get(key)]

    def _version(self, overlay: dict[K, object], size: int) -> PersistentMap[K, V]:
        made: PersistentMap[K, V] = PersistentMap.__new__(PersistentMap)
        made._base, made._overlay, made._size = self._base, overlay, size
        if len(overlay) > 8 and len(overlay) * len(overlay) > len(self._base):
            made._merged()
        return made

    def __getitem__(self, key: K) -> V:
        found = self._overlay.get(key, _GONE)
        if found is not _GONE:
            return cast(V, found)
        if key in self._overlay:
            raise KeyError(key)
        return self._base[key]

    def __contains__(self, key: object) -> bool:
        if key in self._overlay:
            return self._overlay[key] is not _GONE
        return key in self._base

    def __iter__(self) -> Iterator[K]:
        overlay = self._overlay
        if not overlay:
            yield from self._base
            return
        for key in self._base:
            if overlay.get(key) is not _GONE:
                yield key
        for key in overlay:
            if key not in self._base:
                yield key

    def values(self) -> ValuesView[V]:
        return self._merged().values()

    def items(self) -> ItemsView[K, V]:
        return self._merged().items()

    def _merged(self) -> dict[K, V]:
        """This version as one dictionary, which nobody may change: a base without overlay is handed out as it is."""
        if self._overlay:
            self._base, self._overlay = self.plain(), {}
        return self._base

    def plain(self) -> dict[K, V]:
        """This version as a dictionary of its own."""
        merged = {**self._base, **cast("dict[K, V]", self._overlay)}
        for key, value in self._overlay.items():
            if value is _GONE:
                del merged[key]
        return merged

    def __len__(self) -> int:
        return self._size

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'PersistentMap'")

    def __repr__(self) -> str:
        return f"PersistentMap({dict(self.items())!r})"
