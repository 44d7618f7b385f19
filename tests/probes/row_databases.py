"""Databases for tests of generated rows: a fresh one for each, reached by the drivers that projects use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from tests.servers import PostgresServer

_NUMBERS = count(1)


@contextmanager
def fresh_postgresql(server: PostgresServer) -> Iterator[Connection]:
    """Make an empty database, open a connection that commits every statement, and drop it in the end."""
    name = f"rows_{next(_NUMBERS)}"
    with server.connect() as admin:
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            with opened(f"postgresql+psycopg://postgres@/{name}?host={host(server)}") as connection:
                yield connection
        finally:
            admin.execute(f"DROP DATABASE {name}".encode())


@contextmanager
def fresh_sqlite(directory: Path) -> Iterator[Connection]:
    """Open a connection to a new file."""
    with opened(f"sqlite:///{directory / f'rows_{next(_NUMBERS)}.db'}") as connection:
        yield connection


@contextmanager
def opened(url: str) -> Iterator[Connection]:
    """Open a connection that commits every statement."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def host(server: PostgresServer) -> str:
    """Return the directory of a server's socket."""
    return dict(part.split("=", 1) for part in server.dsn.split())["host"]


def run(connection: Connection, sql: str) -> None:
    """Run statements, each ended by a semicolon at the end of a line."""
    for statement in sql.split(";\n"):
        if statement.strip():
            connection.exec_driver_sql(statement, None, {"no_parameters": True})


def column(connection: Connection, query: str) -> list[object]:
    """Return the first column of a query."""
    return [row[0] for row in connection.exec_driver_sql(query, None, {"no_parameters": True})]
