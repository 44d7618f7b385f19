"""What a statement does to a database in use: the locks it takes, what has to wait, what it reads and rewrites."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from enum import IntEnum
from typing import Final, Literal, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.model.locks import Lock
from migrate_guard.model.names import QualifiedName

T = TypeVar("T", bound=IntEnum)


class Verdict(IntEnum):
    """An answer to a question about a statement; the greater one counts where several are given."""

    NO = 0
    DEPENDS = 1
    YES = 2


class Answer(Struct, frozen=True):
    """Whether a statement does something, to which relations, and why."""

    verdict: Verdict = Verdict.NO
    why: tuple[str, ...] = ()
    relations: tuple[QualifiedName, ...] = ()
    """The tables and views it is about; none: nothing that has a name."""

    @classmethod
    def yes(cls, why: str, *relations: QualifiedName) -> Answer:
        return cls(Verdict.YES, (why,), relations)

    @classmethod
    def depends(cls, why: str, *relations: QualifiedName) -> Answer:
        return cls(Verdict.DEPENDS, (why,), relations)

    @property
    def is_yes(self) -> bool:
        return self.verdict is Verdict.YES

    @property
    def is_no(self) -> bool:
        return self.verdict is Verdict.NO

    @property
    def is_possible(self) -> bool:
        """Yes, or it depends."""
        return self.verdict is not Verdict.NO

    @property
    def value(self) -> bool | Literal["depends"]:
        """The answer as `plan --format json` says it."""
        return "depends" if self.verdict is Verdict.DEPENDS else self.is_yes

    def __or__(self, other: Answer) -> Answer:
        """The stronger of two answers; of two that are as strong, both."""
        if other is NO:
            return self
        if self.verdict is not other.verdict:
            return max(self, other, key=lambda answer: answer.verdict)
        return Answer(
            self.verdict,
            tuple(dict.fromkeys((*self.why, *other.why))),
            tuple(dict.fromkeys((*self.relations, *other.relations))),
        )

    def without(self, relations: Collection[QualifiedName]) -> Answer:
        """The answer where nobody uses some relations; no, where it is about no other."""
        if not any(each in relations for each in self.relations):
            return self
        left = tuple(each for each in self.relations if each not in relations)
        return NO if self.relations and not left else replace(self, relations=left)


NO: Final = Answer()
TRANSACTIONAL: Final = Answer(Verdict.YES)


class Algorithm(IntEnum):
    """How MySQL and MariaDB alter a table: what ALGORITHM=… of the statement may say at best.

    MySQL has no NOCOPY. Sources: MySQL reference manual 8.4, 17.12.1 "Online DDL Operations"; MariaDB documentation,
    "InnoDB Online DDL Overview".
    """

    INSTANT = 0
    NOCOPY = 1
    INPLACE = 2
    COPY = 3

    def __str__(self) -> str:
        return f"ALGORITHM={self.name}"


class Effects(Struct, frozen=True, kw_only=True):
    """What one statement does to relations that existed before it."""

    locks: Mapping[QualifiedName, Lock] = field(default_factory=dict)
    """The strongest lock on each table, view and sequence."""
    index_locks: Mapping[QualifiedName, Lock] = field(default_factory=dict)
    """Locks on indexes beyond those that every use of the table takes."""
    open_locks: tuple[str, ...] = ()
    """Why there may be locks on relations that are not known."""
    blocks_reads: Answer = NO
    blocks_writes: Answer = NO
    rewrites: Answer = NO
    """Every row is written anew, and every index of the table with them."""
    scans: Answer = NO
    """Every row is read."""
    rebuilds_index: Answer = NO
    """An index that was there is built anew."""
    builds_index: Answer = NO
    """A new index is built, of which nobody is sure that it is small."""
    transactional: Answer = TRANSACTIONAL
    """It may run in a transaction block."""
    algorithms: Mapping[QualifiedName, Algorithm] = field(default_factory=dict)
    """How each table is altered, where the database has a choice."""
    commits: bool = False
    """It commits the transaction that is open, and then itself: DDL of MySQL and MariaDB."""
    notes: tuple[str, ...] = ()

    @property
    def why(self) -> tuple[str, ...]:
        """Every reason that one of the answers has, once."""
        answers = (self.blocks_reads, self.blocks_writes, self.rewrites, self.scans, self.rebuilds_index)
        reasons = (each for answer in (*answers, self.builds_index, self.transactional) for each in answer.why)
        return tuple(dict.fromkeys((*reasons, *self.open_locks, *self.notes)))

    @property
    def is_blocking(self) -> bool:
        """Whether readers or writers of a relation certainly wait, be it for an instant."""
        return any(each.is_yes and each.relations for each in (self.blocks_reads, self.blocks_writes))

    @property
    def is_long(self) -> bool:
        """Whether it certainly takes longer than an instant: rows are read or written, indexes built."""
        return any(each.is_yes for each in (self.scans, self.rewrites, self.rebuilds_index, self.builds_index))

    @property
    def strongest(self) -> Lock | None:
        return max(self.locks.values(), default=None)

    def __or__(self, other: Effects) -> Effects:
        """The effects of two statements, or of two parts of one: the strongest of each."""
        if self is NOTHING or other is NOTHING:
            return other if self is NOTHING else self
        return Effects(
            locks=_greatest(self.locks, other.locks),
            index_locks=_greatest(self.index_locks, other.index_locks),
            open_locks=tuple(dict.fromkeys((*self.open_locks, *other.open_locks))),
            blocks_reads=self.blocks_reads | other.blocks_reads,
            blocks_writes=self.blocks_writes | other.blocks_writes,
            rewrites=self.rewrites | other.rewrites,
            scans=self.scans | other.scans,
            rebuilds_index=self.rebuilds_index | other.rebuilds_index,
            builds_index=self.builds_index | other.builds_index,
            # one part that is refused in a transaction is enough
            transactional=min(self.transactional, other.transactional, key=lambda answer: answer.verdict),
            algorithms=_greatest(self.algorithms, other.algorithms),
            commits=self.commits or other.commits,
            notes=tuple(dict.fromkeys((*self.notes, *other.notes))),
        )

    def without(self, relations: Collection[QualifiedName]) -> Effects:
        """The effects where nobody else can see some relations yet: those that this transaction created."""
        if not relations:
            return self
        return replace(
            self,
            locks={name: mode for name, mode in self.locks.items() if name not in relations},
            index_locks={name: mode for name, mode in self.index_locks.items() if name not in relations},
            blocks_reads=self.blocks_reads.without(relations),
            blocks_writes=self.blocks_writes.without(relations),
            rewrites=self.rewrites.without(relations),
            scans=self.scans.without(relations),
            rebuilds_index=self.rebuilds_index.without(relations),
            builds_index=self.builds_index.without(relations),
            algorithms={name: each for name, each in self.algorithms.items() if name not in relations},
        )


NOTHING: Final = Effects()


def together(effects: Iterable[Effects]) -> Effects:
    """What several statements, or the parts of one, do altogether."""
    whole = NOTHING
    for each in effects:
        whole = whole | each
    return whole


def _greatest(one: Mapping[QualifiedName, T], other: Mapping[QualifiedName, T]) -> Mapping[QualifiedName, T]:
    if not one or not other:
        return one or other
    return {name: max(each, one.get(name, each), other.get(name, each)) for name, each in {**one, **other}.items()}
