"""Names that PostgreSQL gives to constraints and indexes when nobody does, as it does on every partition."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import count
from typing import Final, Literal, TypeAlias

from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    CheckConstraint,
    Expression,
    ForeignKey,
    Index,
    PrimaryKey,
    UniqueConstraint,
)

Kind: TypeAlias = Literal["primary", "unique", "foreignkey", "check", "exclusion", "index"]

_LABELS: Final[Mapping[Kind, str]] = {
    "primary": "pkey",
    "unique": "key",
    "foreignkey": "fkey",
    "check": "check",
    "exclusion": "excl",
    "index": "idx",
}
_NAME_BYTES: Final = 63
"""NAMEDATALEN - 1."""


def postgresql_name(kind: Kind, table: str, columns: Sequence[str], taken: Container[str]) -> str:
    """The name that PostgreSQL gives to a constraint or index without one.

    PostgreSQL 12 to 18: `ChooseIndexName`, `ChooseConstraintName` and their callers (`commands/indexcmds.c`,
    `catalog/pg_constraint.c`, `commands/tablecmds.c`, `catalog/heap.c`).

    A primary key is named after its table alone, and so is a check of several columns or of none.
    """
    is_named_by_columns = kind != "primary" and (kind != "check" or len(columns) == 1)
    addition = _joined(columns) if is_named_by_columns else None
    label = _LABELS[kind]
    names = (_object_name(table, addition, f"{label}{number or ''}") for number in count())
    return first_free(names, taken)


def _joined(columns: Sequence[str]) -> str:
    """The columns with underscores between; no further column is added once the name is long enough."""
    joined = ""
    for column in columns:
        joined += f"_{_clipped(column)}" if joined else _clipped(column)
        if len(joined.encode()) > _NAME_BYTES:
            break
    return joined


def _object_name(table: str, addition: str | None, label: str) -> str:
    """`makeObjectName` (`commands/indexcmds.c`): shorten the longer of the two parts until the whole fits."""
    parts = [_clipped(table)] if addition is None else [_clipped(table), addition]
    room = _NAME_BYTES - len(label) - len(parts)
    sizes = [len(part.encode()) for part in parts]
    while sum(sizes) > room:
        longer = 0 if len(sizes) == 1 or sizes[0] > sizes[1] else 1
        sizes[longer] -= 1
    return "_".join([*map(_clipped, parts, sizes), label])


def _clipped(name: str, size: int = _NAME_BYTES) -> str:
    """The first `size` bytes of a name, without half a character at the end."""
    return name.encode(errors="replace")[:size].decode(errors="ignore")


def first_free(names: Iterator[str], taken: Container[str]) -> str:
    """The first of the names that is not taken."""
    return next(name for name in names if name not in taken)


def kind_of(constraint: AnyConstraint) -> Kind:
    """What the naming of objects calls a constraint."""
    match constraint:
        case PrimaryKey():
            return "primary"
        case UniqueConstraint():
            return "unique"
        case ForeignKey():
            return "foreignkey"
        case CheckConstraint():
            return "check"
    return "exclusion"


def index_columns(index: Index) -> list[str]:
    """What the columns of an index are called, for its own name: `ChooseIndexColumnNames` (`commands/indexcmds.c`)."""
    found: list[str] = []
    keys = [each.column or _called(each.expression) for each in index.elements]
    for key in (*keys, *index.include):
        names = (f"{key}{number or ''}" for number in count())
        found.append(first_free(names, found))
    return found


_CALL: Final = lazily(r"\(*\s*(?P<function>[a-z_]\w*)\s*\([^()]*\)\s*\)*", re.IGNORECASE)


def _called(expression: Expression | None) -> str:
    """`FigureIndexColname` (`parser/parse_target.c`): the function that an expression calls, else "expr"."""
    call = _CALL.fullmatch(expression.text.strip()) if expression else None
    return call["function"].lower() if call else "expr"
