"""Rows of the user's own: a file of SQL for a revision, run before it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .statements import execute, words

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_COPY = re.compile(r"COPY\b.*\bFROM\s+STDIN\b", re.IGNORECASE | re.DOTALL)
_PIECES = re.compile(
    r"""(?P<skip>--[^\n]*|/\*.*?\*/|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)|[eE]'(?:[^'\\]|''|\\.)*'"""
    r"""|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)|(?P<end>;)|(?P<meta>^[ \t]*\\\S*)|(?P<text>\S)""",
    re.DOTALL | re.MULTILINE,
)


class SeedError(Exception):
    """A file of rows cannot be run; says file, line and why."""


def seed_files(connection: Connection, directory: Path, revision: str) -> bool:
    """Run `<directory>/<revision>.sql`, and tell whether there is such a file."""
    from sqlalchemy.exc import DBAPIError

    path = directory / f"{revision}.sql"
    if not path.is_file():
        return False
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SeedError(f"{path}: it is not UTF-8: {error}") from None
    split = _of_sqlite(text) if connection.dialect.name == "sqlite" else _statements(text)
    for line, statement in split:
        if statement.startswith("\\"):
            raise SeedError(f"{path}:{line}: {statement} is a command of psql; only SQL can be run")
        if _COPY.match(statement):
            raise SeedError(f"{path}:{line}: COPY FROM STDIN reads what follows as data; write INSERT instead")
        try:
            execute(connection, statement)
        except DBAPIError as error:
            raise SeedError(f"{path}:{line}: {words(error)}") from error
    return True


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each statement of PostgreSQL or MySQL; a command of psql as one, too."""
    start = None
    for match in _PIECES.finditer(text):
        if match["meta"] and start is None:
            yield text.count("\n", 0, match.start()) + 1, match[0].strip()
        elif match["end"]:
            if start is not None:
                yield text.count("\n", 0, start) + 1, text[start : match.start()]
            start = None
        elif start is None and not match[0].startswith(("--", "/*")):
            start = match.start()
    if start is not None and text[start:].strip():
        yield text.count("\n", 0, start) + 1, text[start:].strip()


def _of_sqlite(text: str) -> Iterator[tuple[int, str]]:
    """Yield the same for SQLite, which knows itself where the statement of a trigger ends."""
    statement, first = "", 1
    for piece in re.split(r"(?<=;)", text):
        statement += piece
        if sqlite3.complete_statement(statement):
            yield from _told(statement, first)
            first += statement.count("\n")
            statement = ""
    yield from _told(statement, first)


def _told(statement: str, first: int) -> Iterator[tuple[int, str]]:
    """Yield a statement without the blank lines and comments before it, and nothing when there is no more to it."""
    before = re.match(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*", statement, re.DOTALL)
    assert before is not None
    rest = statement[before.end() :].strip().rstrip(";").strip()
    if rest:
        yield first + before[0].count("\n"), statement[before.end() :].strip()
