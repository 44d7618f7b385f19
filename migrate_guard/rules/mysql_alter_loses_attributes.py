from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.dialects.same_types import are_same_types
from migrate_guard.model.deeds import subject
from migrate_guard.model.instead import Instead
from migrate_guard.model.operations import UNSET, AlterColumn, RenameColumn
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Column, Type
from migrate_guard.rule import Confidence, Problem, Severity, Step, rule


@rule("MG813", on=(AlterColumn, RenameColumn), severity=Severity.ERROR, dialects=("mysql", "mariadb"))
def mysql_alter_loses_attributes(step: Step[AlterColumn] | Step[RenameColumn]) -> Iterator[Problem]:
    """Flag an alter_column that does not say all that the column is: MODIFY and CHANGE tell it anew."""
    op = step.op
    if not op.redefines:
        return
    change = op.redefinition if isinstance(op, RenameColumn) else op
    table = step.before.table(op.table)
    column = table.column(op.column) if table else None
    if not op.is_sql and change.modify_type is None and change.existing_type is None:
        yield Problem(
            asking.hedged(f'alter_column() of "{subject(op)}" fails: Alembic has to be told existing_type', op),
            op.span,
            object=subject(op),
            help="Say what the column is: MySQL is told all of it anew.",
            instead=_told(op, column),
            confidence=asking.confidence(op),
        )
        return
    if table is None or column is None or column.is_given or not table.is_sure_of(column.name):
        return
    lost = list(_lost(change, column, step))
    if not lost:
        return
    word = "CHANGE" if isinstance(op, RenameColumn) else "MODIFY"
    yield Problem(
        asking.hedged(f'{word} tells "{subject(op)}" anew, and leaves out {_listed(lost)}: that is gone', op),
        op.span,
        object=subject(op),
        help="Say all that is to stay." if op.is_sql else f"Say what is to stay: {_ARGUMENTS}.",
        instead=_told(op, column),
        confidence=Confidence.MEDIUM if op.is_sql else asking.confidence(op),
    )


_ARGUMENTS: Final = (
    "existing_type, existing_nullable, existing_server_default, existing_comment, existing_autoincrement"
)
_ON_UPDATE: Final = lazily(r"\bON\s+UPDATE\b", re.IGNORECASE)


def _listed(lost: list[str]) -> str:
    return " and ".join([", ".join(lost[:-1]), lost[-1]] if len(lost) > 1 else lost)


def _lost(change: AlterColumn, column: Column, step: Step[AlterColumn] | Step[RenameColumn]) -> Iterator[str]:
    """What the column is before, and neither stays nor is said to change."""
    is_key = _is_key(step, column)
    if _says_no_null(change) and column.nullable is False and change.told_nullable and not is_key:
        yield "NOT NULL"
    if column.is_serial and not change.is_serial and is_key:
        yield "AUTO_INCREMENT"
    default = column.default
    if default is not None and _leaves_default(change):
        told = change.told_default
        if told is None:
            yield f"DEFAULT {default.text}"
        elif _ON_UPDATE.search(default.text) and not _ON_UPDATE.search(told.text):
            yield "ON UPDATE CURRENT_TIMESTAMP"
    if column.comment and change.told_comment is None and _leaves_comment(change):
        yield f"COMMENT '{column.comment}'"
    existing = change.existing_type
    if not change.is_sql and change.modify_type is None and existing is not None and existing.is_known:
        is_other = column.type.is_known and not are_same_types(existing, column.type, step.target.dialect)
        if is_other and existing.values is None and column.type.values is None and not _is_json(existing, column):
            yield f"its type {column.type}"


def _is_json(existing: Type, column: Column) -> bool:
    return "json" in (existing.family, column.type.family) or "boolean" in (existing.family, column.type.family)


def _is_key(step: Step[AlterColumn] | Step[RenameColumn], column: Column) -> bool:
    table = step.before.table(step.op.table)
    return bool(table and table.primary_key and column.name in table.primary_key.columns)


def _says(change: AlterColumn, word: str) -> bool:
    return change.is_sql and re.search(rf"\b{word}\b", change.text, re.IGNORECASE) is not None


def _says_no_null(change: AlterColumn) -> bool:
    """Whether nothing says that the column is to be nullable."""
    if change.is_sql:
        return not _says(change, "NULL")
    return change.modify_nullable is None and change.existing_nullable is None


def _leaves_default(change: AlterColumn) -> bool:
    """Whether nothing says that the default is to go, or to be another one."""
    if change.is_sql:
        return not _says(change, "DEFAULT")
    return change.modify_default is UNSET and change.existing_default is not None


def _leaves_comment(change: AlterColumn) -> bool:
    return not _says(change, "COMMENT") if change.is_sql else change.modify_comment is UNSET


def _told(op: AlterColumn | RenameColumn, column: Column | None) -> Instead:
    """The change with all that the column is."""
    if op.is_sql or column is None or not column.type.is_known or op.in_batch:
        return ()
    default = column.default if column.default is not None else UNSET
    comment = column.comment if column.comment is not None else UNSET
    if isinstance(op, RenameColumn):
        return (
            replace(
                op,
                existing_type=column.type,
                existing_nullable=column.nullable,
                existing_default=default,
                existing_comment=comment,
                is_serial=column.is_serial,
            ),
        )
    return (
        replace(
            op,
            existing_type=column.type,
            existing_nullable=column.nullable if op.modify_nullable is None else None,
            existing_default=default if op.modify_default is UNSET else UNSET,
            existing_comment=comment if op.modify_comment is UNSET else UNSET,
            is_serial=column.is_serial,
        ),
    )
