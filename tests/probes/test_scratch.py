"""Scratch databases on real servers: they start, and whatever ends the run, nothing of them is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psycopg
import pymysql
import pytest
from psycopg.rows import TupleRow
from pymysql.cursors import Cursor

from migrate_guard.probes.servers import packs

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0

_WORKING = """
import json, subprocess, sys
from migrate_guard.probes.scratch import ScratchError, scratch

dialect, url, keep = json.loads(sys.argv[1])
try:
    with scratch(dialect, url=url, keep=keep, python=sys.executable, version=None) as it:
        worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        it.adopt(worker)
        told = {"url": it.url, "prefix": it.prefix, "directory": str(it.directory), "worker": worker.pid}
        told["how"] = it.how_to_connect([it.prefix + "_1"])
        print(json.dumps(told), flush=True)
        if sys.stdin.readline() == "fail":
            raise ZeroDivisionError
except ScratchError as error:
    sys.exit(str(error))
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run may write: its temporary directory and its cache."""

    temporary: Path
    cache: Path

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(self.cache),
            "PYTHONPATH": str(_ROOT),
        }

    def has_processes(self) -> list[str]:
        done = subprocess.run(["ps", "-wweo", "pid,args"], capture_output=True, text=True, check=True)
        return [line for line in done.stdout.splitlines() if str(self.temporary) in line]

    def files(self) -> list[Path]:
        return sorted(self.temporary.iterdir())

    def unfinished(self) -> list[Path]:
        return sorted(self.cache.glob("migrate-guard/.*"))


@dataclass(frozen=True, slots=True)
class Told:
    """What a run says of its scratch server."""

    url: str
    prefix: str
    directory: Path
    worker: int
    how: str


def _fast() -> str | None:
    """Return where temporary files need no disk, if there is room."""
    memory = "/dev/shm"
    return memory if os.path.isdir(memory) and shutil.disk_usage(memory).free > 4 * 1024**3 else None


@pytest.fixture(scope="module")
def cache() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mg-cache-", dir=_fast()) as name:
        yield Path(name)


@pytest.fixture
def place(cache: Path) -> Iterator[Place]:
    """Make a directory with a short path that every account can pass through, and see that it is empty in the end."""
    with tempfile.TemporaryDirectory(prefix="mg-", dir=_fast()) as name:
        Path(name).chmod(0o711)
        yield Place(Path(name), cache)


@contextmanager
def _run(
    place: Place,
    dialect: str,
    *,
    url: str | None = None,
    keep: bool = False,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[subprocess.Popen[str]]:
    """Start a run in a process group of its own and kill what is left of it."""
    with subprocess.Popen(
        [*prefix, sys.executable, "-c", _WORKING, json.dumps([dialect, url, keep])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**place.environment(), **environment},
        process_group=0,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _told(process: subprocess.Popen[str]) -> Told:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.fail(process.stderr.read() if process.stderr else "")
    told = json.loads(line)
    return Told(told["url"], told["prefix"], Path(told["directory"]), told["worker"], told["how"])


def _ended(process: subprocess.Popen[str]) -> str:
    _, errors = process.communicate(timeout=_PATIENCE)
    return errors


def _soon(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip() not in ("", "Z", "Z+", "Zs", "Zs+")


def _nothing_left(place: Place, told: Told | None = None) -> None:
    _soon(lambda: not place.has_processes() and not place.files() and not place.unfinished())
    if told is not None:
        _soon(lambda: not _is_alive(told.worker))


def _segment(directory: Path) -> str:
    """Return the id of the System V shared memory of a PostgreSQL server (postmaster.pid, line 7)."""
    return (directory / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[6].split()[1]


def _segments() -> list[str]:
    done = subprocess.run(["ipcs", "-m"], capture_output=True, text=True, check=True)
    return [line.split()[1] for line in done.stdout.splitlines() if line.startswith("0x")]


DIALECTS = ["sqlite", "postgresql", "mysql"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_run_leaves_nothing(place: Place, dialect: str) -> None:
    with _run(place, dialect) as process:
        told = _told(process)
        assert told.directory.parent == place.temporary
        assert _is_alive(told.worker)
        assert _ended(process) == ""
    assert process.returncode == 0
    assert (place.files(), place.has_processes(), _is_alive(told.worker)) == ([], [], False)


def test_sqlite_files_lie_in_the_directory(place: Place) -> None:
    with _run(place, "sqlite") as process:
        told = _told(process)
        (told.directory / f"{told.prefix}_1.db").write_bytes(b"")
        assert told.how == f"sqlite3 {told.directory}/{told.prefix}_1.db\nrm -rf {told.directory}"
        _ended(process)
    assert place.files() == []


def test_postgresql_listens_on_its_socket_only(place: Place) -> None:
    with _run(place, "postgresql") as process:
        told = _told(process)
        with psycopg.connect(told.url) as connection:
            shown = [connection.execute(f"SHOW {each}").fetchall() for each in ("listen_addresses", "fsync", "jit")]
        assert shown == [[("",)], [("off",)], [("off",)]]
        _ended(process)


def test_mariadb_listens_on_its_socket_only(place: Place) -> None:
    with _run(place, "mysql") as process:
        told = _told(process)
        with pymysql.connect(unix_socket=told.url.partition("=")[2], user="root").cursor() as cursor:
            cursor.execute("SELECT @@skip_networking, @@character_set_server")
            assert cursor.fetchall() == ((1, "utf8mb4"),)
            cursor.connection.close()
        _ended(process)


def test_an_exception_leaves_nothing(place: Place) -> None:
    with _run(place, "postgresql") as process:
        told = _told(process)
        _, errors = process.communicate("fail", timeout=_PATIENCE)
    assert "ZeroDivisionError" in errors
    assert (place.files(), place.has_processes(), _is_alive(told.worker)) == ([], [], False)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_obeyed_when_nothing_is_left(place: Place, number: signal.Signals) -> None:
    with _run(place, "postgresql") as process:
        told = _told(process)
        os.killpg(process.pid, number)
        process.wait(_PATIENCE)
        assert (place.files(), place.has_processes(), _is_alive(told.worker)) == ([], [], False)
    assert process.returncode != 0


@pytest.mark.parametrize("dialect", DIALECTS)
def test_kill_9_of_the_parents_group_leaves_nothing(place: Place, dialect: str) -> None:
    with _run(place, dialect) as process:
        told = _told(process)
        os.killpg(process.pid, signal.SIGKILL)
        _nothing_left(place, told)


def test_kill_9_of_the_server_leaves_nothing(place: Place) -> None:
    with _run(place, "postgresql") as process:
        told = _told(process)
        segment = _segment(told.directory)
        assert segment in _segments()
        pid = (told.directory / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0]
        os.kill(int(pid), signal.SIGKILL)
        assert _ended(process) == ""
    _nothing_left(place, told)
    assert segment not in _segments()


def test_kill_9_of_the_worker_leaves_nothing(place: Place) -> None:
    with _run(place, "postgresql") as process:
        told = _told(process)
        os.kill(told.worker, signal.SIGKILL)
        assert _ended(process) == ""
    _nothing_left(place, told)


def _janitor(parent: int) -> int:
    done = subprocess.run(["ps", "-wweo", "pid,ppid,args"], capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    (pid,) = [int(pid) for pid, of, command in lines if of == str(parent) and "cleaner.py" in command]
    return pid


def test_kill_9_of_the_janitors_group_leaves_nothing_at_a_normal_end(place: Place) -> None:
    with _run(place, "postgresql") as process:
        told = _told(process)
        os.killpg(_janitor(process.pid), signal.SIGKILL)
        assert _ended(process) == ""
    assert process.returncode == 0
    _nothing_left(place, told)


def test_sigterm_to_the_janitor_cleans_up(place: Place) -> None:
    with _run(place, "postgresql") as process:
        told = _told(process)
        os.kill(_janitor(process.pid), signal.SIGTERM)
        _nothing_left(place, told)
        assert _ended(process) == ""


@pytest.mark.parametrize(
    ("number", "dialect", "is_cached"),
    [
        (signal.SIGKILL, "postgresql", True),
        (signal.SIGKILL, "postgresql", False),
        (signal.SIGKILL, "mysql", False),
        (signal.SIGINT, "postgresql", False),
        (signal.SIGTERM, "mysql", True),
    ],
)
def test_a_signal_during_start_up_leaves_nothing(
    place: Place, tmp_path: Path, number: signal.Signals, dialect: str, is_cached: bool
) -> None:
    """At whatever moment it arrives: while Python starts, while a server is set up, unpacked or started."""
    where = place if is_cached else Place(place.temporary, tmp_path)
    for milliseconds in (60, 150, 240, 400):
        with _run(where, dialect) as process:
            time.sleep(milliseconds / 1000)
            process.send_signal(number)
            process.wait(_PATIENCE)
            _nothing_left(where)


def test_two_at_once_share_a_cache(place: Place, tmp_path: Path) -> None:
    shared = Place(place.temporary, tmp_path)
    with _run(shared, "postgresql") as one, _run(shared, "postgresql") as two:
        told = [_told(one), _told(two)]
        for each in told:
            psycopg.connect(each.url).close()
        assert told[0].directory != told[1].directory
        assert _ended(one) + _ended(two) == ""
    assert len(list(tmp_path.glob("migrate-guard/*"))) == 1
    _nothing_left(shared)


def _starts(place: Place) -> None:
    with _run(place, "postgresql") as process:
        psycopg.connect(_told(process).url).close()
        assert _ended(process) == ""
    assert process.returncode == 0


def test_a_broken_cache_is_remade(place: Place, tmp_path: Path) -> None:
    own = Place(place.temporary, tmp_path)
    _starts(own)
    (kept,) = tmp_path.glob("migrate-guard/*")
    whole = kept.read_bytes()
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    packs.unpack(whole, unpacked, None, None)
    (unpacked / "global" / "pg_control").write_bytes(b"")
    for damaged in (b"", whole[:-1000], packs.pack(unpacked)):
        kept.write_bytes(damaged)
        _starts(own)
        assert len(kept.read_bytes()) >= len(whole) // 2
        assert kept.read_bytes() != damaged
    assert list(tmp_path.glob("migrate-guard/*")) == [kept]


def test_a_cache_that_cannot_be_written_is_done_without(place: Place, tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_bytes(b"")
    _starts(Place(place.temporary, nowhere))
    _nothing_left(place)


def test_a_second_start_needs_no_setup(place: Place) -> None:
    _starts(place)
    before = {each: each.stat().st_mtime_ns for each in place.cache.glob("migrate-guard/*")}
    _starts(place)
    assert before == {each: each.stat().st_mtime_ns for each in place.cache.glob("migrate-guard/*")}
    assert before


def test_a_full_disk_is_a_clear_error(place: Place) -> None:
    limited = ["sh", "-c", 'ulimit -f 2000; exec "$@"', "sh"]
    with _run(place, "postgresql", prefix=limited) as process:
        errors = _ended(process)
    assert process.returncode == 1
    assert "Traceback" not in errors
    assert "no server can be made in" in errors or "cannot set up a server" in errors
    _nothing_left(place)


def test_a_place_that_cannot_be_written_is_not_used(place: Place) -> None:
    named = {"TMPDIR": "/proc"}
    with _run(place, "sqlite", environment=named) as process:
        told = _told(process)
        assert told.directory.parent in (Path("/tmp"), Path("/var/tmp"))
        _ended(process)
    assert not told.directory.exists()


def test_a_place_whose_path_is_too_long_for_a_socket_is_not_used(place: Place) -> None:
    deep = place.temporary / ("x" * 60)
    deep.mkdir()
    with _run(place, "postgresql", environment={"TMPDIR": str(deep)}) as process:
        told = _told(process)
        psycopg.connect(told.url).close()
        assert told.directory.parent != deep
        _ended(process)
    assert not told.directory.exists()


def test_a_user_namespace_serves_who_is_not_root(place: Place) -> None:
    with _run(place, "postgresql", prefix=["unshare", "-U"]) as process:
        psycopg.connect(_told(process).url).close()
        assert _ended(process) == ""
    _nothing_left(place)


def test_a_server_that_only_its_owner_can_run_is_run(place: Place, tmp_path: Path) -> None:
    """As root, in a user namespace: no other account reaches its program."""
    with _run(place, "postgresql") as process:
        directory = _told(process).directory
        programs = Path((directory / "data" / "postmaster.opts").read_text(encoding="utf-8").split()[0]).parent
        _ended(process)
    closed = tmp_path / "bin"
    closed.mkdir(mode=0o700)
    for name in ("postgres", "initdb"):
        (closed / name).write_text(f'#!/bin/sh\nexec {programs}/{name} "$@"\n', encoding="utf-8")
        (closed / name).chmod(0o700)
    path = f"{closed}{os.pathsep}{os.environ['PATH']}"
    with _run(place, "postgresql", environment={"PATH": path}) as process:
        told = _told(process)
        assert (told.directory / "data").stat().st_uid == os.geteuid()
        psycopg.connect(told.url).close()
        _ended(process)
    _nothing_left(place)


def test_a_server_that_does_not_start_says_why(place: Place, tmp_path: Path) -> None:
    with _run(place, "postgresql") as process:
        directory = _told(process).directory
        programs = Path((directory / "data" / "postmaster.opts").read_text(encoding="utf-8").split()[0]).parent
        _ended(process)
    (tmp_path / "postgres").write_text(
        f'#!/bin/sh\nif [ "$1" = -V ]; then exec {programs}/postgres -V; fi\n'
        f'exec {programs}/postgres "$@" -c shared_preload_libraries=nowhere\n',
        encoding="utf-8",
    )
    (tmp_path / "initdb").write_text(f'#!/bin/sh\nexec {programs}/initdb "$@"\n', encoding="utf-8")
    for name in ("postgres", "initdb"):
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    with _run(place, "postgresql", environment={"PATH": path}) as process:
        errors = _ended(process)
    assert errors.startswith(f"{tmp_path}/postgres does not start (postgres (PostgreSQL) ")
    assert ': FATAL:  could not access file "nowhere"' in errors
    _nothing_left(place)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_kept_says_how_to_connect_and_to_stop(place: Place, dialect: str) -> None:
    with _run(place, dialect, keep=True) as process:
        told = _told(process)
        _ended(process)
    assert told.directory.is_dir()
    assert not _is_alive(told.worker)
    connect, stop = told.how.splitlines()
    if dialect != "sqlite":
        database = "postgres" if dialect == "postgresql" else "mysql"
        command = connect.replace(f"{told.prefix}_1", database)
        done = subprocess.run(["sh", "-c", command], input="SELECT 1;", capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    subprocess.run(["sh", "-c", stop], check=True)
    _nothing_left(place)


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@pytest.mark.parametrize("is_killed", [False, True])
def test_databases_on_a_server_of_the_users_are_dropped(place: Place, dialect: str, is_killed: bool) -> None:
    with _run(place, dialect) as serving:
        server = _told(serving)
        url = server.url.replace(f"{dialect}://", f"{dialect}+driver://")
        with _run(place, dialect, url=url) as process:
            told = _told(process)
            assert told.url == server.url
            connection = _connect(dialect, told.url)
            cursor = connection.cursor()
            for name in (f"{told.prefix}_1", f"{told.prefix}_2", f"{told.prefix}_1_of_mine", "mine"):
                cursor.execute(f"CREATE DATABASE {name}")
            if is_killed:
                process.kill()
            else:
                assert _ended(process) == ""
            asked = "SHOW DATABASES" if dialect == "mysql" else "SELECT datname FROM pg_database"

            def ours() -> list[object]:
                cursor.execute(asked)
                return sorted(name for (name,) in cursor.fetchall() if "mi" in str(name))

            _soon(lambda: ours() == [f"{told.prefix}_1_of_mine", "mine"])
            cursor.close()
            connection.close()
        _ended(serving)
    _nothing_left(place)


def _connect(dialect: str, url: str) -> psycopg.Connection[TupleRow] | pymysql.Connection[Cursor]:
    if dialect == "mysql":
        return pymysql.connect(unix_socket=url.partition("=")[2], user="root", autocommit=True)
    return psycopg.connect(url, autocommit=True)


def test_databases_that_cannot_be_dropped_are_told(place: Place) -> None:
    url = f"postgresql://me:secret@/postgres?host={place.temporary}"
    with _run(place, "postgresql", url=url) as process:
        _told(process)
        errors = _ended(process)
    assert errors.startswith("scratch databases may be left on the server: postgresql+psycopg://me:***@/postgres by ")
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("dialect", "url", "words"),
    [
        ("postgresql", "mysql://me:secret@there/", "--scratch-url is a server of mysql, and these migrations are for"),
        ("postgresql", "there", "--scratch-url is no database URL"),
        ("sqlite", "sqlite:///x.db", "--scratch-url is not for SQLite"),
    ],
)
def test_a_url_that_does_not_serve_is_refused(place: Place, dialect: str, url: str, words: str) -> None:
    with _run(place, dialect, url=url) as process:
        errors = _ended(process)
    assert errors.startswith(words)
    assert "secret" not in errors
    assert (process.returncode, place.files()) == (1, [])


def test_no_server_says_what_to_install(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate_guard.probes.janitor import ScratchError
    from migrate_guard.probes.scratch import scratch
    from migrate_guard.probes.servers import mariadb, postgresql

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(place.temporary))
    monkeypatch.setattr(postgresql, "_PLACES", ())
    monkeypatch.setattr(mariadb, "_PLACES", ())
    for dialect, words in (("postgresql", "migrate-guard\\[embedded\\]"), ("mariadb", "mariadb-server")):
        with (
            pytest.raises(ScratchError, match=words),
            scratch(dialect, url=None, keep=False, python=sys.executable, version=None),  # type: ignore[arg-type]
        ):
            pytest.fail("there is a server")
    assert place.files() == []
