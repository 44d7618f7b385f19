"""Scratch databases: where they are, how to get there, and that nothing is left of them."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from migrate_guard.model.target import DialectName
from migrate_guard.probes.janitor import Janitor, ScratchError, signals_as_exits
from migrate_guard.probes.servers import given, mariadb, postgresql
from migrate_guard.probes.servers.accounts import is_open
from migrate_guard.probes.servers.programs import Place

__all__ = ["Scratch", "ScratchError", "scratch"]

_LONGEST: Final = 103 - len("/migrate-guard-123456789abc/run/.s.PGSQL.5432")
"""Bytes that the path of a temporary directory may have: sun_path holds 104 on macOS with its end, 108 on Linux."""

_ADMIN: Final = Path(__file__).parent / "worker" / "admin.py"

_ENOUGH: Final = 2 * 1024**3
"""Bytes that must be free in shared memory before a server is put there."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A server or directory for scratch databases. They are named <prefix>_<number> and made by the worker."""

    dialect: DialectName
    url: str
    """SQLAlchemy URL without a driver of the server and a database to connect to first; empty for SQLite."""
    prefix: str
    directory: Path
    """Private and temporary; the files of SQLite are <directory>/<prefix>_<number>.db."""
    is_private: bool
    """Reached by a private socket or file only, so that the worker can do without a network."""
    version: tuple[int, ...] | None
    """The server's, where it is known before anybody connects."""
    is_kept: bool
    is_borrowed: bool
    """The server is the user's."""
    _janitor: Janitor = field(repr=False, compare=False)
    _connect: str = field(repr=False)
    _stop: str = field(repr=False)

    def adopt(self, process: subprocess.Popen[bytes]) -> None:
        """Have the janitor kill a process and its group at the end, also when this process is killed.

        The process must lead its group (`start_new_session=True` or `process_group=0`). Give it its job only then:
        what has no job yet ends by itself when this process is killed in between.
        """
        self._janitor.kill_group(process.pid)

    def forget_databases(self) -> None:
        """Take back that the databases be dropped at the end: they are."""
        self._janitor.forget_drops()

    def how_to_connect(self, databases: Sequence[str]) -> str:
        """Return command lines for who asked to keep it: one for each database, and how to take it all away."""
        lines = [self._connect.replace("{database}", each) for each in databases]
        if "{database}" in self._stop:
            return "\n".join([*lines, *(self._stop.replace("{database}", each) for each in databases)])
        return "\n".join([*lines, self._stop])


@contextmanager
def scratch(
    dialect: DialectName, *, url: str | None, keep: bool, python: str, version: tuple[int, ...] | None
) -> Iterator[Scratch]:
    """Provide scratch databases of a dialect until the end of the block; raises ScratchError.

    - `url`: a server of the user's, on which only databases of our prefix are made, and dropped at the end.
      Otherwise a throwaway server starts, or a directory is made for SQLite.
    - `version`: which one is preferred where several servers are installed.
    - `python`: the user's interpreter, whose drivers drop databases on a server of the user's.
    - `keep`: leave everything as it is when the block ends without an exception; print `how_to_connect` then.

    Servers, adopted processes, databases and files are gone when the block has ended, and soon after this process was
    killed in whatever way. SIGTERM and SIGHUP end the block by SystemExit.
    """
    with signals_as_exits():
        janitor = Janitor.hire()
        try:
            yield _provide(dialect, url, keep, python, version, janitor)
        except BaseException as error:
            for each in janitor.dismiss():
                error.add_note(each)
            raise
        if keep:
            janitor.leave()
        if left := janitor.dismiss():
            raise ScratchError("\n".join(left))


def _provide(
    dialect: DialectName, url: str | None, keep: bool, python: str, version: tuple[int, ...] | None, janitor: Janitor
) -> Scratch:
    prefix = f"migrate_guard_{secrets.token_hex(4)}"
    theirs = given.server(url, dialect) if url is not None else None
    directory = _make_directory(janitor)
    remove = f"rm -rf {directory}"
    if theirs is not None:
        janitor.drop([_found(python), str(_ADMIN)], json.dumps({"url": theirs.url, "prefix": prefix}))
        return Scratch(
            *(dialect, theirs.url, prefix, directory, theirs.is_local, None, keep, True, janitor),
            *(theirs.connect, f"{theirs.drop}; {remove}"),
        )
    if dialect == "sqlite":
        connect = f"sqlite3 {directory}/{{database}}.db"
        return Scratch(dialect, "", prefix, directory, True, None, keep, False, janitor, connect, remove)
    place = Place(directory, janitor)
    try:
        running = (
            postgresql.start(place, version) if dialect == "postgresql" else mariadb.start(place, dialect, version)
        )
    except OSError as error:
        raise ScratchError(f"no server can be made in {directory.parent}: {error.strerror or error}") from error
    stop = f"{running.stop} && {remove}"
    return Scratch(
        dialect, running.url, prefix, directory, True, running.version, keep, False, janitor, running.connect, stop
    )


def _found(program: str) -> str:
    """Return where a program is, for a process with another working directory. What a link leads to is another one."""
    return os.path.abspath(shutil.which(program) or program)


def _make_directory(janitor: Janitor) -> Path:
    """Make a directory that only we can enter, whose path leaves room for the name of a socket."""
    refused: list[str] = []
    for place in _places():
        directory = place / f"migrate-guard-{secrets.token_hex(6)}"
        janitor.remove(directory)
        try:
            directory.mkdir(mode=0o700)
        except OSError as error:
            refused.append(f"{place}: {error.strerror}")
            continue
        return directory
    raise ScratchError(f"no temporary directory can be made ({'; '.join(refused)}): set TMPDIR to where one can")


def _places() -> list[Path]:
    """Return where temporary directories are made, the best place first.

    Shared memory comes first, unless TMPDIR says where: every scratch database is a copy of megabytes, which a busy
    disk is slow to take. A place that other users can reach goes before one that they cannot, if we are root.
    """
    named = [os.environ[name] for name in ("TMPDIR", "TEMP", "TMP") if os.environ.get(name)]
    usual = ["/tmp", "/var/tmp"]
    if not named and _is_roomy("/dev/shm"):
        usual.insert(0, "/dev/shm")
    places = [Path(each).absolute() for each in named + usual]
    places = [each for each in places if len(os.fsencode(each)) <= _LONGEST and each.is_dir()]
    if os.geteuid() == 0:
        places.sort(key=lambda each: not is_open(each / "below"))
    return places


def _is_roomy(path: str) -> bool:
    try:
        return os.access(path, os.W_OK | os.X_OK) and shutil.disk_usage(path).free >= _ENOUGH
    except OSError:
        return False
