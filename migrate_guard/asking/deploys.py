"""What a finding says of changes that need a deploy of the code before them."""

from __future__ import annotations

from typing import Final

from migrate_guard.asking import quoted, resting
from migrate_guard.model.instead import Instead, Note
from migrate_guard.model.operations import AlterColumn, DropColumn
from migrate_guard.model.schema import Column, ForeignKey, Schema, Table

OLD_CODE: Final = "running code"
"""Replicas of the release before, and what is rolled back to."""


def then_ignore(code: str) -> str:
    """How to say that the deploys before it have been made."""
    return f"`# migrate-guard: ignore[{code}] <since which release>`"


def is_required(column: Column | None) -> bool:
    """Whether an INSERT has to name the column."""
    if column is None or column.nullable is not False or column.default is not None or column.computed is not None:
        return False
    return not (column.is_identity or column.is_serial)


def made_nullable(op: DropColumn, table: Table | None) -> Instead:
    """What comes before a required column is dropped, so that code without it can write rows."""
    column = table.column(op.column) if table else None
    if table is None or column is None or not is_required(column) or not column.type.is_known:
        return ()
    if table.primary_key and op.column in table.primary_key.columns:
        return ()
    nullable = AlterColumn(
        span=op.span,
        table=op.table,
        column=op.column,
        existing_type=column.type,
        existing_nullable=False,
        modify_nullable=True,
        in_batch=op.in_batch,
    )
    return (nullable, Note(f'"{op.column}" goes in a later release'))


def goes_along(table: Table, column: str, schema: Schema) -> str:
    """What is lost with a column, for a sentence: `the index "ix_a" and the foreign key to "users"`."""
    found: list[str] = []
    keys = [each.name for each in resting.keys(table, column) if each.name and each is not table.primary_key]
    if table.primary_key and column in table.primary_key.columns:
        found.append("the primary key")
    if keys:
        found.append(f"the unique {_many('key', keys)}")
    indexes = [each.name for each in resting.indexes(table, column) if each.name]
    if indexes:
        unique = all(each.unique for each in resting.indexes(table, column))
        found.append(f"the {'unique ' if unique else ''}{_many('index', indexes)}")
    own = [
        key
        for owner, key in resting.foreign_keys(table, column, schema)
        if owner == table.name and column in key.columns
    ]
    if own:
        found.append(f"the foreign key to {quoted(str(each.referred_table) for each in own)}")
    checks = [each.name for each in resting.checks(table, column) if each.name]
    if checks:
        found.append(f"the {_many('CHECK', checks)}")
    return " and ".join([", ".join(found[:-1]), found[-1]] if len(found) > 1 else found)


def _many(kind: str, names: list[str]) -> str:
    plural = {"index": "indexes", "key": "keys", "CHECK": "CHECKs"}[kind]
    return f"{kind if len(names) == 1 else plural} {quoted(names)}"


def referring(table: Table, column: str | None, schema: Schema) -> list[str]:
    """The tables whose foreign keys refer to a table, or to a column of it."""

    def refers(key: ForeignKey) -> bool:
        return key.referred_table == table.name and (column is None or resting.refers(key, table, column))

    others = (each for each in schema.referring(table.name) if each.name != table.name)
    return [str(each.name) for each in others if any(map(refers, each.foreign_keys))]
