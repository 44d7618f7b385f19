"""What `--since` means: a word of the command line and a history in, the range under review out."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from migrate_guard.commands.schema import UnknownRevision, resolve
from migrate_guard.history.range import Range, added, behind
from migrate_guard.reading import git
from migrate_guard.reading.project import display_path
from migrate_guard.reading.script import revision_id
from migrate_guard.terminal import UserError, visible

if TYPE_CHECKING:
    from migrate_guard.engine import Reading
    from migrate_guard.model.revision import History
    from migrate_guard.reading.discover import AlembicEnvironment


def range_since(word: str, reading: Reading, found: AlembicEnvironment) -> Range:
    """Return what is under review of an environment; raises UserError for a word that means nothing.

    A revision id goes before everything, then a branch or tag of git, then the beginning of an id, a branch label and
    what else `resolve` takes, then whatever else git takes for a commit.
    """
    history = reading.history
    if word in history.revisions or not found.scripts:
        return behind(history, (word,) if found.scripts else ())
    directories = {Path(os.path.realpath(each.path.parent)) for each in found.scripts}
    revisions = _revisions(word, history)
    if revisions is not None and not any(git.is_name(each, word) for each in directories):
        return behind(history, revisions)
    try:
        return _since_ref(word, reading, found)
    except git.GitError as error:
        raise UserError(f"--since {visible(word)}: {error}") from error


def _revisions(word: str, history: History) -> tuple[str, ...] | None:
    if not word:
        return None
    try:
        return resolve(word, history)
    except UnknownRevision:
        return None


def _since_ref(ref: str, reading: Reading, found: AlembicEnvironment) -> Range:
    """The range that a git ref means; raises GitError."""
    # Places of scripts may be links, and each may lie in a repository of its own.
    places = {each.path: Path(os.path.realpath(each.path.parent), each.path.name) for each in found.scripts}
    scripts: defaultdict[git.Repository, set[Path]] = defaultdict(set)
    repositories = {each: git.repository(each) for each in {place.parent for place in places.values()}}
    for place in places.values():
        scripts[repositories[place.parent]].add(place)
    settled: set[Path] = set()
    gone: set[str] = set()
    for repository, here in scripts.items():
        files = git.base_files(repository, ref)
        settled |= here & files.keys()
        gone |= _gone(repository, files, here)
    base = reading.project.base
    return added(reading.history, {display_path(path, base) for path, at in places.items() if at in settled}, gone)


def _gone(repository: git.Repository, files: dict[Path, str], scripts: set[Path]) -> set[str]:
    """The revision ids of what the base has and the working tree has no longer where new scripts may come from it.

    That is what stood in a directory of scripts, or below, or goes by the name of a script.
    """
    new = scripts - files.keys()
    directories, names = {each.parent for each in scripts}, {each.name for each in new}
    missing = [
        path
        for path in files
        if (path.name in names or not directories.isdisjoint(path.parents)) and not os.path.lexists(path)
    ]
    if not new or not missing:
        return set()
    texts = git.contents(repository, [files[path] for path in missing])
    ids = (revision_id(text, path.name) for path, text in zip(missing, texts, strict=True))
    return {each for each in ids if each is not None}
