"""A second line for what no patch has caught: the events that Python raises before sockets connect and files open."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING, Any, Callable

from .sqlite import MEMORY, path_of

if TYPE_CHECKING:
    from .databases import Databases


def watch(databases: Databases, refuse: Callable[[str], Exception]) -> None:
    """Let `socket.connect` and `sqlite3.connect` (Python, Audit events table) raise for all but the scratch.

    Hooks stay for the life of the process.
    """
    server = databases.server

    def is_scratch(family: int, address: Any) -> bool:
        if family == getattr(socket, "AF_UNIX", None):
            path = os.fsdecode(address) if isinstance(address, (str, bytes)) else ""
            return server.socket_path is not None and os.path.realpath(path) == os.path.realpath(server.socket_path)
        if server.host is None or not isinstance(address, tuple) or address[1] != server.port:
            return False
        return address[0] == server.host or address[0] in _addresses(server.host)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            connecting, address = arguments
            if not is_scratch(connecting.family, address):
                raise refuse(place_of_socket(address))
        elif event == "sqlite3.connect":
            path = path_of(arguments[0], is_uri=True)
            if path != MEMORY and not databases.is_within(path):
                raise refuse(f"the SQLite file {path}")

    sys.addaudithook(hook)


def _addresses(host: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(str(each[4][0]) for each in found)


def place_of_socket(address: Any) -> str:
    """Say what the address of a socket leads to."""
    if isinstance(address, tuple) and len(address) >= 2:
        return f"{address[0]}:{address[1]}"
    return f"the socket {os.fsdecode(address)}" if isinstance(address, (str, bytes)) else str(address)
