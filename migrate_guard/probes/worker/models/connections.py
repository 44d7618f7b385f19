"""A driver, connections and cursors that lead nowhere (PEP 249)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .answers import Server, answer, gives_rows


class Anything:
    """Something of which code may ask what it likes, and which comes to nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Nothing(Anything):
    """What comes of it: no rows, and whatever is called of it gives the same."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        return self

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __await__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def scalar(self) -> None:
        return None

    first = fetchone = one_or_none = scalar_one_or_none = scalar


class Driver(Anything):
    """A module of PEP 249."""

    apilevel, threadsafety, paramstyle = "2.0", 1, "named"
    __version__ = version = "99.0"

    Warning = type("Warning", (Exception,), {})
    Error = type("Error", (Exception,), {})
    InterfaceError = type("InterfaceError", (Error,), {})
    DatabaseError = type("DatabaseError", (Error,), {})
    DataError = type("DataError", (DatabaseError,), {})
    OperationalError = type("OperationalError", (DatabaseError,), {})
    IntegrityError = type("IntegrityError", (DatabaseError,), {})
    InternalError = type("InternalError", (DatabaseError,), {})
    ProgrammingError = type("ProgrammingError", (DatabaseError,), {})
    NotSupportedError = type("NotSupportedError", (DatabaseError,), {})


class Cursor(Anything):
    """Answers what is known of a server, and gives no rows else."""

    arraysize = 1
    lastrowid = 0
    rowcount = 0

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: list[tuple[Any, ...]] | None = None
        self._rows: list[tuple[Any, ...]] = []

    def execute(self, statement: Any, *_: Any, **__: Any) -> Cursor:
        text = statement.decode() if isinstance(statement, bytes) else str(statement)
        self._rows = list(answer(self.connection.server, text))
        self.describe(["?column?"] if gives_rows(text) else [])
        return self

    def executemany(self, statement: Any, *_: Any, **__: Any) -> Cursor:
        return self.execute(statement)

    def describe(self, names: list[str]) -> None:
        """Say which columns the result has; rows of another width are not its."""
        self.description = [(each, None, None, None, None, None, None) for each in names] or None
        self._rows = [each for each in self._rows if len(each) == len(names)]

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._rows.pop(0) if self._rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Any, ...]]:
        size = size or self.arraysize
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows, []
        return taken

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.fetchall())


class Connection(Anything):
    """A connection to a server that is not there."""

    autocommit = False
    closed = False

    def __init__(self, server: Server) -> None:
        self.server = server

    def cursor(self, *_: Any, **__: Any) -> Cursor:
        return Cursor(self)

    def execute(self, statement: Any, *_: Any, **__: Any) -> Cursor:
        return self.cursor().execute(statement)
