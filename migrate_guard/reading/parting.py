"""What git has of an environment on the other side of `--since`: a ref in, the base's revisions and old scripts out.

Only scripts whose bytes are not those of the working tree are read. git is asked a fixed number of times, and once for
each changed file that scripts import or read; only about objects, so that nothing depends on what is staged.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from migrate_guard import files as file_system
from migrate_guard.model.base import Base
from migrate_guard.model.revision import History, Revision, UnreadableScript
from migrate_guard.model.source import Source, Span
from migrate_guard.model.target import Target
from migrate_guard.reading import git
from migrate_guard.reading.discover import AlembicEnvironment
from migrate_guard.reading.interpreter import computed_head
from migrate_guard.reading.project import Project, display_path
from migrate_guard.reading.script import Script, UnreadableFile, decode, read_text, script_of
from migrate_guard.reading.script_files import SCRIPT_NAME


class MergeBase(Struct):
    """The files of the merge base: those of `project.Files`."""

    sides: Mapping[git.Repository, git.Sides]
    _unlike: dict[str, bool] = msgspec.field(default_factory=dict)

    def is_file(self, path: Path) -> bool:
        place, tree = self._tree(path)
        return file_system.is_file(path) if tree is None else place in tree

    def is_dir(self, path: Path) -> bool:
        # A folder without a module in it is asked for only after the files that would make one.
        return file_system.is_dir(path)

    def text(self, path: Path, display: str) -> str:
        place, tree = self._tree(path)
        if tree is None or not self.has_changed(path):
            return read_text(path, display)
        if place not in tree:
            raise UnreadableFile("it is not there", Span(display, 1, 1, 1, 2))
        repository = next(each for each, sides in self.sides.items() if sides.parted[-1] is tree)
        (data,) = git.contents(repository, [tree[place]])
        return decode(data, display)

    def has_changed(self, path: Path) -> bool:
        """Whether a file is neither as the merge base has it nor as the tip has it."""
        place = file_system.realpath(path)
        if place not in self._unlike:
            self._unlike[place] = any(
                self._is_unlike(place, sides)
                for repository, sides in self.sides.items()
                if _is_below(place, repository) and (file_system.is_file(place) or place in sides.parted[-1])
            )
        return self._unlike[place]

    def _is_unlike(self, place: str, sides: git.Sides) -> bool:
        now = git.id_of(place, sides.algorithm)
        return all(files.get(place) != now for files in (*sides.parted, sides.tip))

    def _tree(self, path: Path) -> tuple[str, Mapping[str, str] | None]:
        """The place of a file, and the tree in which it is looked up; None outside of every repository."""
        place = file_system.realpath(path)
        found = (sides.parted[-1] for repository, sides in self.sides.items() if _is_below(place, repository))
        return place, next(found, None)


def _is_below(place: str, repository: git.Repository) -> bool:
    return place.startswith(f"{repository.root}{os.sep}")


class Parting(Struct, frozen=True):
    """The base of one environment, and what became of its scripts; paths as findings spell them."""

    base: Base
    scripts: Mapping[str, Script]
    """By revision id, those of the merge base whose text is neither that of the working tree nor that of the tip."""
    settled: frozenset[str]
    """The scripts of the working tree that are no addition of the branch."""
    moved: frozenset[str]
    """Of these, those whose place in the graph the branch has changed: parents, dependencies, labels."""
    deleted: frozenset[str]
    """The scripts of the merge base whose revisions the working tree has no longer."""
    files: MergeBase
    """What modules and files scripts found there."""


def parting(ref: str, found: AlembicEnvironment, history: History, project: Project, target: Target) -> Parting:
    """Compare the scripts of an environment with a git ref; raises git.GitError."""
    here = _Here(found, history, project, target)
    repositories = _repositories(found)
    sides = {repository: git.sides(repository, ref) for repository in repositories}
    files = MergeBase(sides)
    parts = [
        _parting(ref, repository, sides[repository], folders, here, files)
        for repository, folders in repositories.items()
    ]
    return Parting(
        Base(
            ref,
            {name: each for part in parts for name, each in part.base.parted.items()},
            {name: each for part in parts for name, each in part.base.tip.items()},
        ),
        {name: each for part in parts for name, each in part.scripts.items()},
        frozenset().union(*(part.settled for part in parts)),
        frozenset().union(*(part.moved for part in parts)),
        frozenset().union(*(part.deleted for part in parts)),
        files,
    )


class _Here(NamedTuple):
    """The environment as the working tree has it."""

    found: AlembicEnvironment
    history: History
    project: Project
    target: Target


class _Now(NamedTuple):
    """A script of the working tree."""

    path: str
    revision: Revision | None
    """None: it defines none that can be read."""
    content: str | None
    """The id that git would give to its content."""


class _Then(NamedTuple):
    """A script of one side in git."""

    place: str
    revision: Revision
    content: str
    script: Script | None
    """None: the working tree has the same text."""


def _repositories(found: AlembicEnvironment) -> dict[git.Repository, frozenset[str]]:
    """The repositories that an environment lies in, each with its folders there; places of scripts may be links."""
    folders = {each.path.parent for each in found.scripts} | set(found.version_locations)
    if not any(file_system.is_dir(each) for each in folders):
        folders = {found.script_location or found.root}
    inside: defaultdict[git.Repository, set[str]] = defaultdict(set)
    for real in {file_system.realpath(each) for each in folders if file_system.is_dir(each)}:
        inside[git.repository(Path(real))].add(real)
    return {repository: frozenset(each) for repository, each in inside.items()}


def _parting(
    ref: str, where: git.Repository, sides: git.Sides, folders: frozenset[str], here: _Here, files: MergeBase
) -> Parting:
    """Compare what lies in one repository."""
    present = dict(_present(folders, here, sides.algorithm))
    reader = _Reader(where, folders, here, present)
    parted = [reader.scripts(files) for files in sides.parted]
    tip = parted[-1] if sides.tip is sides.parted[-1] else reader.scripts(sides.tip)
    at_base: defaultdict[str, list[_Then]] = defaultdict(list)
    for each in (each for side in parted for each in side):
        at_base[each.revision.id].append(each)
    texts = {(each.revision.id, each.content) for side in (*parted, tip) for each in side}
    settled = {place: now for place, now in present.items() if _is_settled(place, now, sides.parted, at_base)}
    edited = {
        now.revision.id: now.revision
        for now in settled.values()
        if now.revision and (now.revision.id, now.content) not in texts
    }
    moved = [
        each for each in edited.values() if all(_place(each) != _place(then.revision) for then in at_base[each.id])
    ]
    defined = {now.revision.id for now in present.values() if now.revision}
    return Parting(
        Base(
            ref,
            {name: each[-1].revision for name, each in at_base.items()},
            {each.revision.id: each.revision for each in tip},
        ),
        {name: each.script for name in edited for each in at_base[name] if each.script},
        frozenset(each.path for each in settled.values()),
        frozenset(each.path for each in moved),
        frozenset(each[-1].revision.path for name, each in at_base.items() if name not in defined),
        files,
    )


def _place(revision: Revision) -> tuple[frozenset[str], ...]:
    return frozenset(revision.down), frozenset(revision.depends_on), frozenset(revision.branch_labels)


def _is_settled(
    place: str, now: _Now, sides: Sequence[Mapping[str, str]], at_base: Mapping[str, Sequence[_Then]]
) -> bool:
    """Whether a script was there where the branches parted: the same revision in its place, or moved from another."""
    if now.revision is None:
        return any(files.get(place) == now.content for files in sides)
    then = at_base.get(now.revision.id, ())
    return any(each.place == place for each in then) or (
        bool(then) and not any(file_system.lexists(each.place) for each in then)
    )


def _present(folders: Iterable[str], here: _Here, algorithm: git.Algorithm) -> Iterator[tuple[str, _Now]]:
    """The scripts of the working tree that lie in these folders, by their places."""
    history = here.history
    revisions = {each.path: each for group in history.duplicates for each in group}
    revisions |= {each.path: each for each in history.revisions.values()}
    real: dict[Path, str] = {}
    for file in here.found.scripts:
        parent = file.path.parent
        if parent not in real:
            real[parent] = file_system.realpath(parent)
        if real[parent] in folders or here.found.recursive:
            place = os.path.join(real[parent], file.path.name)
            path = display_path(file.path, here.project.base)
            yield place, _Now(path, revisions.get(path), git.id_of(place, algorithm))


@dataclass(slots=True)
class _Reader:
    """Reads the scripts that a side in git has of an environment."""

    where: git.Repository
    folders: frozenset[str]
    here: _Here
    present: Mapping[str, _Now]
    same: Mapping[tuple[str | None, str], Revision] = field(init=False)
    """The revisions of the working tree by text and file name: an id may come from either."""
    shown: Mapping[str, str] = field(init=False)
    """How findings spell the folders of the working tree."""
    texts: dict[str, bytes] = field(default_factory=dict)
    thens: dict[tuple[str, str], _Then | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.same = {
            (now.content, os.path.basename(place)): now.revision
            for place, now in self.present.items()
            if now.revision is not None
        }
        self.shown = {os.path.dirname(place): os.path.dirname(now.path) for place, now in self.present.items()}

    def scripts(self, files: Mapping[str, str]) -> list[_Then]:
        """The revisions of one side that belong to the environment, wherever the working tree has them."""
        own = [path for path in files if self._is_own(path)]
        moved = list(self._moved(files))
        self._fetch((path, files[path]) for path in (*own, *moved))
        new = {now.revision.id for place, now in self.present.items() if now.revision and place not in files}
        left = {os.path.dirname(each.place) for each in self._each(moved, files) if each.revision.id in new}
        if left:
            own += [path for path in files if os.path.dirname(path) in left and self._is_gone(path)]
            self._fetch((path, files[path]) for path in own)
        return list(self._each(own, files))

    def _is_own(self, path: str) -> bool:
        folder, name = os.path.split(path)
        is_inside = folder in self.folders or (
            self.here.found.recursive and any(folder.startswith(f"{each}{os.sep}") for each in self.folders)
        )
        return is_inside and SCRIPT_NAME.match(name) is not None

    def _is_gone(self, path: str) -> bool:
        return SCRIPT_NAME.match(os.path.basename(path)) is not None and not file_system.lexists(path)

    def _moved(self, files: Mapping[str, str]) -> Iterator[str]:
        """Files outside the folders that the working tree has no longer, and that may be scripts from before a move."""
        new = {place: now for place, now in self.present.items() if place not in files}
        names, contents = {os.path.basename(each) for each in new}, {now.content for now in new.values()}
        for path, content in files.items() if new else ():
            is_alike = content in contents or os.path.basename(path) in names
            if is_alike and not self._is_own(path) and self._is_gone(path):
                yield path

    def _fetch(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Have the texts of what the working tree has not."""
        lacking = dict.fromkeys(
            content
            for path, content in wanted
            if content not in self.texts and (content, os.path.basename(path)) not in self.same
        )
        self.texts.update(zip(lacking, git.contents(self.where, lacking), strict=True))

    def _each(self, paths: Iterable[str], files: Mapping[str, str]) -> Iterator[_Then]:
        for path in paths:
            key = path, files[path]
            if key not in self.thens:
                self.thens[key] = self._then(*key)
            then = self.thens[key]
            if then is not None:
                yield then

    def _then(self, path: str, content: str) -> _Then | None:
        same = self.same.get((content, os.path.basename(path)))
        if same is not None:
            return _Then(path, same, content, None)
        display = self._display(path)
        try:
            source = Source(display, decode(self.texts[content], display))
        except UnreadableFile:
            return None
        script = script_of(source, Path(path))
        if not isinstance(script, Script):
            return None
        head = computed_head(script, self.here.target, self.here.project)
        return None if isinstance(head, UnreadableScript) else _Then(path, head, content, script)

    def _display(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder in self.shown:
            return f"{self.shown[folder]}/{name}" if self.shown[folder] else name
        return display_path(Path(path), Path(file_system.realpath(self.here.project.base)))
