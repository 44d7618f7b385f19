"""Raw SQL to operations.

A text is split into statements with sqlglot's tokenizer for the target's dialect. What changes the schema is read by a
grammar of its own over these words, because it needs what sqlglot's trees do not keep: the statements and clauses that
sqlglot passes on as an unread Command, types and expressions as they are written, and the place of every part.
Expressions and queries go to sqlglot's parser, which tells the columns and tables in them.

`HOLE` in a text stands for a part that the script computes in a way nobody could follow: in place of a value it is a
parameter, in place of a name it makes the operation Opaque.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate_guard.model.operations import Opaque, Operation, RawSql
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target
from migrate_guard.reading.sql.cursor import Cursor
from migrate_guard.reading.sql.errors import NotUnderstood
from migrate_guard.reading.sql.statement import read_statement
from migrate_guard.reading.sql.tokens import split

__all__ = ["MAX_LENGTH", "read_sql"]

MAX_LENGTH = 1_000_000
"""Longer texts are not read; they are dumps of rows."""

_ROW_KEYWORDS = frozenset({"INSERT", "UPDATE", "DELETE", "SELECT", "WITH", "COPY", "MERGE", "REPLACE", "VALUES"})


def read_sql(text: str, target: Target, locate: Callable[[int, int], Span]) -> tuple[Operation, ...]:
    """Return the operations of the SQL statements in a text, in order; none for a text without a statement.

    `locate(start, end)` gives the place in the script of the characters from `start` up to `end`. Nothing is raised:
    what cannot be read becomes an Opaque operation with the reason.
    """
    if len(text) > MAX_LENGTH:
        return (_unread(text, locate(0, len(text))),)
    unescaped, positions = _unescape(text)
    return tuple(_operations(unescaped, target, lambda start, end: locate(positions(start), positions(end))))


def _operations(text: str, target: Target, locate: Callable[[int, int], Span]) -> Iterator[Operation]:
    try:
        statements = split(text, target.dialect)
    except NotUnderstood as error:
        yield Opaque(span=locate(0, len(text)), is_sql=True, reason=f"the SQL {error}", text=text.strip())
        return
    for statement in statements:
        yield from read_statement(Cursor(text, statement, target, locate))


def _unescape(text: str) -> tuple[str, Callable[[int], int]]:
    r"""Undo SQLAlchemy's `\:` for a colon that starts no parameter; with it, the way back to the offsets in `text`."""
    if "\\:" not in text:
        return text, lambda position: position
    kept = [at for at, character in enumerate(text) if not (character == "\\" and text[at + 1 : at + 2] == ":")]
    kept.append(len(text))
    return "".join(text[at] for at in kept[:-1]), kept.__getitem__


def _unread(text: str, span: Span) -> Operation:
    """Return what the first word tells of a text that is too long to be read."""
    lines = (line.strip() for line in text[:10_000].splitlines())
    first = next((line for line in lines if line and not line.startswith("--")), "").split(None, 1)
    keyword = first[0].upper() if first else ""
    if keyword in _ROW_KEYWORDS:
        return RawSql(span=span, is_sql=True, sql=text, kind=keyword, text=text.strip())
    reason = f"the SQL is longer than {MAX_LENGTH:,} characters"
    return Opaque(span=span, is_sql=True, reason=reason, text=text.strip())
