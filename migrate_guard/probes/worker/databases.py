"""The scratch databases: one for each database that user code connects to, made on demand."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from threading import RLock
from typing import TYPE_CHECKING, Any

from .admin import Ask, Refused, copy_one, create_one, drop_one
from .environment import unquoted_path
from .own import are_ours

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from .connections import Connections

_COPIES = 1000
"""The number of the first copy: no project has so many databases."""


class Databases:
    """Which scratch database stands for which of the user's."""

    def __init__(self, connections: Connections, prefix: str) -> None:
        self.server = connections.server
        self.names: list[str] = []
        self._connections = connections
        self._prefix = prefix
        self._by_origin: dict[str, str] = {}
        self._copies: dict[str, str] = {}
        self._lock = RLock()

    def standing_for(self, origin: str | None) -> str:
        """Return the scratch database for one of the user's; without a name the first, for one of ours itself."""
        if origin is not None and are_ours():
            return origin
        with self._lock:
            if origin in self.names:
                return str(origin)
            if not origin and self.names:
                return self.names[0]
            name = self._by_origin.get(origin or "")
            if name is None:
                name = f"{self._prefix}_{len(self.names) + 1}"
                self._create(name)
                self.names.append(name)
                self._by_origin[origin or ""] = name
            return name

    def file_for(self, path: str) -> str:
        """Return the scratch file that stands for a file of the user's.

        A file in the scratch directory stands for the one whose path its name quotes, as environment.py has it.
        """
        full = os.path.realpath(path)
        if os.path.dirname(full) == self._connections.directory:
            full = unquoted_path(os.path.basename(full))
            name = full.removesuffix(".db")
            full = name if name in self.names else full
        return self._connections.file(self.standing_for(full))

    def is_within(self, path: str) -> bool:
        """Say whether a file lies in the scratch directory."""
        return os.path.realpath(path).startswith(self._connections.directory + os.sep)

    def replace(self, name: str) -> None:
        """Drop a scratch database, whoever is connected to it, and make it anew: of its copy, else empty."""
        with self._lock:
            self._drop(name)
            if name in self._copies:
                self._copy(self._copies[name], name)
            else:
                self._create(name)

    @property
    def can_be_copied(self) -> bool:
        """Whether a copy is made by the server or the file system, in less time than migrations take."""
        return self.server.dialect != "mysql"

    def copy(self, name: str) -> None:
        """Keep a copy of a scratch database, whoever is connected to it, in the place of the copy before."""
        with self._lock:
            copy = self._copies.get(name) or f"{self._prefix}_{_COPIES + self.names.index(name)}"
            self._drop(copy)
            self._copy(name, copy)
            self._copies[name] = copy

    def forget_copies(self) -> None:
        """Drop the copies."""
        with self._lock:
            while self._copies:
                self._drop(self._copies.popitem()[1])

    def drop(self) -> None:
        """Drop them all; raises Refused."""
        self.forget_copies()
        for name in self.names:
            self._drop(name)

    def _copy(self, name: str, copy: str) -> None:
        if self.server.dialect == "sqlite":
            # What a write-ahead log holds is not in the file yet; the index of the log is made anew.
            for tail in ("", "-wal"):
                with suppress(FileNotFoundError):
                    shutil.copyfile(self._connections.file(name) + tail, self._connections.file(copy) + tail)
        else:
            self._connections.forget(name)
            self._connections.maintain(lambda connection: copy_one(_asking(connection), name, copy))

    def _create(self, name: str) -> None:
        if self.server.dialect == "sqlite":
            with open(self._connections.file(name), "xb"):
                return
        self._connections.maintain(lambda connection: create_one(_asking(connection), self.server.dialect, name))

    def _drop(self, name: str) -> None:
        if self.server.dialect == "sqlite":
            for tail in ("", "-journal", "-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.unlink(self._connections.file(name) + tail)
        else:
            self._connections.forget(name)
            self._connections.maintain(lambda connection: drop_one(_asking(connection), self.server.dialect, name))


def _asking(connection: Connection) -> Ask:
    from sqlalchemy.exc import DBAPIError

    def ask(statement: str) -> list[tuple[Any, ...]]:
        try:
            result = connection.exec_driver_sql(statement)
        except DBAPIError as error:
            raise Refused(str(error.orig)) from error
        return [tuple(row) for row in result] if result.returns_rows else []

    return ask
