"""What was loaded, before it is told."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import MetaData

from .places import Place


class Filters(NamedTuple):
    """What env.py says that Alembic is to compare (alembic.runtime.environment, EnvironmentContext.configure)."""

    include_name: Callable[..., Any] | None
    include_object: Callable[..., Any] | None
    include_schemas: bool
    place: Place | None
    """Where env.py says it."""


class Loaded(NamedTuple):
    """A MetaData, and what else is known of it."""

    metadata: MetaData
    engine: str | None = None
    """The engine name of a multidb environment that it belongs to."""
    filters: Filters | None = None


class Problems:
    """What could not be read, and why; what has no place of its own is told at `otherwise`."""

    def __init__(self, otherwise: str) -> None:
        self.otherwise = otherwise
        self._told: list[tuple[str, int, str]] = []

    def add(self, place: Place | None, text: str) -> None:
        """Tell once."""
        told = (os.path.abspath(place.file), place.line, text) if place else (self.otherwise, 1, text)
        if told not in self._told:
            self._told.append(told)

    @property
    def told(self) -> list[tuple[str, int, str]]:
        return list(self._told)


def said(error: BaseException) -> str:
    """What an exception says, in one line."""
    text = " ".join(str(getattr(error, "args", ("",))[0] if error.args else error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
