"""PostgreSQL's DO: the statements of an anonymous block, as far as they stand there as such."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from migrate_guard.model.operations import Opaque, Operation
from migrate_guard.model.source import Span
from migrate_guard.reading.sql.cursor import Cursor, Locate
from migrate_guard.reading.sql.errors import NotUnderstood
from migrate_guard.reading.sql.raw import raw
from migrate_guard.reading.sql.tokens import Kind, Statement, Word, split

Read = Callable[[Cursor], Sequence[Operation]]

# Statements of PL/pgSQL that change nothing by themselves.
_QUIET = frozenset({"NULL", "RAISE", "PERFORM", "RETURN", "ASSERT", "GET", "EXIT", "CONTINUE"})
_LOOPS = frozenset({"FOR", "FOREACH", "WHILE", "LOOP", "CASE"})


class _Body(Struct):
    """A PL/pgSQL body on the way through it."""

    text: str
    outer: Cursor
    locate: Locate
    read: Read
    operations: list[Operation] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    """For each open block, how many operations came before it."""
    in_handler: bool = False


def do_block(cursor: Cursor, read: Read) -> Iterator[Operation]:
    """Read a DO from behind its keyword: the statement itself, and then what `read` makes of those in its body.

    A statement after IF carries the condition; one whose failure an EXCEPTION clause catches is tolerated.
    """
    body = _find_body(cursor)
    operations = _read_body(cursor, body, read) if body else []
    if body is not None:
        # what it does is told by the operations that follow
        cursor.options.add("READ")
    yield raw(cursor, "DO")
    yield from operations


def _find_body(cursor: Cursor) -> Word | None:
    if any(
        cursor.keyword(offset) == "LANGUAGE" and cursor.keyword(offset + 1) not in ("PLPGSQL", "") for offset in (0, 1)
    ):
        return None
    return next((word for word in cursor.words[cursor.at :] if word.kind is Kind.STRING), None)


def _read_body(cursor: Cursor, word: Word, read: Read) -> list[Operation]:
    source = cursor.text[word.start : word.end]
    offset = source.find(word.text)

    def locate(start: int, end: int) -> Span:
        # Where the body has escapes of its own, offsets in it say nothing about the script.
        return cursor.locate(word.start + offset + start, word.start + offset + end) if offset >= 0 else cursor.span()

    body = _Body(word.text, cursor, locate, read)
    try:
        for statement in split(word.text, cursor.dialect):
            if not _step(body, statement):
                break
    except NotUnderstood as error:
        body.operations.append(_opaque(cursor.span(), f"DO: a statement in it {error}"))
    return body.operations


def _opaque(span: Span, reason: str) -> Opaque:
    return Opaque(span=span, is_sql=True, reason=reason)


def _step(body: _Body, statement: Statement) -> bool:
    """Read one statement of the body; False where reading has to end."""
    words = statement.words
    at = 0
    while at < len(words):
        move = _CONTROL.get(words[at].keyword)
        if move is None:
            break
        at = move(body, words, at)
    if at >= len(words) or body.in_handler or not body.blocks:
        return True
    return _statement(body, Statement(words[at:], statement.tokens))


def _statement(body: _Body, statement: Statement) -> bool:
    words = statement.words
    first = words[0].keyword
    is_assignment = len(words) > 1 and words[1].keyword in (":=", "=")
    if first in _QUIET or is_assignment or first == "SELECT":
        return True
    if first in _LOOPS:
        span = body.locate(words[0].start, words[-1].end)
        body.operations.append(_opaque(span, f"DO: what follows {first} is not read"))
        return False
    if first == "EXECUTE":
        _execute(body, words)
        return True
    _extend(body, body.read(Cursor(body.text, statement, body.outer.target, body.locate)))
    return True


def _execute(body: _Body, words: Sequence[Word]) -> None:
    span = body.locate(words[0].start, words[-1].end)
    if len(words) != 2 or words[1].kind is not Kind.STRING:
        _extend(body, [_opaque(span, "DO: EXECUTE runs a statement that is computed")])
        return
    text = words[1].text
    for statement in split(text, body.outer.dialect):
        _extend(body, body.read(Cursor(text, statement, body.outer.target, lambda start, end: span)))


def _extend(body: _Body, operations: Sequence[Operation]) -> None:
    condition = " AND ".join(body.conditions) or None
    body.operations.extend(replace(each, condition=condition) for each in operations)


def _begin(body: _Body, words: Sequence[Word], at: int) -> int:
    body.blocks.append(len(body.operations))
    return at + 1


def _declare(body: _Body, words: Sequence[Word], at: int) -> int:
    return len(words)


def _if(body: _Body, words: Sequence[Word], at: int) -> int:
    then = next((index for index in range(at, len(words)) if words[index].keyword == "THEN"), len(words) - 1)
    if words[at].keyword != "IF" and body.conditions:
        body.conditions.pop()
    body.conditions.append(body.text[words[at].end : words[then].start].strip())
    return then + 1


def _else(body: _Body, words: Sequence[Word], at: int) -> int:
    if body.conditions:
        body.conditions.append(f"NOT ({body.conditions.pop()})")
    return at + 1


def _exception(body: _Body, words: Sequence[Word], at: int) -> int:
    start = body.blocks[-1] if body.blocks else 0
    body.operations[start:] = [replace(each, is_tolerated=True) for each in body.operations[start:]]
    body.in_handler = True
    return len(words)


def _end(body: _Body, words: Sequence[Word], at: int) -> int:
    if at + 1 < len(words) and words[at + 1].keyword == "IF":
        if body.conditions:
            body.conditions.pop()
    elif body.blocks:
        body.blocks.pop()
        body.in_handler = False
    return len(words)


_CONTROL: dict[str, Callable[[_Body, Sequence[Word], int], int]] = {
    "BEGIN": _begin,
    "DECLARE": _declare,
    "IF": _if,
    "ELSIF": _if,
    "ELSEIF": _if,
    "ELSE": _else,
    "EXCEPTION": _exception,
    "END": _end,
}
