"""A namespace for the child process in which no server but the scratch can be reached, where the system has that."""

import functools
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from migrate_guard.probes.worker.server import read_server

_NAMESPACES = (
    ("--net", "--mount"),
    ("--user", "--map-current-user", "--keep-caps", "--net", "--mount"),
    ("--user", "--map-root-user", "--net", "--mount"),
)
"""Arguments of unshare(1) of util-linux, from the least change of what user code sees to the most."""

_HIDE = 'while [ "$1" != -- ]; do mount --bind /dev/null "$1" 2>/dev/null; shift; done; shift; exec "$@"'
"""For sh: put nothing in the place of each socket up to `--`, then become the command."""

_LISTENING = 0x10000
"""Flag of a socket that takes connections, __SO_ACCEPTCON (linux/net.h)."""

_SOCKETS = Path("/proc/net/unix")


class Reachable(Protocol):
    """A scratch server."""

    @property
    def url(self) -> str: ...

    @property
    def is_private(self) -> bool: ...


def isolated(command: Sequence[str], scratch: Reachable) -> list[str]:
    """Return the command that runs `command` with no network and no socket but the scratch's; itself where none can.

    A new network namespace has no way out (network_namespaces(7)), but sockets in the file system are reached from it:
    those that somebody listens at are hidden.
    """
    arguments = _arguments()
    if arguments is None or not scratch.is_private:
        return list(command)
    own = read_server(scratch.url).socket_path
    hidden = [path for path in _listening() if own is None or not _is_same(path, own)]
    return ["unshare", *arguments, "--", "sh", "-c", _HIDE, "sh", *hidden, "--", *command]


def not_enforced(scratch: Reachable) -> str | None:
    """Say what is left to good manners in a child process that cannot be isolated; None where it can."""
    if not scratch.is_private:
        reason = "the scratch server is reached by the network"
    elif _arguments() is None:
        reason = "this system gives no network namespace to its users"
    else:
        return None
    return (
        f"{reason}, so the network stays open to migrations: connections by Python's drivers and sockets are"
        " redirected or refused, those that other programs open are not"
    )


@functools.cache
def _arguments() -> tuple[str, ...] | None:
    """Return the first arguments of unshare by which a socket can be hidden from a process without network."""
    if shutil.which("unshare") is None or not _SOCKETS.exists():
        return None
    for arguments in _NAMESPACES:
        if "--user" not in arguments and os.geteuid() != 0:
            continue
        tried = ["unshare", *arguments, "--", "mount", "--bind", "/dev/null", "/dev/null"]
        if subprocess.run(tried, capture_output=True, check=False).returncode == 0:
            return arguments
    return None


def _listening() -> list[str]:
    """List the sockets in the file system at which servers listen (proc(5): Num RefCount Protocol Flags … Path)."""
    lines = [line.split(maxsplit=7) for line in _SOCKETS.read_text(errors="surrogateescape").splitlines()[1:]]
    found = {line[7] for line in lines if len(line) == 8 and int(line[3], 16) & _LISTENING}
    return sorted(path for path in found if path.startswith("/"))


def _is_same(path: str, other: str) -> bool:
    return os.path.realpath(path) == os.path.realpath(other)
