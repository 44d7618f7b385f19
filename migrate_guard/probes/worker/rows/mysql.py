"""The tables of a MySQL or MariaDB database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .shape import Table

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def read(connection: Connection, version_table: str) -> list[Table]:
    """Return every table of the database that the connection is in."""
    raise NotImplementedError
