"""What a range of the command line means: `A:B` as Alembic has it, or a revision alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrate_guard.commands.schema import resolve
from migrate_guard.history.graph import reached
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Direction, History
from migrate_guard.terminal import UserError

if TYPE_CHECKING:
    from migrate_guard.engine import Reading

_RELATIVE: Final = lazily(r"(.+)([-+])(\d+)")


def revisions_of(word: str, history: History, direction: Direction) -> frozenset[str]:
    """The ids of the revisions that a word means; raises UserError.

    `A:B` is what comes after A up to B, without an end from the base or to the heads; for a downgrade either may come
    first. Any other word is a revision alone, `heads` all that are the last.
    """
    first, colon, last = word.partition(":")
    if not colon:
        found = frozenset(_resolved(word, history))
        if not found:
            raise UserError('"base" is no revision; a range says what comes after it: base:heads')
        return found
    start = reached(history, _resolved(first or "base", history))
    end = reached(history, _resolved(last or "heads", history))
    if direction == "downgrade" and start > end:
        start, end = end, start
    if not start <= end:
        raise UserError(f'"{last or "heads"}" does not come after "{first or "base"}"')
    return end - start


def _resolved(word: str, history: History) -> tuple[str, ...]:
    """The revisions that a word names, also by their distance from another: `head-1`, `3f2a+2`."""
    relative = _RELATIVE.fullmatch(word)
    if relative is None or word in history.revisions:
        return resolve(word, history)
    found = resolve(relative[1], history)
    for _ in range(min(int(relative[3]), len(history.revisions) + 1)):
        found = _next(word, found, relative[2], history)
    return found


def _next(word: str, found: tuple[str, ...], sign: str, history: History) -> tuple[str, ...]:
    steps = {each: history.revisions[each].down if sign == "-" else history.children.get(each, ()) for each in found}
    further = tuple(dict.fromkeys(one for each in found for one in steps[each] if one in history.revisions))
    if sign == "+" and not found:
        further = tuple(each.id for each in history.bases)
    if len(further) > 1:
        raise UserError(f'"{word}" may be any of {", ".join(further)}')
    if not further and (sign == "+" or not found):
        raise UserError(f'there are not that many revisions: "{word}"')
    return further


def of_scripts(paths: frozenset[Path], reading: Reading) -> frozenset[str]:
    """The ids of the revisions in those scripts; raises UserError where there is none."""
    from migrate_guard.reading.project import display_path

    shown = {display_path(path, reading.project.base) for path in paths}
    found = frozenset(each.id for each in reading.history.revisions.values() if each.path in shown)
    if not found:
        raise UserError(f"no readable revision is in {' or '.join(sorted(shown))}")
    return found
