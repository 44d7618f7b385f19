"""What two versions of an upgrade do differently: runs in, the operations that only one of them has out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Final, NamedTuple

from msgspec import Struct

from migrate_guard.model import operations as ops
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Run, Unknown
from migrate_guard.model.schema import UNKNOWN_TYPE, Expression
from migrate_guard.model.source import Span


class Change(NamedTuple):
    """An operation that is not as it was: written otherwise, new (`then` is None), or gone (`now` is None)."""

    now: ops.Operation | None
    then: ops.Operation | None


def changes(now: Run, then: Run) -> tuple[Change, ...]:
    """The operations in which two runs differ, however they are written down."""
    new, old = ([each.operation for each in run.transitions] for run in (now, then))
    spelled = [[_spelled(each) for each in operations] for operations in (old, new)]
    if spelled[0] == spelled[1]:
        return ()
    return tuple(_changes(old, new, *spelled))


def _changes(
    old: list[ops.Operation], new: list[ops.Operation], spelled_old: list[str], spelled_new: list[str]
) -> Iterator[Change]:
    for tag, first, last, begin, end in SequenceMatcher(None, spelled_old, spelled_new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for at in range(max(last - first, end - begin)):
            yield Change(
                new[begin + at] if begin + at < end else None,
                old[first + at] if first + at < last else None,
            )


def is_exact(run: Run) -> bool:
    """Whether the operations of a run tell all that it does: nothing is open, and what is written to rows is known."""
    return run.raises is None and all(_is_exact(each.operation) for each in run.transitions)


def _is_exact(operation: ops.Operation) -> bool:
    if operation.condition or isinstance(operation, ops.Opaque):
        return False
    if isinstance(operation, ops.Insert | ops.Update | ops.Delete) and not (operation.sql or operation.text):
        return isinstance(operation, ops.Insert) and operation.rows is not None and _is_known(operation)
    return _is_known(operation)


def _is_known(value: object) -> bool:
    if isinstance(value, Unknown) or value == UNKNOWN_TYPE:
        return False
    if isinstance(value, Struct):
        return all(_is_known(getattr(value, each)) for each in value.__struct_fields__)
    if isinstance(value, Mapping):
        return all(_is_known(each) for each in value.values())
    if isinstance(value, tuple | list | frozenset | set):
        return all(map(_is_known, value))
    return True


_WRITING: Final = frozenset({"autocommit_block", "in_batch", "is_sql", "part", "place_in_text", "reason", "text"})
"""What tells how an operation is written, not what it does."""


def _spelled(value: object) -> str:
    return repr(_plain(value))


def _plain(value: object) -> Any:
    """A value without its places in the script and without the layout of its SQL."""
    if isinstance(value, Span):
        return None
    if isinstance(value, Unknown):
        return "?"
    if isinstance(value, Expression):
        return _sql(value.text)
    if isinstance(value, Struct):
        return type(value).__name__, [
            (each, _field(each, getattr(value, each))) for each in value.__struct_fields__ if each not in _WRITING
        ]
    if isinstance(value, Mapping):
        return sorted((str(key), repr(_plain(each))) for key, each in value.items())
    if isinstance(value, frozenset | set):
        return sorted(repr(_plain(each)) for each in value)
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    return value


def _field(name: str, value: object) -> Any:
    match name, value:
        case "condition", _:
            return value is not None
        case "sql", str():
            return _sql(value)
    return _plain(value)


_TOKEN: Final = lazily(
    r"""\s+ | --[^\n]* | /\*.*?\*/ | (?P<quoted>'(?:[^']|'')*' | "(?:[^"]|"")*" | (\$\w*\$).*?\2) | (?P<other>\w+|.)""",
    re.VERBOSE | re.DOTALL,
)


def _sql(text: str) -> str:
    """SQL without its layout, its comments and the letter case of its words."""
    tokens = (each["quoted"] or (each["other"] or "").lower() for each in _TOKEN.finditer(text.strip().rstrip(";")))
    return " ".join(filter(None, tokens))
