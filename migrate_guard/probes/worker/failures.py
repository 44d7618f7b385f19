"""Say of an exception what failed, in the words of whoever refused, and at which line of a script."""

from __future__ import annotations

import os
import re
import traceback
from types import TracebackType
from typing import NamedTuple

from sqlalchemy.exc import StatementError

from .paths import is_installed, is_python

LONGEST = 2000
_CLASS = re.compile(r"^<class '[\w.]+'>: ")
"""How SQLAlchemy's adaption of asyncpg begins its messages."""


class Failed(NamedTuple):
    """What a step raised."""

    error: str
    message: str
    path: str
    line: int
    """0: not in the script."""
    statement: str
    is_of_key: bool = False
    """A row refers to none."""


def told(error: BaseException, script: str) -> Failed:
    """Tell of an exception that running a script has raised."""
    statement, cause = "", error
    if isinstance(error, StatementError):
        statement = error.statement or ""
        cause = error.orig or error
    cause = _of_driver(cause)
    message = _CLASS.sub("", str(cause)).strip()
    return Failed(
        type(cause).__name__,
        message[:LONGEST],
        script,
        _line(error.__traceback__, script),
        statement.strip()[:LONGEST],
        _is_of_key(cause, message),
    )


def excerpt(error: BaseException) -> str:
    """The lines of a traceback that lie in the project, without those of Python, of packages and of ourselves."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
    frames = [
        each
        for each in traceback.extract_tb(error.__traceback__)
        if not is_python(each.filename) and not each.filename.startswith(here)
    ]
    own = [each for each in frames if not is_installed(each.filename)] or frames
    lines = traceback.format_list(own[-6:]) + traceback.format_exception_only(type(error), error)
    while len(lines) > 1 and sum(map(len, lines)) > LONGEST:
        del lines[0]
    return "".join(lines)[-LONGEST:].rstrip()


def _is_of_key(error: BaseException, message: str) -> bool:
    """Whether a foreign key is violated: SQLSTATE 23503 (PostgreSQL, appendix A), MySQL's 1452, SQLite's own words."""
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return state == "23503" or error.args[:1] == (1452,) or "FOREIGN KEY constraint failed" in message


def _of_driver(error: BaseException) -> BaseException:
    """The exception of the database behind that of an adapter."""
    cause = error.__cause__
    return cause if cause is not None and hasattr(cause, "sqlstate") else error


def _line(frame: TracebackType | None, script: str) -> int:
    """The innermost line of the script that was running, 0 where none was."""
    line = 0
    while frame is not None:
        if _is_same(frame.tb_frame.f_code.co_filename, script):
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def _is_same(path: str, script: str) -> bool:
    return os.path.basename(path) == os.path.basename(script) and os.path.realpath(path) == os.path.realpath(script)
