"""Lock modes, answers and effects: laws of the types themselves."""

from __future__ import annotations

from itertools import product

import pytest

from migrate_guard.model.effects import NO, NOTHING, Answer, Effects, Verdict, together
from migrate_guard.model.locks import CONFLICTS, LockMode
from migrate_guard.model.names import QualifiedName

A, B = QualifiedName("a"), QualifiedName("b")


@pytest.mark.parametrize(("one", "other"), list(product(LockMode, LockMode)))
def test_conflicts_are_mutual(one: LockMode, other: LockMode) -> None:
    assert one.conflicts_with(other) == other.conflicts_with(one)


def test_conflicts() -> None:
    """The count of each row of table 13.2."""
    assert [len(CONFLICTS[mode]) for mode in LockMode] == [1, 2, 4, 5, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("mode", "reads", "writes"),
    [
        (LockMode.ACCESS_SHARE, False, False),
        (LockMode.ROW_EXCLUSIVE, False, False),
        (LockMode.SHARE_UPDATE_EXCLUSIVE, False, False),
        (LockMode.SHARE, False, True),
        (LockMode.SHARE_ROW_EXCLUSIVE, False, True),
        (LockMode.EXCLUSIVE, False, True),
        (LockMode.ACCESS_EXCLUSIVE, True, True),
    ],
)
def test_blocking(mode: LockMode, reads: bool, writes: bool) -> None:
    assert (mode.blocks_reads, mode.blocks_writes) == (reads, writes)


def test_names_of_modes() -> None:
    assert str(LockMode.SHARE_ROW_EXCLUSIVE) == "SHARE ROW EXCLUSIVE"
    assert all(LockMode.named(str(mode)) is mode for mode in LockMode)
    assert LockMode.named("NOWAIT") is None


def test_the_stronger_answer_counts() -> None:
    yes, depends = Answer.yes("it does", A), Answer.depends("who knows", B)
    assert yes | depends == depends | yes == yes
    assert NO | depends == depends
    both = yes | Answer.yes("so does the other", B)
    assert (both.why, both.relations) == (("it does", "so does the other"), (A, B))
    assert [each.value for each in (NO, depends, yes)] == [False, "depends", True]


def test_strongest_locks() -> None:
    one = Effects(locks={A: LockMode.SHARE, B: LockMode.ACCESS_EXCLUSIVE})
    other = Effects(locks={A: LockMode.ACCESS_EXCLUSIVE}, transactional=Answer(Verdict.NO, ("not there",)))
    whole = together([one, NOTHING, other])
    assert whole.locks == {A: LockMode.ACCESS_EXCLUSIVE, B: LockMode.ACCESS_EXCLUSIVE}
    assert whole.strongest is LockMode.ACCESS_EXCLUSIVE
    assert whole.transactional.is_no
    assert whole.why == ("not there",)


def test_what_is_new_is_nobodys() -> None:
    effects = Effects(
        locks={A: LockMode.ACCESS_EXCLUSIVE, B: LockMode.SHARE},
        blocks_reads=Answer.yes("a lock", A),
        blocks_writes=Answer.yes("locks", A, B),
        scans=Answer.yes("a scan", A),
    )
    left = effects.without({A})
    assert left.locks == {B: LockMode.SHARE}
    assert left.blocks_reads.is_no
    assert left.blocks_writes.relations == (B,)
    assert left.scans.is_no
