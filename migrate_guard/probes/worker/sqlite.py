"""SQLite: files are opened in the scratch directory only."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import unquote, urlsplit

from .importing import after_import
from .own import are_ours

if TYPE_CHECKING:
    from types import ModuleType

    from .databases import Databases

MEMORY = ":memory:"
_ATTACH, _OK, _DENY = 24, 0, 1
"""SQLite's action code and answers (sqlite3.h: SQLITE_ATTACH, SQLITE_OK, SQLITE_DENY)."""


def patch_sqlite(databases: Databases, used: Callable[[str], None], refuse: Callable[[str], Exception]) -> None:
    """Patch the module of C that all of `sqlite3` is made of, as `sqlite3`, its dbapi2 and aiosqlite connect by it."""

    def patch(module: ModuleType) -> None:
        _patch(module, databases, used, refuse)

    for name in ("_sqlite3", "pysqlite3._sqlite3"):
        after_import(name, patch)


def path_of(database: object, is_uri: object) -> str:
    """Return the file that `connect(database, uri=is_uri)` opens; ":memory:" where it is none."""
    text = os.fsdecode(database) if isinstance(database, (str, bytes, os.PathLike)) else str(database)
    if is_uri and text.startswith("file:"):
        parts = urlsplit(text)
        text = MEMORY if "mode=memory" in parts.query else unquote(parts.path)
    return text if text and text != MEMORY else MEMORY


def _patch(
    module: ModuleType, databases: Databases, used: Callable[[str], None], refuse: Callable[[str], Exception]
) -> None:
    original_connect, original_class = module.connect, module.Connection

    def scratch_for(database: object, is_uri: object) -> str | None:
        """Return the file to open, None for one in memory."""
        path = path_of(database, is_uri)
        if path == MEMORY:
            return None
        if databases.server.dialect != "sqlite":
            if databases.is_within(path):
                return path
            raise refuse(f"the SQLite file {path}")
        used("pysqlite")
        return databases.file_for(path)

    def authorize(action: int, first: str | None, *_: object) -> int:
        if action == _ATTACH and first and path_of(first, is_uri=True) != MEMORY:
            path = path_of(first, is_uri=True)
            if not databases.is_within(path):
                refuse(f"the SQLite file {path} by ATTACH or VACUUM INTO")
                return _DENY
        return _OK

    class Connection(original_class):  # type: ignore[misc, valid-type]
        """A connection to a scratch database, from which no other file is attached."""

        def __init__(self, database: Any, *args: Any, **kwargs: Any) -> None:
            if not are_ours():
                file = scratch_for(database, kwargs.get("uri", False))
                if file is not None:
                    database = file
                    kwargs.pop("uri", None)
            super().__init__(database, *args, **kwargs)
            if not are_ours():
                self.set_authorizer(authorize)

    def connect(database: Any, *args: Any, **kwargs: Any) -> Any:
        if not are_ours():
            is_uri = kwargs.get("uri", args[6] if len(args) > 6 else False)
            file = scratch_for(database, is_uri)
            if file is not None:
                database, args = file, args[:6]
                kwargs.pop("uri", None)
        if len(args) < 5:
            kwargs.setdefault("factory", Connection)
        return original_connect(database, *args, **kwargs)

    Connection.__module__ = original_class.__module__
    Connection.__qualname__ = original_class.__qualname__
    connect.__doc__ = original_connect.__doc__
    module.connect, module.Connection = connect, Connection  # type: ignore[attr-defined]
