"""Nothing is reached while models are loaded: no server, no file of SQLite outside of a temporary directory."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from ..auditing import place_of_socket
from ..drivers import DRIVERS, OTHERS
from ..importing import after_import
from ..refusal import DIALECTS
from ..sqlite import MEMORY, path_of

if TYPE_CHECKING:
    from types import ModuleType


class Refused(ConnectionRefusedError):
    """A connection that was not made: an OSError, as code that can do without its broker expects one."""


def refused(what: str) -> Refused:
    """Refuse a connection to `what`, as `10.0.0.7:6379`."""
    return Refused(
        f"refused to connect to {what}: models are loaded without a database, and nothing else is reached. Connect"
        " where the application starts, not where a module is imported"
    )


def watch(root: str) -> None:
    """Refuse connections by sockets, by sqlite3 and by drivers, which Python does not see connect, from now on."""
    kept = os.path.join(os.path.realpath(tempfile.gettempdir()), "")
    own = os.path.join(os.path.realpath(root), "")

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            raise refused(place_of_socket(arguments[1]))
        if event == "sqlite3.connect":
            path = path_of(arguments[0], is_uri=True)
            real = os.path.realpath(path)
            if path != MEMORY and (not real.startswith(kept) or real.startswith(own)):
                raise refused(f"the SQLite file {path}")

    sys.addaudithook(hook)
    for driver in DRIVERS:
        after_import(
            driver.module, functools.partial(_close, driver.function, f"{DIALECTS[driver.dialect]} by {driver.name}")
        )
    for name, functions in OTHERS.items():
        for function in functions:
            after_import(name, functools.partial(_close, function, f"a database by {name}"))


def _close(function: str, what: str, module: ModuleType) -> None:
    """Let a function of a driver, or the method of a class, raise."""
    *owners, name = function.split(".")
    owner: Any = module
    for each in owners:
        owner = getattr(owner, each, None)
    if not hasattr(owner, name):
        return

    def connect(*_: Any, **__: Any) -> Any:
        raise refused(what)

    setattr(owner, name, connect)
