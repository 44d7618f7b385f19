"""What a child has told of models, kept as long as the files that it imported are what they were.

One JSON file for each job, below `.migrate_guard_cache`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias

from migrate_guard import __version__
from migrate_guard.cache import Shelf
from migrate_guard.probes.child import Event

MOST: Final = 32
"""Answers that are kept."""


Dependencies: TypeAlias = Callable[[Event], Mapping[str, str]]
"""What an answer depends on, and a digest of what that is now."""


def kept(
    directory: Path, job: Mapping[str, object], python: str, load: Callable[[], Event], depends: Dependencies
) -> Event:
    """Return what was told of the job when it was done last, if all that it depends on is as it was; else do it.

    What the models ask of the environment is not known: who changes that does without (`--no-cache`).
    """
    shelf = Shelf(directory, "models", MOST)
    key = _digest(json.dumps([job, _identity(python), __version__], sort_keys=True))
    found = _answer(shelf.read(key))
    if found is not None and found["depends"] == depends(found["event"]):
        return dict(found["event"])
    event = load()
    with suppress(OSError):
        shelf.write(key, json.dumps({"depends": depends(event), "event": event}).encode())
    return event


def _identity(python: str) -> list[object]:
    """Which Python it is: the link, where it leads to, and when that was installed."""
    real = os.path.realpath(python)
    try:
        return [python, real, os.stat(real).st_mtime_ns]
    except OSError:
        return [python, real, 0]


def imported(event: Event) -> dict[str, str]:
    """The files of the project that were imported, the modules beside them, and the packages that are installed."""
    files: list[str] = event["files"]
    known = {each: _digest_of(Path(each)) for each in files}
    known |= {each: _listing(Path(each)) for each in sorted({os.path.dirname(file) for file in files})}
    return known | installed(event)


def installed(event: Event) -> dict[str, str]:
    """The packages that are installed."""
    return {each: _changed(each) for each in event["packages"]}


def _digest_of(path: Path) -> str:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def _listing(directory: Path) -> str:
    """The names of the modules in a directory: another one may be imported, too."""
    try:
        return " ".join(sorted(each for each in os.listdir(directory) if each.endswith(".py")))
    except OSError:
        return ""


def _changed(directory: str) -> str:
    """When something was last installed or taken away there."""
    try:
        return str(os.stat(directory).st_mtime_ns)
    except OSError:
        return ""


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]


def _answer(data: bytes | None) -> dict[str, Any] | None:
    try:
        found = json.loads(data or b"")
    except (ValueError, RecursionError):
        return None
    has_shape = isinstance(found, dict) and found.keys() == {"depends", "event"} and isinstance(found["event"], dict)
    return found if has_shape and {"files", "packages", "ddl"} <= found["event"].keys() else None
