"""PostgreSQL's table-level locks: eight modes from the weakest to the strongest, and which of them exclude each other.

Source: PostgreSQL manual, 13.3.1 "Table-Level Locks", table 13.2 "Conflicting Lock Modes", the same from 12 to 18.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class LockMode(IntEnum):
    """How a table is locked; the numbers are those of `storage/lockdefs.h`, so that the stronger one is the greater."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    def conflicts_with(self, other: LockMode) -> bool:
        return other in CONFLICTS[self]

    @property
    def blocks_reads(self) -> bool:
        """Whether a SELECT waits for it."""
        return self.conflicts_with(LockMode.ACCESS_SHARE)

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait for it."""
        return self.conflicts_with(LockMode.ROW_EXCLUSIVE)

    @classmethod
    def named(cls, words: str) -> LockMode | None:
        """The mode that LOCK TABLE calls by these words."""
        return cls.__members__.get(words.upper().replace(" ", "_"))


_AS, _RS, _RX, _SUE, _S, _SRE, _X, _AX = LockMode

CONFLICTS: Final[Mapping[LockMode, frozenset[LockMode]]] = {
    _AS: frozenset({_AX}),
    _RS: frozenset({_X, _AX}),
    _RX: frozenset({_S, _SRE, _X, _AX}),
    _SUE: frozenset({_SUE, _S, _SRE, _X, _AX}),
    _S: frozenset({_RX, _SUE, _SRE, _X, _AX}),
    _SRE: frozenset({_RX, _SUE, _S, _SRE, _X, _AX}),
    _X: frozenset({_RS, _RX, _SUE, _S, _SRE, _X, _AX}),
    _AX: frozenset(LockMode),
}
