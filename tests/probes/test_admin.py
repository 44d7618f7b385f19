"""Scratch databases are made and dropped by the drivers that are there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate_guard.model.target import DialectName
from migrate_guard.probes.scratch import Scratch, scratch
from migrate_guard.probes.worker import admin

_ADMIN = Path(admin.__file__)


def _server(dialect: DialectName) -> Iterator[Scratch]:
    with scratch(dialect, url=None, keep=False, python=sys.executable, version=None) as it:
        yield it


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Scratch]:
    yield from _server("postgresql")


@pytest.fixture(scope="module")
def mysql() -> Iterator[Scratch]:
    yield from _server("mysql")


def _databases(url: str) -> list[str]:
    found: list[str] = []
    statement = "SHOW DATABASES" if url.startswith("mysql") else "SELECT datname FROM pg_database"
    admin.administer(url, lambda ask: found.extend(name for (name,) in ask(statement)))
    return sorted(name for name in found if name.startswith("migrate_guard_"))


@pytest.mark.parametrize("driver", ["", "+psycopg", "+asyncpg", "+nowhere"])
def test_postgresql(postgresql: Scratch, driver: str) -> None:
    url = postgresql.url.replace("postgresql:", f"postgresql{driver}:")
    admin.create(url, "migrate_guard_ab_1")
    admin.create(url, "migrate_guard_ab_20")
    admin.create(url, "migrate_guard_abc_1")
    assert _databases(url) == ["migrate_guard_ab_1", "migrate_guard_ab_20", "migrate_guard_abc_1"]
    admin.drop(url, "migrate_guard_ab")
    assert _databases(url) == ["migrate_guard_abc_1"]
    admin.drop(url, "migrate_guard_abc")
    assert _databases(url) == []


@pytest.mark.parametrize("driver", ["", "+pymysql", "+asyncmy"])
def test_mysql(mysql: Scratch, driver: str) -> None:
    url = mysql.url.replace("mysql:", f"mysql{driver}:")
    admin.create(url, "migrate_guard_ab_1")
    assert _databases(url) == ["migrate_guard_ab_1"]
    admin.drop(url, "migrate_guard_ab")
    assert _databases(url) == []


def test_a_database_in_use_is_dropped(postgresql: Scratch) -> None:
    admin.create(postgresql.url, "migrate_guard_ab_1")
    inside = postgresql.url.replace("/postgres?", "/migrate_guard_ab_1?")

    def in_use(ask: admin.Ask) -> None:
        ask("CREATE TABLE t (id int)")
        admin.drop(postgresql.url, "migrate_guard_ab")
        ask("SELECT 1")

    with pytest.raises(admin.Refused):
        admin.administer(inside, in_use)
    assert _databases(postgresql.url) == []


def test_a_database_in_a_transaction_is_dropped(mysql: Scratch) -> None:
    admin.create(mysql.url, "migrate_guard_ab_1")

    def in_use(ask: admin.Ask) -> None:
        for statement in ("CREATE TABLE t (id int)", "START TRANSACTION", "INSERT INTO t VALUES (1)"):
            ask(statement)
        admin.drop(mysql.url, "migrate_guard_ab")

    admin.administer(mysql.url.replace("/mysql?", "/migrate_guard_ab_1?"), in_use)
    assert _databases(mysql.url) == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://me:secret@/postgres?host=/nowhere", r"postgresql\+psycopg://me:\*\*\*@/postgres by psycopg: "),
        ("postgresql+asyncpg://me:secret@/x?host=/nowhere", r"postgresql\+asyncpg://me:\*\*\*@/x by asyncpg: "),
        ("sqlite:///x.db", "no scratch databases are made by a URL of sqlite"),
    ],
)
def test_what_is_refused_does_not_tell_the_password(url: str, words: str) -> None:
    with pytest.raises(admin.Refused, match=words) as refused:
        admin.create(url, "migrate_guard_ab_1")
    assert "secret" not in str(refused.value)


def test_who_is_refused_by_mysql_does_not_tell_the_password(mysql: Scratch) -> None:
    with pytest.raises(
        admin.Refused, match=r"mysql\+pymysql://me:\*\*\*@/mysql by pymysql: .*Access denied"
    ) as refused:
        admin.create(mysql.url.replace("root@", "me:secret@"), "migrate_guard_ab_1")
    assert "secret" not in str(refused.value)


def test_the_janitor_runs_it_as_a_script(postgresql: Scratch) -> None:
    admin.create(postgresql.url, "migrate_guard_ab_1")
    subprocess.run(
        [sys.executable, str(_ADMIN)],
        input=json.dumps({"url": postgresql.url, "prefix": "migrate_guard_ab"}),
        text=True,
        check=True,
        cwd="/",
        env={name: os.environ[name] for name in ("PATH",) if name in os.environ},
    )
    assert _databases(postgresql.url) == []
