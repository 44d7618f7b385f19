"""Read and write the file of `migrate-guard baseline`; `schemas/baseline.schema.json` describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from migrate_guard.model.baseline import Entry

VERSION: Final = 1
MAXIMUM_SIZE: Final = 64 * 1024 * 1024
"""Bytes of a file that are still read: those of some 300,000 findings."""
_MOST_SHOWN: Final = 10
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
_CONFLICT: Final = re.compile(rb"^(<{7}|={7}|>{7})(\s|$)", re.MULTILINE)


class BaselineError(Exception):
    """Everything that is wrong with a baseline; the message is for the user."""

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        shown = mistakes[:_MOST_SHOWN]
        if len(mistakes) > len(shown):
            shown.append(f"and {len(mistakes) - len(shown)} more")
        lines = f" {shown[0]}" if len(shown) == 1 else "".join(f"\n  {each}" for each in shown)
        super().__init__(f"{path}:{lines}")


def read_baseline(path: Path) -> tuple[Entry, ...]:
    """Return the entries of a baseline; raises BaselineError with all its mistakes."""
    document = _document(path)
    if not isinstance(document, dict) or document.keys().isdisjoint(("version", "environments")):
        raise BaselineError(path, ["it is no baseline; migrate-guard baseline writes one"])
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        written = "another version of migrate-guard has written it"
        raise BaselineError(path, [f'"version": expected {VERSION}, got {_kind(version)}; {written}'])
    mistakes = list(_mistakes(document))
    if mistakes:
        raise BaselineError(path, mistakes)
    return tuple(
        dict.fromkeys(
            Entry(name, each["code"], each["name"], each["revision"], each["object"], each["fingerprint"])
            for name, entries in document["environments"].items()
            for each in entries
        )
    )


def written(entries: Iterable[Entry]) -> str:
    """Return the text of the file: an entry a line, in an order that depends on nothing else, so that git can merge."""
    groups = [
        f"    {json.dumps(name)}: [\n" + ",\n".join(f"      {_line(each)}" for each in group) + "\n    ]"
        for name, group in groupby(sorted(set(entries), key=_order), key=lambda each: each.environment)
    ]
    environments = "{\n" + ",\n".join(groups) + "\n  }" if groups else "{}"
    return f'{{\n  "version": {VERSION},\n  "environments": {environments}\n}}\n'


def _order(entry: Entry) -> tuple[object, ...]:
    revision, subject = ((each is not None, each or "") for each in (entry.revision, entry.object))
    return entry.environment, revision, entry.code, subject, entry.fingerprint, entry.name


def _line(entry: Entry) -> str:
    return json.dumps(
        {
            "revision": entry.revision,
            "code": entry.code,
            "name": entry.name,
            "object": entry.object,
            "fingerprint": entry.fingerprint,
        }
    )


def _document(path: Path) -> object:
    data = b""
    try:
        if not path.exists():
            raise BaselineError(path, ["it does not exist; migrate-guard baseline writes it"])
        if not path.is_file():
            raise BaselineError(path, ["it is not a regular file"])
        if path.stat().st_size > MAXIMUM_SIZE:
            raise BaselineError(path, [f"it has more than {MAXIMUM_SIZE:,} bytes"])
        data = path.read_bytes()
        return json.loads(data)
    except OSError as error:
        raise BaselineError(path, [f"it cannot be read: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:
        problem = f"it is not JSON: {error}"
        if _CONFLICT.search(data):
            problem = "a conflict of a merge was left in it: keep the lines of both sides, or of one"
        raise BaselineError(path, [f"{problem}; without it migrate-guard baseline writes it anew"]) from error


def _mistakes(document: dict[str, object]) -> Iterator[str]:
    environments = document.get("environments")
    if not isinstance(environments, dict):
        yield f'"environments": expected an object, got {_kind(environments)}'
        return
    for name, entries in environments.items():
        if not isinstance(entries, list):
            yield f'"{name}": expected a list, got {_kind(entries)}'
            continue
        for number, entry in enumerate(entries, 1):
            if problem := _problem(entry):
                yield f'entry {number} of "{name}": {problem}'


def _problem(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return f"expected an object, got {_kind(entry)}"
    for key in ("code", "name"):
        if not isinstance(entry.get(key), str):
            return f'"{key}": expected a string, got {_kind(entry.get(key))}'
    for key in ("revision", "object"):
        if key not in entry or not isinstance(entry[key], str | None):
            return f'"{key}": expected a string or null, got {_kind(entry.get(key))}'
    fingerprint = entry.get("fingerprint")
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        return f'"fingerprint": expected 16 hexadecimal digits, got {_kind(fingerprint)}'
    return None


def _kind(value: object) -> str:
    """What a value is, for a message."""
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
