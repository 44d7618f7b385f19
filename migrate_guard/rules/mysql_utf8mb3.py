from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.operations import AddColumn, AlterColumn, CreateTable, RawSql
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, Severity, Step, rule

_CHARACTER_SET: Final = lazily(
    r"\b(?:CHARACTER\s+SET|CHARSET)\s*=?\s*'?(utf8|utf8mb3)\b|\bCOLLATE\s*=?\s*'?(utf8(?:mb3)?)_\w+", re.IGNORECASE
)
_OLD: Final = lazily(r"utf8(?:mb3)?(?:_\w+)?", re.IGNORECASE)
_HELP: Final = "Write utf8mb4, which holds every character; it is the default of MySQL 8.0."


@rule(
    "MG815",
    on=(CreateTable, AddColumn, AlterColumn, RawSql),
    severity=Severity.WARNING,
    dialects=("mysql", "mariadb"),
)
def mysql_utf8mb3(step: Step[ops.Operation]) -> Iterator[Problem]:
    """Flag a table, column or database of utf8mb3, which `utf8` is another name of: no emoji, no rare characters."""
    op = step.op
    match op:
        case CreateTable(table=table):
            found = _CHARACTER_SET.search(op.text if op.is_sql else op.storage)
            if found:
                yield _problem(op, f'the table "{table.name}"', _told(found), op.span, str(table.name))
                return
            for column in table.columns:
                yield from _column(op, column, f"{table.name}.{column.name}", column.span)
        case AddColumn(column=column):
            yield from _column(op, column, f"{op.table}.{column.name}", op.span)
        case AlterColumn():
            given = next(filter(_is_old, (op.collation,)), None)
            written = _CHARACTER_SET.search(op.text) if op.is_sql else None
            if given or written:
                told = _told(written) if written else str(given)
                yield _problem(op, f'"{subject(op)}"', told, op.span, subject(op))
        case RawSql() if not op.kind.startswith(("SELECT", "SET")):
            found = _CHARACTER_SET.search(op.sql)
            if found and re.match(r"(ALTER|CREATE) (TABLE|DATABASE|SCHEMA)", op.kind):
                name = str(op.tables[0]) if op.tables else None
                yield _problem(op, f'the table "{name}"' if name else "the database", _told(found), op.span, name)


def _told(found: re.Match[str]) -> str:
    return found[1] or found[2]


def _is_old(name: str | None) -> bool:
    return name is not None and _OLD.fullmatch(name) is not None


def _column(op: ops.Operation, column: Column, name: str, span: Span) -> Iterator[Problem]:
    written = _CHARACTER_SET.search(op.text) if op.is_sql and isinstance(op, AddColumn) else None
    given = next(filter(_is_old, (column.character_set, column.collation)), None)
    if given or written:
        yield _problem(op, f'"{name}"', _told(written) if written else str(given), span, name)


def _problem(op: ops.Operation, what: str, given: str, span: Span, name: str | None) -> Problem:
    short = given.partition("_")[0]
    called = f"{short}, which is utf8mb3" if short.lower() == "utf8" else short
    return Problem(
        asking.hedged(f"{what} is kept as {called}: a character of four bytes (an emoji) is refused", op),
        span,
        object=name,
        help=_HELP,
        confidence=asking.confidence(op),
    )
