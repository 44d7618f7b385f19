"""Send every connection that user code opens to the scratch databases, or refuse it; before any user code runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from . import connections
from .admin import Refused
from .auditing import watch
from .connections import Connections
from .databases import Databases
from .drivers import patch_drivers
from .engines import Engines
from .environment import scratch_environment
from .refusal import refused
from .reuse import Kept
from .server import read_server
from .shared import watch_statements
from .sqlite import patch_sqlite


class Redirect:
    """What became of the connections of user code."""

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.dialect: str = job["dialect"]
        self._is_private: bool = job["is_private"]
        self.refused: list[str] = []
        """What user code was told, in the order of the refusals, each text once."""
        self._connections = Connections(read_server(job["url"]), job["directory"])
        self._databases = Databases(self._connections, job["prefix"])
        self._kept = Kept()
        self._engines = Engines(self._databases, self._connections, self._use, self._tell)

    @property
    def databases(self) -> list[str]:
        """The scratch databases in use, in the order in which user code first connected to what they stand for."""
        return list(self._databases.names)

    @property
    def driver(self) -> str | None:
        """What user code connected by first, as SQLAlchemy calls it."""
        return self._connections.driver

    def url(self) -> str:
        """Return SQLAlchemy's URL of the first scratch database, which is made if there is none."""
        return self._connections.url(self._connections.driver_at_hand(), self._databases.standing_for(None))

    def replace(self, database: str) -> None:
        """Make a scratch database anew; connections to the one before are ended, and pools forget theirs.

        It is what it was when it was copied; without a copy it is empty.
        """
        self._engines.forget_connections()
        self._kept.forget()
        self._databases.replace(database)

    @property
    def can_copy(self) -> bool:
        return self._databases.can_be_copied

    def copy(self) -> None:
        """Keep a copy of each scratch database; connections to them are ended, and pools forget theirs."""
        self._engines.forget_connections()
        self._kept.forget()
        for each in self.databases:
            self._databases.copy(each)

    def forget_copies(self) -> None:
        self._databases.forget_copies()

    def drop(self) -> bool:
        """Drop the scratch databases; False where one cannot be."""
        self._engines.forget_connections()
        self._kept.forget()
        try:
            self._databases.drop()
        except Refused:
            return False
        return True

    def install(self) -> None:
        connections.install(self._connections)
        patch_sqlite(self._databases, self._use, self._refuse)
        patch_drivers(self._databases, self._use, self._refuse, self._kept)
        self._engines.patch()
        if not self._is_private:
            watch_statements(self.dialect, self._tell)
        watch(self._databases, self._refuse)

    def _use(self, driver: str) -> None:
        if self._connections.driver is None:
            self._connections.driver = driver

    def _refuse(self, what: str) -> Exception:
        return self._tell(refused(what))

    def _tell(self, error: Exception) -> Exception:
        if str(error) not in self.refused:
            self.refused.append(str(error))
        return error


def install(job: Mapping[str, Any]) -> Redirect:
    """Redirect all connections of this process and its environment to the scratch databases of the job.

    The job says `dialect`, `url` (of the server and its maintenance database, SQLAlchemy's without a driver; empty for
    SQLite), `prefix` of the scratch databases' names, `directory`, where those of SQLite lie, and `is_private`: nobody
    else uses the server.
    """
    environment: dict[str, str] = scratch_environment(os.environ, job["url"], job["directory"])
    for name in set(os.environ) - set(environment):
        del os.environ[name]
    os.environ.update(environment)
    redirect = Redirect(job)
    redirect.install()
    return redirect
