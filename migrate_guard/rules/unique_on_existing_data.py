from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeGuard

from migrate_guard import asking
from migrate_guard.asking import constraints, uniqueness
from migrate_guard.model.operations import AddColumn, AddConstraint, CreateIndex
from migrate_guard.model.schema import Column, Index, PrimaryKey, Table, UniqueConstraint
from migrate_guard.rule import Problem, Severity, Statement, rule

Subject = Statement[AddConstraint] | Statement[AddColumn] | Statement[CreateIndex]


@rule(
    "MG409",
    on=(Statement[AddConstraint], Statement[AddColumn], Statement[CreateIndex]),
    severity=Severity.WARNING,
    yields_to=("MG309",),
)
def unique_on_existing_data(statement: Subject) -> Iterator[Problem]:
    """Flag a unique constraint or index on a table with rows: it fails where two of them agree."""
    op = statement.op
    if not statement.has_rows(op.table) or op.table in statement.before.views:
        return
    before, after = statement.before.table(op.table), statement.after.table(op.table)
    for key in _keys(statement):
        if _has_usual_key(key, before):
            continue
        if before is not None and _is_unique_already(key, before, after or before, statement):
            continue
        is_concurrent = isinstance(op, CreateIndex) and op.concurrently
        left = f', and leaves "{key.name}" behind INVALID' if is_concurrent else ""
        query = uniqueness.duplicates(op.table, key, after or before, statement.target)
        yield Problem(
            asking.hedged(
                f'{_called(op, key)} fails if two rows of "{op.table}"{_taken(key)} have the same {_values(key)}{left}',
                op,
            ),
            op.span,
            object=_object(op, key),
            help=f"Look for them first: {query}; then merge or change what is found, before the revision or in it.",
            severity=Severity.INFO if is_concurrent else None,
            confidence=asking.confidence(op),
        )


def _keys(statement: Subject) -> Iterator[UniqueConstraint | Index]:
    match statement.op:
        case CreateIndex(index=index) if index.unique:
            yield index
        case AddConstraint(constraint=UniqueConstraint() as key, using_index=None):
            yield key
        case AddColumn(constraints=added):
            yield from (each for each in added if isinstance(each, UniqueConstraint))


def _has_usual_key(key: UniqueConstraint | Index, before: Table | None) -> bool:
    """Whether it has "id" of a table that the history does not create, which is all but certainly its primary key."""
    is_unknown = before is None or (before.primary_key is None and not before.is_told and before.column("id") is None)
    return is_unknown and "id" in uniqueness.parts(key).columns


def _is_unique_already(key: UniqueConstraint | Index, before: Table, after: Table, statement: Subject) -> bool:
    """Whether the rows that are there cannot break it."""
    if uniqueness.is_implied(key, uniqueness.keys(before)):
        return True
    path = statement.revision.path
    # what the same revision has dropped told them apart until now
    lost = (each.object for each in before.lost if each.span.path == path)
    kept = (each for each in lost if isinstance(each, PrimaryKey | UniqueConstraint) or _is_unique_index(each))
    if uniqueness.is_implied(key, kept):
        return True
    names = uniqueness.parts(key).columns
    columns = [after.column(each) for each in names]
    return any(each is not None and _tells_apart(each, key, path) for each in columns)


def _is_unique_index(lost: object) -> TypeGuard[Index]:
    return isinstance(lost, Index) and lost.unique


def _tells_apart(column: Column, key: UniqueConstraint | Index, path: str) -> bool:
    """Whether every row has another value in it, or none: it is numbered, or new and empty."""
    if uniqueness.is_numbered(column):
        return True
    if column.span.path != path:
        return False
    # which rows the predicate of an index takes is not known, of a new column mostly none
    is_partial = isinstance(key, Index) and key.where is not None
    is_empty = column.default is None and column.computed is None and column.nullable is not False
    return is_partial or (is_empty and not key.nulls_not_distinct)


def _called(op: AddConstraint | AddColumn | CreateIndex, key: UniqueConstraint | Index) -> str:
    if isinstance(key, Index):
        return f'building "{key.name}"' if key.name else "building the unique index"
    return f"adding {constraints.called('unique constraint', op.table, key)}"


def _taken(key: UniqueConstraint | Index) -> str:
    return " that its WHERE takes" if isinstance(key, Index) and key.where is not None else ""


def _values(key: UniqueConstraint | Index) -> str:
    names: Sequence[str] = [each for each in key.columns if each]
    if len(names) == len(key.columns):
        return asking.quoted(names)
    return f"{asking.quoted(names)} and value of its expression" if names else "value of its expression"


def _object(op: AddConstraint | AddColumn | CreateIndex, key: UniqueConstraint | Index) -> str:
    if isinstance(key, Index):
        return f"{op.table}.{key.name}" if key.name else str(op.table)
    return constraints.named(op.table, key)
