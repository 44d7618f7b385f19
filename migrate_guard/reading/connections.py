"""Which statements run in no transaction because the script says so: connections of its own, a changed isolation level.

What really happens inside Alembic's transaction (SQLAlchemy 2.0 and 2.1 with PostgreSQL 15):

- SQLAlchemy refuses another isolation level while the connection has an open transaction; after `commit()` it takes it.
- psycopg and psycopg2 refuse to change `autocommit` in a transaction, asyncpg's adapter lets it pass without effect;
  after the `commit()` of the driver's connection all of them take it.
- `set_isolation_level(0)` is psycopg2's, which rolls the transaction back before it.
"""

from __future__ import annotations

from typing import Final

from migrate_guard.reading.calls import Call
from migrate_guard.reading.computing import usually
from migrate_guard.reading.machine import Machine
from migrate_guard.reading.values import Connection, External, OwnConnection, Value

_TAKES_NUMBERS: Final = (None, "psycopg2")
"""The drivers whose `set_isolation_level` takes 0; None: SQLAlchemy's choice, which is psycopg2 up to 2.0."""


def opened(receiver: Connection) -> Connection:
    """What `connect()` or `begin()` gives: of an engine, another connection."""
    if not receiver.is_engine:
        return receiver
    return Connection(own=OwnConnection(receiver.own is not None and receiver.own.is_autocommit))


def engine(call: Call) -> Connection:
    """What `create_engine` gives."""
    given = call.kwargs.get("execution_options")
    level = call.kwargs.get("isolation_level", given.get("isolation_level") if isinstance(given, dict) else None)
    return Connection(own=OwnConnection(_is_autocommit(level)), is_engine=True)


def with_options(receiver: Connection, call: Call) -> Connection:
    """What `execution_options()` gives: the connection itself, or another engine."""
    if "isolation_level" not in call.kwargs or receiver.is_session:
        return receiver
    is_autocommit = _is_autocommit(call.kwargs["isolation_level"])
    if receiver.is_engine:
        return Connection(own=OwnConnection(is_autocommit), is_engine=True)
    switch(call.machine, receiver, is_autocommit=is_autocommit)
    return receiver


def isolated(receiver: Connection, call: Call) -> None:
    """`set_isolation_level()` of the driver's connection."""
    level = call.get(0, "level", "isolation_level")
    name = level.path.rpartition(".")[2] if isinstance(level, External) else level
    is_autocommit = name in (0, "ISOLATION_LEVEL_AUTOCOMMIT") and not isinstance(name, bool)
    if receiver.own is None and call.machine.target.driver in _TAKES_NUMBERS:
        call.machine.is_switched = is_autocommit
    else:
        switch(call.machine, receiver, is_autocommit=is_autocommit)


def switch(machine: Machine, receiver: Connection, *, is_autocommit: bool) -> None:
    """Change whether a connection commits every statement; that of the migration takes it between transactions only."""
    if receiver.own is not None:
        receiver.own.is_autocommit = is_autocommit
    elif machine.is_switched or machine.is_between:
        machine.is_switched = is_autocommit


def _is_autocommit(level: Value) -> bool:
    known = usually(level)
    return isinstance(known, str) and known.upper() == "AUTOCOMMIT"
