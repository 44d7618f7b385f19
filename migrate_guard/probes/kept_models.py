"""What a child has told of models, kept as long as the files that it imported are what they were.

One JSON file for each job, below `.migrate_guard_cache`, which ignores itself for git. A file that is no answer of
ours, cut off or made by another version, is as good as none; a directory that cannot be written keeps nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, TypeAlias

from migrate_guard import __version__
from migrate_guard.probes.child import Event

DIRECTORY: Final = ".migrate_guard_cache"
MOST: Final = 32
"""Answers that are kept; those that were written first go first."""
_LONGEST: Final = 100_000_000
"""Bytes of an answer that is read."""


Dependencies: TypeAlias = Callable[[Event], Mapping[str, str]]
"""What an answer depends on, and a digest of what that is now."""


def kept(
    directory: Path, job: Mapping[str, object], python: str, load: Callable[[], Event], depends: Dependencies
) -> Event:
    """Return what was told of the job when it was done last, if all that it depends on is as it was; else do it.

    What the models ask of the environment is not known: who changes that does without (`--no-cache`).
    """
    path = directory / "models" / f"{_digest(json.dumps([job, _identity(python), __version__], sort_keys=True))}.json"
    found = _read(path)
    if found is not None and found["depends"] == depends(found["event"]):
        return dict(found["event"])
    event = load()
    with suppress(OSError):
        _write(path, {"depends": depends(event), "event": event})
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


def _read(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _LONGEST:
            return None
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    has_shape = isinstance(found, dict) and found.keys() == {"depends", "event"} and isinstance(found["event"], dict)
    return found if has_shape and {"files", "packages", "ddl"} <= found["event"].keys() else None


def _write(path: Path, value: object) -> None:
    """Write a file in one step, so that a run beside this one reads the whole of it or none; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _ignore(path.parent.parent)
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps(value), encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    _bound(path.parent.glob("*.json"))


def _ignore(directory: Path) -> None:
    if not (directory / ".gitignore").exists():
        (directory / ".gitignore").write_text("*\n", encoding="utf-8")


def _bound(answers: Iterable[Path]) -> None:
    by_age = sorted(answers, key=lambda each: each.stat().st_mtime_ns)
    for each in by_age[:-MOST]:
        each.unlink(missing_ok=True)
