"""Real database servers for tests and benchmarks, run from the binaries on the machine, with private sockets.

Where the binaries are missing the test is skipped; where the environment says CI=true it fails.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from unittest import SkipTest

import psycopg
import pymysql
from psycopg.rows import TupleRow
from pymysql.cursors import Cursor

_PATIENCE = 60.0
"""Seconds that a server has to answer its first connection, and again to stop."""

_Connection = TypeVar("_Connection")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A running PostgreSQL with one empty database."""

    version: tuple[int, int]
    dsn: str

    def connect(self) -> psycopg.Connection[TupleRow]:
        """Open a connection that commits every statement."""
        return psycopg.connect(self.dsn, autocommit=True)


@dataclass(frozen=True, slots=True)
class MariaDBServer:
    """A running MariaDB without databases of its own."""

    version: tuple[int, int, int]
    socket: Path

    def connect(self) -> "pymysql.Connection[Cursor]":
        """Open a connection that commits every statement."""
        return _connect_mariadb(self.socket)


@contextmanager
def postgresql(directory: Path) -> Iterator[PostgresServer]:
    """Run the newest PostgreSQL on the machine, with its data below `directory`."""
    binaries = _newest_postgresql()
    prefix = _unprivileged()
    data = directory / "postgresql"
    initdb = [*prefix, f"{binaries}/initdb", "--no-sync", "--auth=trust", "--username=postgres"]
    _install([*initdb, "--encoding=UTF8", "--locale=C", f"--pgdata={data}"])
    with _socket_directory() as sockets:
        dsn = f"host={sockets} user=postgres dbname=postgres"
        command = [*prefix, f"{binaries}/postgres", "-D", str(data), "-k", str(sockets)]
        # Nothing vacuums behind the back of a test: an index-only scan takes the place of a scan then.
        command += ["-c", "listen_addresses=", "-c", "fsync=off", "-c", "autovacuum=off"]
        with _running(command, directory / "postgresql.log", signal.SIGINT) as process:
            with _patiently(process, lambda: psycopg.connect(dsn), psycopg.OperationalError) as connection:
                version = divmod(connection.info.server_version, 10_000)
            yield PostgresServer(version, dsn)


@contextmanager
def mariadb(directory: Path) -> Iterator[MariaDBServer]:
    """Run the MariaDB on the machine (Debian: mariadb-server-core, mariadb-client-core), its data below `directory`."""
    mariadbd, install, _ = map(_program, ("mariadbd", "mariadb-install-db", "my_print_defaults"))
    common = [
        *("--no-defaults", f"--datadir={directory / 'mariadb'}", f"--user={pwd.getpwuid(os.geteuid()).pw_name}"),
        # A server that starts removes the temporary tables of others from a directory that they share.
        f"--tmpdir={directory}",
    ]
    _install([install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"])
    with _socket_directory() as sockets:
        socket = sockets / "socket"
        command = [mariadbd, *common, "--skip-networking", f"--socket={socket}", "--innodb-buffer-pool-size=16M"]
        with _running(command, directory / "mariadb.log", signal.SIGTERM) as process:
            with _patiently(process, lambda: _connect_mariadb(socket), pymysql.OperationalError) as connection:
                version = _mariadb_version(connection)
            yield MariaDBServer(version, socket)


def needs_postgresql() -> None:
    """Give a test up that starts a PostgreSQL of the machine by itself, where there is none."""
    _newest_postgresql()


def needs_mariadb() -> None:
    """Give a test up that starts a MariaDB of the machine by itself, where there is none."""
    _program("mariadbd")


def has_postgresql() -> bool:
    """Say whether the machine has a PostgreSQL; where the environment says CI=true it must."""
    try:
        needs_postgresql()
    except SkipTest:
        return False
    return True


def _newest_postgresql() -> Path:
    """Find the folder of `initdb` and `postgres`: Debian keeps one a version, off the PATH."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/postgres")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
    return (newest or Path(_program("initdb"))).parent


def _unprivileged() -> list[str]:
    """Return what to put before a command of PostgreSQL, which refuses to run as root."""
    return ["unshare", "-U"] if os.geteuid() == 0 else []


def _program(name: str) -> str:
    """Find a program on the PATH or among those for administrators, else give the test up."""
    found = shutil.which(name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin"]))
    if found is None:
        given_up = RuntimeError if os.environ.get("CI") == "true" else SkipTest
        raise given_up(f"{name} is not on this machine")
    return found


def _install(command: Sequence[str]) -> None:
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stdout + completed.stderr


@contextmanager
def _socket_directory() -> Iterator[Path]:
    """Make a folder for a socket, whose path may have no more than 107 bytes; a test's own folder can be too deep."""
    with tempfile.TemporaryDirectory(prefix="mg-") as name:
        yield Path(name)


@contextmanager
def _running(command: Sequence[str], log: Path, stop: signal.Signals) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server and always stop it, by the signal on which it does not wait for its clients.

    What its log says goes with an error of a connection.
    """
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            yield process
        except (psycopg.OperationalError, pymysql.OperationalError) as error:
            error.add_note(log.read_text(errors="replace"))
            raise
        finally:
            _stop(process, stop)


def _stop(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    process.send_signal(by)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


def _patiently(
    process: subprocess.Popen[bytes], connect: Callable[[], _Connection], refusal: type[Exception]
) -> _Connection:
    """Connect as soon as the server takes connections; give up when it ends or takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return connect()
        except refusal:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _connect_mariadb(socket: Path) -> "pymysql.Connection[Cursor]":
    if not socket.exists():
        # PyMySQL would open a socket of its own first, and not close it when nobody listens
        raise pymysql.OperationalError(f"{socket} is not there yet")
    return pymysql.connect(unix_socket=str(socket), user="root", autocommit=True)


def _mariadb_version(connection: "pymysql.Connection[Cursor]") -> tuple[int, int, int]:
    """Ask for the version, which reads like `10.11.19-MariaDB-0+deb12u1`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        ((text,),) = cursor.fetchall()
    major, minor, patch = text.partition("-")[0].split(".")
    return int(major), int(minor), int(patch)
