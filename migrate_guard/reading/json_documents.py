"""Read a JSON document that a command of migrate-guard has written, and say what is wrong with one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from migrate_guard import files

MAXIMUM_SIZE: Final = 64 * 1024 * 1024
"""Bytes of a file that are still read: those of half a million tables, or of some 300,000 findings."""
_MOST_SHOWN: Final = 10


class DocumentError(Exception):
    """Everything that is wrong with a document; the message is for the user."""

    def __init__(self, path: Path, mistakes: Sequence[str]) -> None:
        shown = list(mistakes[:_MOST_SHOWN])
        if len(mistakes) > len(shown):
            shown.append(f"and {len(mistakes) - len(shown)} more")
        lines = f" {shown[0]}" if len(shown) == 1 else "".join(f"\n  {each}" for each in shown)
        super().__init__(f"{path}:{lines}")


class SyntaxMistake(DocumentError):
    """A file whose `data` are not JSON, as `problem` says."""

    def __init__(self, path: Path, problem: str, data: bytes) -> None:
        super().__init__(path, [problem])
        self.problem = problem
        self.data = data


def read_document(path: Path, writer: str) -> object:
    """Return what a file holds that the command `writer` writes; raises DocumentError."""
    data = _content(path, writer)
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SyntaxMistake(path, f"it is not JSON: {error}", data) from error


def _content(path: Path, writer: str) -> bytes:
    try:
        if not files.exists(path):
            raise DocumentError(path, [f"it does not exist; {writer} writes it"])
        if not files.is_file(path):
            raise DocumentError(path, ["it is not a regular file"])
        if files.size(path) > MAXIMUM_SIZE:
            raise DocumentError(path, [f"it has more than {MAXIMUM_SIZE:,} bytes"])
        return files.read_bytes(path)
    except OSError as error:
        raise DocumentError(path, [f"it cannot be read: {error.strerror}"]) from error


def version_mistake(version: object, expected: int) -> str | None:
    """What is wrong with the value of "version", if anything is."""
    if version == expected and not isinstance(version, bool):
        return None
    return f'"version": expected {expected}, got {kind(version)}'


def kind(value: object) -> str:
    """What a value is, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
