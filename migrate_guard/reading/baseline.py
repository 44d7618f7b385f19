"""Read and write the file of `migrate-guard baseline`; `schemas/baseline.schema.json` describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from migrate_guard.model.baseline import Entry
from migrate_guard.model.patterns import lazily
from migrate_guard.reading.json_documents import DocumentError, SyntaxMistake, kind, read_document, version_mistake

VERSION: Final = 1
_FINGERPRINT: Final = lazily(r"[0-9a-f]{16}")
_CONFLICT: Final = lazily(rb"^(<{7}|={7}|>{7})(\s|$)", re.MULTILINE)


def read_baseline(path: Path) -> tuple[Entry, ...]:
    """Return the entries of a baseline; raises DocumentError with all its mistakes."""
    document = _document(path)
    if not isinstance(document, dict) or document.keys().isdisjoint(("version", "environments")):
        raise DocumentError(path, ["it is no baseline; migrate-guard baseline writes one"])
    if mistake := version_mistake(document.get("version"), VERSION):
        raise DocumentError(path, [f"{mistake}; another version of migrate-guard has written it"])
    mistakes = list(_mistakes(document))
    if mistakes:
        raise DocumentError(path, mistakes)
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
    try:
        return read_document(path, "migrate-guard baseline")
    except SyntaxMistake as error:
        problem = error.problem
        if _CONFLICT.search(error.data):
            problem = "a conflict of a merge was left in it: keep the lines of both sides, or of one"
        raise DocumentError(path, [f"{problem}; without it migrate-guard baseline writes it anew"]) from error


def _mistakes(document: dict[str, object]) -> Iterator[str]:
    environments = document.get("environments")
    if not isinstance(environments, dict):
        yield f'"environments": expected an object, got {kind(environments)}'
        return
    for name, entries in environments.items():
        if not isinstance(entries, list):
            yield f'"{name}": expected a list, got {kind(entries)}'
            continue
        for number, entry in enumerate(entries, 1):
            if problem := _problem(entry):
                yield f'entry {number} of "{name}": {problem}'


def _problem(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return f"expected an object, got {kind(entry)}"
    for key in ("code", "name"):
        if not isinstance(entry.get(key), str):
            return f'"{key}": expected a string, got {kind(entry.get(key))}'
    for key in ("revision", "object"):
        if key not in entry or not isinstance(entry[key], str | None):
            return f'"{key}": expected a string or null, got {kind(entry.get(key))}'
    fingerprint = entry.get("fingerprint")
    if not isinstance(fingerprint, str) or not _FINGERPRINT.fullmatch(fingerprint):
        return f'"fingerprint": expected 16 hexadecimal digits, got {kind(fingerprint)}'
    return None
