"""What ALTER TABLE of SQLite cannot do, by version, and what Alembic refuses to write for it.

Sources: sqlite.org/lang_altertable.html; `SQLiteImpl` of alembic/ddl/sqlite.py, Alembic 1.20. Asked of SQLite 3.40.1
and 3.54.1; the changes of a version are those of sqlite.org/changes.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    AnyConstraint,
    Attached,
    CheckConstraint,
    Column,
    Expression,
    ForeignKey,
    Index,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
    View,
)
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target

RENAMES_COLUMNS: Final = 25
"""RENAME COLUMN came with 3.25.0 (2018-09-15)."""
DROPS_COLUMNS: Final = 35
"""DROP COLUMN came with 3.35.0 (2021-03-12)."""
ALTERS_CONSTRAINTS: Final = 53
"""ALTER COLUMN … SET and DROP NOT NULL, ADD CONSTRAINT … CHECK and DROP CONSTRAINT came with 3.53.0."""


def can(minor: int, target: Target) -> bool:
    """Whether a SQLite 3 is at least the one of that number; of a version that only says 3 nothing is known."""
    return len(target.version) < 2 or target.version[:2] >= (3, minor)


class InTheWay(NamedTuple):
    """What keeps a column from being dropped."""

    what: str
    """For a sentence: `the index "ix_users_email"`."""
    span: Span
    object: AnyConstraint | Index | Column | View | Attached


def keeping(name: QualifiedName, column: str, schema: Schema) -> Iterator[InTheWay]:
    """What of its table makes DROP COLUMN fail (lang_altertable.html, "ALTER TABLE DROP COLUMN").

    A CHECK and REFERENCES at the column itself go along. Where a CHECK stands is not known: one of a type stands behind
    the columns.
    """
    table = schema.table(name)
    if table is None or not table.is_sure_of(column):
        return
    for key in table.constraints():
        if (what := _naming(key, column)) and table.is_sure_of(key.name or ""):
            yield InTheWay(what, key.span, key)
    for index in table.indexes:
        if _is_on(index, column) and table.is_sure_of(index.name or ""):
            yield InTheWay(f'the index "{index.name}"', index.span, index)
    for other in table.columns:
        if other.computed is not None and other.name != column and column in other.computed.columns:
            yield InTheWay(f'the generated column "{other.name}"', other.span, other)


def _naming(constraint: AnyConstraint, column: str) -> str | None:
    """What a constraint that has the column is, for a sentence; None where it goes along with it or has it not."""
    named = f' "{constraint.name}"' if constraint.name else ""
    match constraint:
        case PrimaryKey(columns=columns) if column in columns:
            return "the primary key"
        case UniqueConstraint(columns=columns) if column in columns:
            return f"the unique constraint{named}"
        case ForeignKey(columns=columns, is_inline=False) if column in columns:
            return f"the foreign key{named}"
        case CheckConstraint(expression=expression, is_of_type=is_of_type) if column in expression.columns:
            return f"the CHECK{named}" if is_of_type or set(expression.columns) != {column} else None
    return None


def _is_on(index: Index, column: str) -> bool:
    expressions = [each.expression for each in index.elements if each.expression] + (
        [index.where] if index.where else []
    )
    return column in index.columns or any(column in each.columns for each in expressions)


Refused: TypeAlias = Literal["primary key", "unique", "default", "stored", "references"]


def refused_column(op: ops.AddColumn, *, has_rows: bool, enforces: bool) -> Refused | None:
    """Why ADD COLUMN is refused (lang_altertable.html, "ALTER TABLE ADD COLUMN"; asked of 3.40.1 and 3.54.1).

    All but the first two are a matter of rows: a table that is empty takes them. `enforces`: foreign_keys is ON. That
    NOT NULL without a default is refused is no matter of SQLite alone.
    """
    column = op.column
    inline = [each for each in op.constraints if op.is_sql or isinstance(each, PrimaryKey | ForeignKey)]
    if any(isinstance(each, PrimaryKey) for each in inline):
        return "primary key"
    if any(isinstance(each, UniqueConstraint) for each in inline):
        return "unique"
    if not has_rows:
        return None
    if column.computed is not None:
        return "stored" if column.is_stored else None
    if column.default is not None and not is_constant(column.default):
        return "default"
    refers = op.inline_references or op.is_sql
    has_default = column.default is not None and not _is_null(column.default)
    if enforces and has_default and refers and any(isinstance(each, ForeignKey) for each in inline):
        return "references"
    return None


_CLOCK: Final = frozenset({"CURRENT_TIME", "CURRENT_DATE", "CURRENT_TIMESTAMP"})
_CONSTANT: Final = lazily(
    r"""[-+]?\s*(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)? | 0x[\da-f]+ | x?'(?:[^']|'')*' | "[^"]*" | [a-z_]\w*""",
    re.IGNORECASE | re.VERBOSE,
)


def is_constant(default: Expression) -> bool:
    """Whether ADD COLUMN takes a default for a table with rows (`sqlite3ValueFromExpr` of vdbemem.c).

    One that could not be computed is taken for a constant.
    """
    text = _bare(default.text)
    if text.upper() in _CLOCK or default.functions:
        return False
    return default.is_literal or "\ufffc" in text or _CONSTANT.fullmatch(text) is not None


def _is_null(default: Expression) -> bool:
    return _bare(default.text).upper() == "NULL"


def _bare(text: str) -> str:
    """A text without the parentheses around it."""
    text = text.strip()
    while text.startswith("(") and text.endswith(")") and "(" not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def is_dropped_by_name(constraint: AnyConstraint | None) -> bool:
    """Whether DROP CONSTRAINT of 3.53 takes it: what an index stands behind may not be dropped (3.54.1)."""
    return not isinstance(constraint, PrimaryKey | UniqueConstraint)


def known_constraint(table: Table | None, name: str | None) -> AnyConstraint | None:
    return table.constraint(name) if table is not None and name else None
