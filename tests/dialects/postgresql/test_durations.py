"""How long a timeout is, as the server itself reads it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from migrate_guard.dialects.postgresql.durations import milliseconds
from tests.servers import PostgresServer, postgresql

WRITTEN = [
    *("0", "5000", "5s", "5 s", " 5s ", "500ms", "900us", "500us", "1500us", "2min", "1h", "1d", "24d", "25d"),
    *("1.5s", "0.5", "1.5", ".5s", "0.0001min", "0.00001d", "1e3", "1e-1s", "1e", "5e0min", "+5s", "010", "08", "0x10"),
    *("2147483647", "2147483648", "-1", "-5s", "5S", "5MS", "5sec", "5 minutes", "five", "", "5s5", "s", "1,5s", "5.s"),
    *("0ms", "00", "0.0s", "0min", "1e400", "9" * 5000),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgresql(tmp_path_factory.mktemp("durations")) as running:
        yield running


@pytest.mark.parametrize("name", ["lock_timeout", "statement_timeout"])
def test_a_timeout_is_as_long_as_the_server_says(server: PostgresServer, name: str) -> None:
    with server.connect() as connection:
        assert {each: milliseconds(each) for each in WRITTEN} == {
            each: _set(connection, name, each) for each in WRITTEN
        }


def _set(connection: psycopg.Connection[tuple[object, ...]], name: str, value: str) -> object:
    """Set a parameter for one statement, which tells its milliseconds; None where the server refuses the value."""
    try:
        query = "SELECT (extract(epoch FROM set_config(%s, %s, true)::interval) * 1000)::bigint"
        ((found,),) = connection.execute(query, [name, value]).fetchall()
    except psycopg.errors.InvalidParameterValue:
        return None
    return found
