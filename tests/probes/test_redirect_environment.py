"""The environment of user code names the scratch server wherever it named a database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import make_url

from migrate_guard.probes.worker.environment import NOWHERE, scratch_environment, unquoted_path

SOCKET = "postgresql://postgres@/postgres?host=/tmp/mg-x1"
NETWORK = "postgresql://tester:pass%40word@db.test:6432/postgres?sslmode=require"
MYSQL = "mysql://root@/mysql?unix_socket=/tmp/mg-x1/socket"


@pytest.mark.parametrize(
    ("value", "server", "expected"),
    [
        (
            "postgres://u:p@live:5433/app?sslmode=require&application_name=x",
            SOCKET,
            f"postgres://postgres@{NOWHERE}:5432/app?application_name=x&host=/tmp/mg-x1&port=5432",
        ),
        (
            "postgresql+asyncpg://u:p@live/app",
            NETWORK,
            "postgresql+asyncpg://tester:pass%40word@db.test:6432/app",
        ),
        (
            "mariadb+pymysql://u:p@live:3307/app?charset=utf8mb4&ssl_ca=x",
            MYSQL,
            f"mariadb+pymysql://root@{NOWHERE}:3306/app?charset=utf8mb4&unix_socket=/tmp/mg-x1/socket",
        ),
        ("mysql+aiomysql://u:p@live:3307/app", SOCKET, f"mysql+aiomysql://scratch@{NOWHERE}:3307/app"),
        ("postgresql://u:[p@live/app", SOCKET, f"postgresql://postgres@{NOWHERE}:5432?host=/tmp/mg-x1&port=5432"),
        ("sqlite://", "", "sqlite://"),
        ("https://live/app", SOCKET, "https://live/app"),
    ],
)
def test_a_url_leads_to_the_scratch_with_its_own_driver_and_name(value: str, server: str, expected: str) -> None:
    assert scratch_environment({"ANY": value}, server, "/tmp/s")["ANY"] == expected


def test_the_url_of_a_file_leads_into_the_scratch_directory_and_passes_an_ini_file(tmp_path: Path) -> None:
    value = f"sqlite+aiosqlite:///{tmp_path}/100% ~ all.db?timeout=3"
    led = make_url(scratch_environment({"ANY": value}, "", "/tmp/s")["ANY"])
    assert led.drivername == "sqlite+aiosqlite"
    assert led.database is not None
    assert "%" not in str(led)
    path = Path(led.database)
    assert (str(path.parent), unquoted_path(path.name)) == ("/tmp/s", f"{tmp_path}/100% ~ all.db")
    assert led.query == {"timeout": "3"}


def test_what_libpq_reads_is_the_scratch_or_nowhere() -> None:
    given = {"PGHOSTADDR": "10.0.0.7", "PGSERVICE": "live", "PGSSLMODE": "verify-full", "PGPASSWORD": "secret"}
    given |= {"PGDATABASE": "app", "PGHOST": "live", "PGPASSFILE": "/home/u/.pgpass", "PGOPTIONS": "-c jit=off"}
    assert scratch_environment(given, SOCKET, "/tmp/s") == {
        "MYSQL_HOME": "/tmp/s/nowhere",
        "MYSQL_TCP_PORT": "3306",
        "MYSQL_UNIX_PORT": "/tmp/s/nowhere",
        "PGDATABASE": "app",
        "PGHOST": "/tmp/mg-x1",
        "PGOPTIONS": "-c jit=off",
        "PGPASSFILE": "/tmp/s/nowhere",
        "PGPASSWORD": "",
        "PGPORT": "5432",
        "PGSERVICEFILE": "/tmp/s/nowhere",
        "PGSYSCONFDIR": "/tmp/s/nowhere",
        "PGUSER": "postgres",
    }


def test_what_has_nothing_to_do_with_databases_stays() -> None:
    given = {"PYTHONHASHSEED": "7", "HOME": "/home/u", "PATH": "/bin", "MYSQL_DATABASE": "app", "MYSQL_HOST": "live"}
    found = scratch_environment(given, MYSQL, "/tmp/s")
    assert {name: found[name] for name in given} == {**given, "MYSQL_HOST": NOWHERE}
    assert found["MYSQL_UNIX_PORT"] == "/tmp/mg-x1/socket"
    assert found["PGHOST"] == "/tmp/s/nowhere"
