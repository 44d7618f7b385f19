"""What `--since` means: a word of the command line and a history in, the range under review and its base out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from migrate_guard import files
from migrate_guard.commands.schema import UnknownRevision, resolve
from migrate_guard.history.range import Range, added, behind
from migrate_guard.reading import git
from migrate_guard.terminal import UserError, visible

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.model.revision import History
    from migrate_guard.reading.discover import AlembicEnvironment
    from migrate_guard.reading.parting import Parting


class Reviewed(NamedTuple):
    """What is under review of an environment."""

    range: Range
    parting: Parting | None = None
    """What git has on the other side; None after a revision, which has no other side."""


def reviewed(word: str, reading: Reading, found: AlembicEnvironment) -> Reviewed:
    """Return what is under review of an environment; raises UserError for a word that means nothing.

    A revision id goes before everything, then a branch or tag of git, then the beginning of an id, a branch label and
    what else `resolve` takes, then whatever else git takes for a commit.
    """
    history = reading.history
    if word in history.revisions:
        return Reviewed(behind(history, (word,)))
    revisions = _revisions(word, history)
    if revisions is not None and not any(git.is_name(each, word) for each in _folders(found)):
        return Reviewed(behind(history, revisions))
    try:
        return _since_ref(word, reading, found)
    except git.GitError as error:
        if not found.scripts:
            return Reviewed(behind(history, ()))
        raise UserError(f"--since {visible(word)}: {error}") from error


def _folders(found: AlembicEnvironment) -> Collection[Path]:
    return {Path(files.realpath(each.path.parent)) for each in found.scripts}


def _revisions(word: str, history: History) -> tuple[str, ...] | None:
    if not word:
        return None
    try:
        return resolve(word, history)
    except UnknownRevision:
        return None


def _since_ref(ref: str, reading: Reading, found: AlembicEnvironment) -> Reviewed:
    """What a git ref means; raises GitError."""
    from migrate_guard.reading.edits import rewritten_downgrades
    from migrate_guard.reading.parting import parting

    parted = parting(ref, found, reading.history, reading.project, reading.target)
    review = added(reading.history, parted.settled, parted.moved, parted.deleted)
    return Reviewed(replace(review, rewritten=rewritten_downgrades(parted, reading.scripts)), parted)
