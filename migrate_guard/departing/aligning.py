"""Which statement of a plan is which of those that have run.

By their text, in which values are no more than that there is one; what has no equal is matched by its line and how it
begins. Drivers put values into a text as they like, and SQLAlchemy emits what it keeps in a set in any order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple, TypeAlias

from migrate_guard.model.round_trip import ObservedStatement
from migrate_guard.planning import PlannedStatement
from migrate_guard.reading.sql.errors import NotUnderstood
from migrate_guard.reading.sql.tokens import Kind, Word, split

Key: TypeAlias = tuple[str, ...]

_VALUE: Final = "?"
_HEAD: Final = 2
"""Words with which two statements of one kind begin alike, as CREATE TABLE."""
_LIKE: Final = 0.7
"""How much of two texts has to be the same."""
_VALUES: Final = frozenset({Kind.STRING, Kind.NUMBER, Kind.PARAMETER})


class Pair(NamedTuple):
    """What was planned and what has run; one message to the server can hold several statements of the plan."""

    planned: tuple[PlannedStatement, ...]
    observed: ObservedStatement | None


class _Part(NamedTuple):
    """A statement of a message."""

    key: Key
    message: int


def aligned(planned: Sequence[PlannedStatement], observed: Sequence[ObservedStatement]) -> list[Pair]:
    """Pair the statements, those that have run first; what has no counterpart is alone in its pair."""
    keys = [_key(each.sql) for each in planned]
    parts = [_Part(key, at) for at, each in enumerate(observed) for key in _keys(each.sql)]
    partner = _by_text(keys, [each.key for each in parts])
    taken = set(partner.values())
    for at, part in enumerate(parts):
        if at not in partner:
            free = [number for number in range(len(planned)) if number not in taken]
            likely = _likely(part.key, observed[part.message].line, free, keys, planned)
            # a loop sends again what a plan has once
            likely = _first(number for number, key in enumerate(keys) if key == part.key) if likely is None else likely
            if likely is not None:
                partner[at] = likely
                taken.add(likely)
    pairs = [Pair(_of_message(at, parts, partner, planned), each) for at, each in enumerate(observed)]
    return [*pairs, *(Pair((each,), None) for number, each in enumerate(planned) if number not in taken)]


def _of_message(
    message: int, parts: Sequence[_Part], partner: dict[int, int], planned: Sequence[PlannedStatement]
) -> tuple[PlannedStatement, ...]:
    """What is planned for a message; nothing where that is known of some of its statements only."""
    numbers = [partner.get(at) for at, part in enumerate(parts) if part.message == message]
    known = [each for each in numbers if each is not None]
    return tuple(planned[each] for each in known) if len(known) == len(numbers) else ()


def _by_text(planned: Sequence[Key], observed: Sequence[Key]) -> dict[int, int]:
    """For each observed statement the planned one with the same text: in one order where that is possible."""
    partner: dict[int, int] = {}
    for block in SequenceMatcher(None, planned, observed, autojunk=False).get_matching_blocks():
        partner.update((block.b + at, block.a + at) for at in range(block.size))
    free = set(range(len(planned))) - set(partner.values())
    for at, key in enumerate(observed):
        if at not in partner:
            same = _first(number for number in sorted(free) if planned[number] == key)
            if same is not None:
                partner[at] = same
                free.discard(same)
    return partner


def _likely(
    key: Key, line: int, free: Sequence[int], keys: Sequence[Key], planned: Sequence[PlannedStatement]
) -> int | None:
    """The planned statement that is the most like an observed one, of those that begin as it does."""
    scores = {
        number: SequenceMatcher(None, keys[number], key, autojunk=False).ratio() + (planned[number].line == line)
        for number in free
        if keys[number][:_HEAD] == key[:_HEAD]
    }
    best = max(scores, key=scores.__getitem__, default=None)
    return best if best is not None and scores[best] >= _LIKE else None


def _first(numbers: Iterator[int]) -> int | None:
    return next(numbers, None)


def _key(text: str) -> Key:
    return next(iter(_keys(text)), (text,))


def _keys(text: str) -> list[Key]:
    """The statements of a text, word by word, with values told by nothing but that they are there."""
    try:
        return [tuple(_words(each.words)) for each in split(text.replace("\\:", ":"), "postgresql")] or [()]
    except NotUnderstood:
        return [tuple(text.split())]


def _words(words: Sequence[Word]) -> Iterator[str]:
    is_insert = words[:1] and words[0].keyword == "INSERT"
    for word in words:
        if is_insert and word.keyword == "VALUES":
            return
        yield _VALUE if word.kind in _VALUES else word.text.casefold()
