"""Names of schema objects."""

from __future__ import annotations

from typing import NamedTuple


class QualifiedName(NamedTuple):
    """A name with its schema; `schema` is None in the connection's default schema."""

    name: str
    schema: str | None = None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name
