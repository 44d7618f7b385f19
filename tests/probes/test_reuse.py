"""Connections of user code that are used again are as good as new."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from migrate_guard.probes.worker.reuse import Kept
from tests import servers


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.postgresql(tmp_path_factory.mktemp("server")) as server:
        yield server.dsn


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def connect(dsn: str, kept: Kept) -> Iterator[Callable[..., Any]]:
    opened: list[Any] = []

    def connected(**arguments: Any) -> Any:
        opened.append(kept.connect(lambda: psycopg.connect(dsn, **arguments), psycopg.Connection, arguments))
        return opened[-1]

    yield connected
    for each in opened:
        each.close_for_good()


def pid(connection: Any) -> int:
    number: int = connection.info.backend_pid
    return number


def test_a_session_begins_anew(connect: Callable[..., Any]) -> None:
    first = connect()
    first.execute("CREATE TEMPORARY TABLE gone (id int)")
    first.execute("SET search_path TO nowhere")
    first.execute("PREPARE stale AS SELECT 1")
    first.execute("SELECT pg_advisory_lock(1)")
    first.commit()
    first.autocommit = True
    first.row_factory = dict_row
    first.prepare_threshold = None
    first.add_notice_handler(print)
    number = pid(first)
    first.close()
    second = connect()
    assert pid(second) == number
    assert second.autocommit is False
    assert second.execute("SHOW search_path").fetchone() == ('"$user", public',)
    assert second.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)
    assert second.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)
    assert second.execute("SELECT to_regclass('gone')").fetchone() == (None,)
    assert second.prepare_threshold == 5
    assert second._notice_handlers == []
    second.close()


def test_what_was_not_committed_is_gone(connect: Callable[..., Any]) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        connect().execute("CREATE TABLE lost AS SELECT 1 / 0")
    first = connect()
    first.execute("CREATE TABLE lost (id int)")
    first.close()
    assert connect().execute("SELECT to_regclass('lost')").fetchone() == (None,)


def test_prepared_statements_are_forgotten_on_both_sides(connect: Callable[..., Any]) -> None:
    for _ in range(3):
        connection = connect(prepare_threshold=0)
        assert connection.execute("SELECT %s::int", [1]).fetchone() == (1,)
        connection.close()


def test_other_arguments_make_another_connection(connect: Callable[..., Any]) -> None:
    first = connect()
    number = pid(first)
    first.close()
    assert pid(connect(application_name="other")) != number
    assert pid(connect()) == number


def test_settings_of_roles_hold_for_sessions_to_come(connect: Callable[..., Any]) -> None:
    first = connect()
    first.execute("ALTER ROLE postgres SET statement_timeout = '77s'")
    first.commit()
    first.close()
    second = connect()
    assert second.execute("SHOW statement_timeout").fetchone() == ("77s",)
    second.execute("ALTER ROLE postgres RESET statement_timeout")
    second.commit()
    second.close()


def test_what_is_broken_or_forgotten_is_not_used_again(connect: Callable[..., Any], kept: Kept) -> None:
    first, other = connect(), connect()
    other.execute("SELECT pg_terminate_backend(%s)", [pid(first)])
    with pytest.raises(psycopg.OperationalError):
        first.execute("SELECT 1")
    first.close()
    assert first.closed
    number = pid(other)
    other.close()
    kept.forget()
    assert other.closed
    assert pid(connect()) != number


def test_no_more_wait_than_the_server_has_places_for(connect: Callable[..., Any]) -> None:
    opened = [connect(application_name=f"of {number}") for number in range(12)]
    for each in opened:
        each.close()
    assert sum(not each.closed for each in opened) == 8
