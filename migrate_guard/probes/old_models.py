"""Load the models of the code that runs now: as the merge base has them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from migrate_guard.model.models import Models
from migrate_guard.probes.models import Wanted, load_copy
from migrate_guard.reading import git
from migrate_guard.reading.discover import AlembicEnvironment
from migrate_guard.reading.parting import MergeBase

_NEEDED: Final = frozenset({".py", ".pyi", ".toml", ".ini", ".cfg", ".env", ".json", ".yaml", ".yml", ".txt", ".sql"})
"""Endings of files that models and settings are made of."""


def load_old(files: MergeBase, wanted: Wanted) -> Models:
    """Import the models that the merge base has, from a copy of it; raises WorkerError and git.GitError.

    What was told of them is kept by the ids of the files: another commit with the same files has the same models.
    """
    trees = {repository: _needed(sides.parted[-1]) for repository, sides in files.sides.items()}
    ids = "\n".join(f"{path}\t{id_}" for tree in trees.values() for path, id_ in sorted(tree.items()))

    def copy(directory: Path) -> Wanted:
        places: dict[Path, Path] = {}
        for number, (repository, tree) in enumerate(trees.items()):
            places[repository.root] = place = Path(os.path.realpath(directory), f"repository_{number}")
            _write(repository, tree, place)
        environment = _moved_environment(wanted.environment, places)
        return replace(wanted, environment=environment, root=_moved(wanted.root, places))

    return load_copy(sha256(ids.encode()).hexdigest(), wanted, copy)


def _needed(tree: Mapping[str, str]) -> dict[str, str]:
    return {path: id_ for path, id_ in tree.items() if os.path.splitext(path)[1] in _NEEDED}


def _write(repository: git.Repository, tree: Mapping[str, str], directory: Path) -> None:
    """Write the files of a commit, without the filters and hooks that a checkout would run."""
    for path, data in zip(tree, git.contents(repository, tree.values()), strict=True):
        place = directory / os.path.relpath(path, repository.root)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _moved_environment(found: AlembicEnvironment | None, places: Mapping[Path, Path]) -> AlembicEnvironment | None:
    if found is None:
        return None
    return replace(
        found,
        root=_moved(found.root, places),
        config_path=found.config_path and _moved(found.config_path, places),
        script_location=found.script_location and _moved(found.script_location, places),
        version_locations=tuple(_all_moved(found.version_locations, places)),
        env_path=found.env_path and _moved(found.env_path, places),
        prepend_sys_path=tuple(_all_moved(found.prepend_sys_path, places)),
    )


def _all_moved(paths: tuple[Path, ...], places: Mapping[Path, Path]) -> Iterator[Path]:
    return (_moved(each, places) for each in paths)


def _moved(path: Path, places: Mapping[Path, Path]) -> Path:
    """Where the copy of a path is; itself outside of every repository."""
    real = Path(os.path.realpath(path))
    return next((new / real.relative_to(root) for root, new in places.items() if real.is_relative_to(root)), path)
