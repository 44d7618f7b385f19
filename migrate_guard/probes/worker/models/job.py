"""What the parent asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class HistoryTable(NamedTuple):
    """A table that the migrations make, by the names of what it has."""

    name: str
    schema: str | None
    columns: Sequence[str]
    indexes: Sequence[str]
    uniques: Sequence[str]
    foreign_keys: Sequence[str]


class ModelsJob(NamedTuple):
    """Which models are to be loaded, as the parent writes it."""

    config_file: str | None
    section: str
    script_location: str | None
    version_locations: Sequence[str]
    is_recursive: bool
    sys_path: Sequence[str]
    root: str
    """Where the project is."""
    x: Sequence[str]
    models: Sequence[str]
    """`module:attribute` or modules; empty: what env.py hands to `context.configure`."""
    engine_name: str | None
    """Of a multidb environment the database whose models are wanted; None: of all."""
    dialect: str
    version: Sequence[int] | None
    history: Sequence[HistoryTable]

    @classmethod
    def read(cls, descriptor: int) -> ModelsJob:
        """Read a job to its end."""
        with open(descriptor, encoding="utf-8") as file:
            fields: Mapping[str, Any] = json.load(file)
        history = [HistoryTable(**each) for each in fields["history"]]
        return cls(**{**fields, "history": history})
