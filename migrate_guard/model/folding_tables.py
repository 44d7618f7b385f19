"""What every folder of operations on a table needs: the table, its parts, and the doubt about them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar

from msgspec.structs import replace

from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import (
    UNKNOWN_TYPE,
    CheckConstraint,
    Column,
    ExclusionConstraint,
    ForeignKey,
    Lost,
    PrimaryKey,
    Schema,
    Table,
    UniqueConstraint,
)
from migrate_guard.model.source import Span

C = TypeVar("C", PrimaryKey, UniqueConstraint, ForeignKey, CheckConstraint, ExclusionConstraint)


class Change(Protocol):
    """What becomes of a constraint; None: it goes."""

    def __call__(self, constraint: C, /) -> C | None: ...


def with_constraints_changed(table: Table, change: Change) -> Table:
    """Return the table with each of its constraints changed."""

    def changed(constraints: tuple[C, ...]) -> tuple[C, ...]:
        return tuple(new for each in constraints if (new := change(each)) is not None)

    return replace(
        table,
        primary_key=change(table.primary_key) if table.primary_key else None,
        unique_constraints=changed(table.unique_constraints),
        foreign_keys=changed(table.foreign_keys),
        check_constraints=changed(table.check_constraints),
        exclusion_constraints=changed(table.exclusion_constraints),
    )


def given_table(name: QualifiedName, span: Span) -> Table:
    """A table that the history never creates: it exists, with columns nobody told."""
    return Table(name, span, is_open=True, is_given=True, are_keys_told=False)


def is_unsure(operation: ops.Operation) -> bool:
    """Whether it is not certain that the operation runs."""
    return operation.condition is not None


def table_of(schema: Schema, name: QualifiedName, operation: ops.Operation) -> Table:
    """The table of an operation; one that the history does not know is there all the same."""
    return schema.table(name) or given_table(name, operation.span)


def unsure(table: Table, operation: ops.Operation, *names: str | None) -> Table:
    """The table after an operation on some of its parts, which are doubtful if it may not run."""
    if not is_unsure(operation):
        return table
    return replace(table, doubtful=table.doubtful | {name for name in names if name})


def made(table: Table, operation: ops.Operation, *names: str | None) -> Table:
    """The table after parts of it were made, which are doubtful if the operation may not run."""
    if operation.condition is None:
        return table
    under = {(name, operation.condition, operation.span.path) for name in names if name is not None}
    return replace(unsure(table, operation, *names), made_if=table.made_if | under)


def undoes(operation: ops.Operation, table: Table | None, name: str) -> bool:
    """Whether an operation that may not run drops what is there only if it does: both stand under one condition."""
    return table is not None and (name, operation.condition, operation.span.path) in table.made_if


def with_lost(table: Table, before: Table, span: Span, name: str | None = None) -> Table:
    """Note what the table had before and has no longer; `name` is noted even if the history never told of it."""
    if name is not None:
        table = replace(table, doubtful=table.doubtful - {name})
    objects = (*before.columns, *before.constraints(), *before.indexes)
    kept = {id(each) for each in (*table.columns, *table.constraints(), *table.indexes)}
    lost = [Lost(each.name or "", span, each) for each in objects if id(each) not in kept]
    if name is not None and all(each.name != name for each in lost):
        told = lost[0].object if lost else Column(name, UNKNOWN_TYPE, span, nullable=None)
        lost.append(Lost(name, span, told))
    return replace(table, lost=(*table.lost, *lost))


_COMMENT: Final = lazily(r"(?:IS|COMMENT\s*=?)\s*(?:NULL|'(?P<text>(?:[^']|'')*)')\s*;?\s*", re.IGNORECASE)
_GENERATION: Final = lazily(r"\bSET\s+GENERATED\s+(ALWAYS|BY\s+DEFAULT)\b", re.IGNORECASE)


def _with_comment(table: Table, operation: ops.RawSql) -> Table:
    found = next((each for each in _COMMENT.finditer(operation.sql) if each.end() == len(operation.sql)), None)
    if found is None:
        return table
    return replace(table, comment=found["text"].replace("''", "'") if found["text"] else None)


def _with_generation(table: Table, operation: ops.RawSql) -> Table:
    found = _GENERATION.search(operation.sql)
    is_always = found is not None and found[1].upper() == "ALWAYS"
    return replace(
        table,
        columns=tuple(
            replace(each, is_always_identity=is_always) if found and each.name in operation.altered else each
            for each in table.columns
        ),
    )


_TOLD_BY_TEXT: Final[Mapping[str, Callable[[Table, ops.RawSql], Table]]] = {
    "COMMENT ON TABLE": _with_comment,
    "ALTER TABLE COMMENT": _with_comment,
    "ALTER TABLE ALTER COLUMN SET GENERATED": _with_generation,
}


def told_by_text(schema: Schema, operation: ops.RawSql) -> Schema | None:
    """The schema after a statement whose text alone says what it changes in a table; None for any other."""
    change = _TOLD_BY_TEXT.get(operation.kind)
    if change is None:
        return None
    for name in operation.tables:
        if (table := schema.table(name)) and not is_unsure(operation):
            schema = schema.with_table(change(table, operation))
    return schema
