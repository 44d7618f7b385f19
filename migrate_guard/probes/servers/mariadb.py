"""A throwaway MariaDB or MySQL: found, set up once, started from the cached copy, on a private unix socket only."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from migrate_guard.model.target import DialectName
from migrate_guard.probes.janitor import Account, ScratchError
from migrate_guard.probes.servers.accounts import accounts, told
from migrate_guard.probes.servers.programs import Place, Program, Running, existing, is_of, numbers, start_from_cache

_NAMES: Final = ("mariadbd", "mysqld")

_INSTALLERS: Final = ("mariadb-install-db", "mysql_install_db")

_PLACES: Final = tuple(
    f"{place}/{name}"
    for name in _NAMES
    for place in (
        "/usr/sbin",  # Debian, Ubuntu, SUSE
        "/usr/libexec",  # RHEL, Fedora
        "/opt/homebrew/opt/m*/bin",
        "/usr/local/opt/m*/bin",
        "/home/linuxbrew/.linuxbrew/opt/m*/bin",
        "/usr/local/m*/bin",  # Oracle's and MariaDB's archives
        "/opt/local/lib/m*/bin",  # MacPorts
    )
)

_SIZE: Final = "--innodb-log-file-size=16M"

_SETTINGS: Final = (
    "--skip-networking",
    "--skip-log-bin",
    "--performance-schema=OFF",
    "--character-set-server=utf8mb4",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-doublewrite=0",
    "--max-connections=100",
    _SIZE,
)


def start(place: Place, dialect: DialectName, wanted: tuple[int, ...] | None) -> Running:
    """Start a server of the wanted version, else the newest there is; raises ScratchError.

    MariaDB stands in for MySQL where there is no other, not the other way round.
    """
    program = _program(place.directory, dialect, wanted)
    return start_from_cache(place, program, (_SIZE,), _set_up, _run)


def _program(directory: Path, dialect: DialectName, wanted: tuple[int, ...] | None) -> Program:
    everybody = accounts(("mysql", "nobody"), directory)
    paths = existing(_NAMES, _PLACES)
    found = [program for path in paths if (program := _usable(path, everybody)) is not None]
    is_wanted = dialect == "mariadb"
    if is_wanted:
        found = [each for each in found if _is_mariadb(each)]
    if found:
        return max(found, key=lambda each: (_is_mariadb(each) == is_wanted, is_of(each.version, wanted), each.version))
    if paths:
        who = "run as another user, or " if os.geteuid() == 0 else ""
        at = ", ".join(map(str, paths))
        raise ScratchError(f"no server that was found can be run for {dialect}: {at}; {who}name one with --scratch-url")
    raise ScratchError(
        "no MariaDB or MySQL server was found on the PATH or where packages put it: install your system's "
        "mariadb-server package, or name a server with --scratch-url"
    )


def _usable(path: Path, everybody: Sequence[Account]) -> Program | None:
    for account in everybody:
        words = told([str(path), "--no-defaults", "--version"], account)
        if words is not None and (version := numbers(words.partition("Ver ")[2])):
            return Program(path, version, words.strip(), account)
    return None


def _is_mariadb(program: Program) -> bool:
    return "MariaDB" in program.words


def _set_up(place: Place, program: Program) -> None:
    # One that starts removes the temporary tables of others from a directory that they share.
    options = ["--no-defaults", f"--datadir={place.data}", f"--tmpdir={place.run}", _SIZE]
    if not _is_mariadb(program):
        place.set_up(program, [str(program.path), *options, "--initialize-insecure"])
        return
    base = program.path.parent.parent
    near = [f"{base}/{folder}/{name}" for folder in ("bin", "scripts") for name in _INSTALLERS]
    installers = existing([], near) or existing(_INSTALLERS, ())
    if not installers:
        raise ScratchError(f"{program.path} has no mariadb-install-db next to it or on the PATH: install it too")
    method = "--auth-root-authentication-method=normal"
    place.set_up(program, [str(installers[0]), *options, f"--basedir={base}", method, "--skip-test-db"])


def _run(place: Place, program: Program) -> Running:
    listening = place.run / "mysql.sock"
    files = [f"--datadir={place.data}", f"--socket={listening}", f"--pid-file={place.run}/pid", f"--tmpdir={place.run}"]
    options = [*files, *_SETTINGS]
    if not _is_mariadb(program):
        options.append("--mysqlx=OFF")
    # Killed at the end: it writes nothing of what will be removed anyway, and leaves nothing outside its directory.
    pid = place.start(program, [str(program.path), "--no-defaults", *options], signal.SIGKILL)
    place.wait(program, pid, lambda: _greets(listening))
    client = "mariadb" if _is_mariadb(program) else "mysql"
    return Running(
        f"mysql://root@/mysql?unix_socket={listening}",
        program.version,
        f"{client} --no-defaults --socket={listening} --user=root {{database}}",
        f"kill -KILL {pid} && sleep 1",
    )


def _greets(listening: Path) -> bool:
    """Say whether a server takes connections: it speaks first, and no error ("Protocol::Handshake")."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(str(listening))
            greeting = connection.recv(5)
        except OSError:
            return False
    return len(greeting) == 5 and greeting[4] != 0xFF
