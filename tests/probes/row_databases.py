"""Databases for tests of generated rows: a fresh one for each, reached by the drivers that projects use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import NullPool

from migrate_guard.probes.worker import rows
from tests.servers import MariaDBServer, PostgresServer

_NUMBERS = count(1)


@contextmanager
def fresh_postgresql(server: PostgresServer) -> Iterator[Connection]:
    """Open a connection to a database with nothing in it."""
    with opened(f"postgresql+psycopg://postgres@/postgres?host={host(server)}") as connection:
        schemas = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
        for name in column(connection, schemas):
            connection.exec_driver_sql(f'DROP SCHEMA "{name}" CASCADE')
        connection.exec_driver_sql("CREATE SCHEMA public")
        # as connections of ours are told
        connection.exec_driver_sql("SET jit TO off")
        yield connection


@contextmanager
def fresh_mariadb(server: MariaDBServer) -> Iterator[Connection]:
    """Make an empty database, and drop it in the end."""
    name = f"rows_{next(_NUMBERS)}"
    with server.connect() as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        with opened(f"mysql+pymysql://root@/{name}?unix_socket={server.socket}") as connection:
            yield connection
        cursor.execute(f"DROP DATABASE {name}")


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


def fill(connection: Connection, count: int, seed: int) -> rows.Filled:
    """Fill every table that is there."""
    return rows.fill(connection, rows.tables(connection, "alembic_version"), count, seed)


def contents(connection: Connection) -> rows.Contents:
    """Read every table that is there."""
    return rows.contents(connection, rows.tables(connection, "alembic_version"))
