"""Read and write the file of `migrate-guard stats`; `schemas/stats.schema.json` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migrate_guard.model.names import QualifiedName
from migrate_guard.model.statistics import Statistics, TableSize

VERSION: Final = 1
MAXIMUM_SIZE: Final = 64 * 1024 * 1024
"""Bytes of a file that are still read: those of half a million tables."""
_MOST_SHOWN: Final = 10


class StatisticsError(Exception):
    """Everything that is wrong with a file of statistics; the message is for the user."""

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        shown = mistakes[:_MOST_SHOWN]
        if len(mistakes) > len(shown):
            shown.append(f"and {len(mistakes) - len(shown)} more")
        lines = f" {shown[0]}" if len(shown) == 1 else "".join(f"\n  {each}" for each in shown)
        super().__init__(f"{path}:{lines}")


def read_statistics(path: Path) -> Statistics:
    """Return what a file tells of the tables of a database; raises StatisticsError with all its mistakes."""
    document = _document(path)
    if not isinstance(document, dict):
        raise StatisticsError(path, [f"expected an object, got {_kind(document)}; migrate-guard stats writes the file"])
    mistakes = list(_mistakes(document))
    if mistakes:
        raise StatisticsError(path, mistakes)
    return Statistics(
        {_name(name): TableSize(size["rows"], size["bytes"]) for name, size in document["tables"].items()},
        server=document.get("server", ""),
        taken_at=document.get("taken_at", ""),
        database=document.get("database", ""),
    )


def written(statistics: Statistics) -> str:
    """Return the text of the file, its tables in the order of their names."""
    sizes = sorted((str(name), size) for name, size in statistics.tables.items())
    document = {
        "version": VERSION,
        "server": statistics.server,
        "database": statistics.database,
        "taken_at": statistics.taken_at,
        "tables": {name: {"rows": size.rows, "bytes": size.bytes} for name, size in sizes},
    }
    return json.dumps(document, indent=2) + "\n"


def _document(path: Path) -> object:
    try:
        if not path.exists():
            raise StatisticsError(path, ["it does not exist; migrate-guard stats writes it"])
        if not path.is_file():
            raise StatisticsError(path, ["it is not a regular file"])
        if path.stat().st_size > MAXIMUM_SIZE:
            raise StatisticsError(path, [f"it has more than {MAXIMUM_SIZE:,} bytes"])
        return json.loads(path.read_bytes())
    except OSError as error:
        raise StatisticsError(path, [f"it cannot be read: {error.strerror}"]) from error
    except (ValueError, RecursionError) as error:
        raise StatisticsError(path, [f"it is not JSON: {error}"]) from error


def _mistakes(document: dict[str, object]) -> Iterator[str]:
    version = document.get("version")
    if version != VERSION or isinstance(version, bool):
        yield f'"version": expected {VERSION}, got {_kind(version)}'
    for key in ("server", "database", "taken_at"):
        if not isinstance(document.get(key, ""), str):
            yield f'"{key}": expected a string, got {_kind(document[key])}'
    tables = document.get("tables")
    if not isinstance(tables, dict):
        yield f'"tables": expected an object, got {_kind(tables)}'
        return
    for name, size in tables.items():
        if not isinstance(size, dict):
            yield f'"{name}": expected an object with "rows" and "bytes", got {_kind(size)}'
            continue
        if not _is_count(size.get("rows", "")) and size.get("rows", "") is not None:
            yield f'"{name}": expected a number of rows or null, got {_kind(size.get("rows", ...))}'
        if not _is_count(size.get("bytes")):
            yield f'"{name}": expected a number of bytes, got {_kind(size.get("bytes", ...))}'


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _name(text: str) -> QualifiedName:
    schema, dot, name = text.partition(".")
    return QualifiedName(name, schema) if dot else QualifiedName(text)


def _kind(value: object) -> str:
    """What a value is, for a message."""
    if value is None or value is ...:
        return "nothing"
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
