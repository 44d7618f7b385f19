"""The locks on tables: PostgreSQL's eight modes, and those that an ALTER TABLE of MySQL and MariaDB leaves to others.

Sources: PostgreSQL manual, 13.3.1 "Table-Level Locks", table 13.2 "Conflicting Lock Modes", the same from 12 to 18;
MySQL reference manual 8.4, 15.1.9 "ALTER TABLE Statement", "Concurrency Control".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final


class Lock(IntEnum):
    """A lock on a table; of two on one database the stronger is the greater."""

    def __str__(self) -> str:
        return self.name.replace("_", " ")

    @property
    def blocks_reads(self) -> bool:
        """Whether a SELECT waits for it."""
        raise NotImplementedError

    @property
    def blocks_writes(self) -> bool:
        """Whether INSERT, UPDATE and DELETE wait for it."""
        raise NotImplementedError


class OnlineLock(Lock):
    """What others are kept from while MySQL or MariaDB alters a table: what LOCK=… of the statement asks for at least.

    The statement waits at its beginning and its end for the transactions that use the table, whichever it is.
    """

    NONE = 0
    SHARED = 1
    EXCLUSIVE = 2

    def __str__(self) -> str:
        return f"LOCK={self.name}"

    @property
    def blocks_reads(self) -> bool:
        return self is OnlineLock.EXCLUSIVE

    @property
    def blocks_writes(self) -> bool:
        return self is not OnlineLock.NONE


class LockMode(Lock):
    """How a table is locked; the numbers are those of `storage/lockdefs.h`, so that the stronger one is the greater."""

    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8

    def conflicts_with(self, other: LockMode) -> bool:
        return other in CONFLICTS[self]

    @property
    def blocks_reads(self) -> bool:
        return self.conflicts_with(LockMode.ACCESS_SHARE)

    @property
    def blocks_writes(self) -> bool:
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
