"""The files in which settings stand: where they are looked for, and the table of one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from migrate_guard import files
from migrate_guard.config.lines import Lines
from migrate_guard.config.mistakes import ConfigError, Mistake, spelled

TABLE: Final = "tool.migrate-guard"
OWN_FILE: Final = "migrate-guard.toml"
MAXIMUM_SIZE: Final = 16 * 1024 * 1024
"""Bytes of a configuration file that are still read."""


class Written(Struct, frozen=True):
    """The table of settings of a file, as written."""

    path: Path
    table: Mapping[str, object]
    lines: Lines
    is_file: bool = True
    """Otherwise a caller has handed it over, and `path` says only what paths are relative to."""

    @property
    def source(self) -> str | None:
        """Where it is written, for messages."""
        return str(self.path) if self.is_file else None


def find(start: Path, file: Path | None = None) -> Written | None:
    """Return the table of `file`, else of the nearest file upward from `start` that has one; raises ConfigError."""
    if file is not None:
        return table_of(file, is_named=True) or Written(Path(os.path.abspath(file)), {}, Lines("", ()))
    return next(filter(None, map(table_of, candidates(start))), None)


def candidates(start: Path) -> Iterator[Path]:
    """The files that may have settings for what lies in `start`, the nearest first."""
    absolute = Path(os.path.abspath(start))
    for directory in (absolute, *absolute.parents):
        yield directory / OWN_FILE
        yield directory / "pyproject.toml"


def table_of(path: Path, *, is_named: bool = False) -> Written | None:
    """Return the table of a file; None where the file is not there or has none. Raises ConfigError."""
    try:
        if not files.is_file(path):
            if is_named:
                problem = "it is not a regular file" if files.exists(path) else "it does not exist"
                raise ConfigError([Mistake("--config", problem)], str(path))
            return None
        if files.size(path) > MAXIMUM_SIZE:
            raise ConfigError([Mistake("file", f"it has more than {MAXIMUM_SIZE:,} bytes")], str(path))
        data = files.read_bytes(path)
    except OSError as error:
        if not is_named and path.name != OWN_FILE:
            return None
        raise ConfigError([Mistake("file", f"it cannot be read: {error.strerror}")], str(path)) from error
    is_own = path.name == OWN_FILE
    if not is_own and not is_named and b"migrate-guard" not in data:
        return None
    import tomllib

    try:
        text = data.decode("utf-8-sig")
        document = tomllib.loads(text)
    except ValueError as error:
        if not is_own and not is_named and not re.search(rb"(?m)^\s*\[\s*tool\s*\.\s*[\"']?migrate-guard", data):
            return None
        raise ConfigError([Mistake("file", f"it is not TOML: {error}")], str(path)) from error
    absolute = Path(os.path.abspath(path))
    tool = document.get("tool")
    table = tool.get("migrate-guard") if isinstance(tool, dict) and not is_own else None
    if table is not None and not isinstance(table, dict):
        raise ConfigError([Mistake(TABLE, f"expected a table, got {spelled(table)}")], str(path))
    if table is not None:
        return Written(absolute, table, Lines(text, tuple(TABLE.split("."))))
    is_bare = is_own or (is_named and path.name != "pyproject.toml")
    return Written(absolute, document, Lines(text, ())) if is_bare else None
