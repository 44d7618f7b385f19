"""Read and write the file of `migrate-guard stats`; `schemas/stats.schema.json` describes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migrate_guard.model.statistics import Statistics, TableSize, qualified
from migrate_guard.reading.json_documents import DocumentError, kind, read_document, version_mistake

VERSION: Final = 1
_WRITER: Final = "migrate-guard stats"


def read_statistics(path: Path) -> Statistics:
    """Return what a file tells of the tables of a database; raises DocumentError with all its mistakes."""
    document = read_document(path, _WRITER)
    if not isinstance(document, dict):
        raise DocumentError(path, [f"expected an object, got {kind(document)}; {_WRITER} writes the file"])
    mistakes = list(_mistakes(document))
    if mistakes:
        raise DocumentError(path, mistakes)
    return Statistics(
        {qualified(name): TableSize(size["rows"], size["bytes"]) for name, size in document["tables"].items()},
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


def _mistakes(document: dict[str, object]) -> Iterator[str]:
    if mistake := version_mistake(document.get("version"), VERSION):
        yield mistake
    for key in ("server", "database", "taken_at"):
        if not isinstance(document.get(key, ""), str):
            yield f'"{key}": expected a string, got {kind(document[key])}'
    tables = document.get("tables")
    if not isinstance(tables, dict):
        yield f'"tables": expected an object, got {kind(tables)}'
        return
    for name, size in tables.items():
        if not isinstance(size, dict):
            yield f'"{name}": expected an object with "rows" and "bytes", got {kind(size)}'
            continue
        if not _is_count(size.get("rows", "")) and size.get("rows", "") is not None:
            yield f'"{name}": expected a number of rows or null, got {kind(size.get("rows"))}'
        if not _is_count(size.get("bytes")):
            yield f'"{name}": expected a number of bytes, got {kind(size.get("bytes"))}'


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
