"""What batch mode makes of a table that it copies: a table as SQLAlchemy reflects it, written again.

Seen with Alembic 1.20 and SQLAlchemy 2.1 on SQLite 3.40, and asked of them by the tests: `_grab_table_elements` of
alembic/operations/batch.py, `get_columns`, `get_indexes` and `get_foreign_keys` of sqlalchemy/dialects/sqlite/base.py.
What is kept: columns with their types, NOT NULL and defaults, the primary key, UNIQUE, CHECK and FOREIGN KEY with their
names and options, indexes on columns with UNIQUE and WHERE, STRICT and WITHOUT ROWID.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from migrate_guard.model.schema import Column, ForeignKey, Index, Table


def copied(table: Table, restated: Mapping[str, str | None], *, keeps_numbers: bool) -> Table:
    """The table after the copy.

    `restated` are the columns that `reflect_args` tells anew, with their collations; `keeps_numbers` is
    `sqlite_autoincrement=True` among `table_kwargs`.
    """
    return replace(
        table,
        columns=tuple(_column(each, restated, keeps_numbers=keeps_numbers) for each in table.columns),
        foreign_keys=tuple(map(_foreign_key, table.foreign_keys)),
        # Alembic leaves them out with a warning, as nothing tells what they belong to
        check_constraints=tuple(each for each in table.check_constraints if each.name),
        indexes=tuple(_index(each) for each in table.indexes if None not in each.columns),
    )


def _column(column: Column, restated: Mapping[str, str | None], *, keeps_numbers: bool) -> Column:
    """Without its collation, and numbered like any INTEGER PRIMARY KEY."""
    if column.collation is None and not column.is_autoincrement:
        return column
    is_autoincrement = column.is_autoincrement and keeps_numbers
    return replace(column, collation=restated.get(column.name), is_autoincrement=is_autoincrement)


def _foreign_key(key: ForeignKey) -> ForeignKey:
    """REFERENCES at a column comes back as a FOREIGN KEY of the table, without its name and its options."""
    if not key.is_inline:
        return key
    return ForeignKey(
        name=None,
        columns=key.columns,
        span=key.span,
        referred_table=key.referred_table,
        referred_columns=key.referred_columns,
    )


def _index(index: Index) -> Index:
    """With the columns alone, not with their order or collation."""
    if not any(each.is_descending or each.collation or each.nulls for each in index.elements):
        return index
    plain = tuple(replace(each, is_descending=False, collation=None, nulls=None) for each in index.elements)
    return replace(index, elements=plain)
