"""What gives a value to the rows that have none."""

from __future__ import annotations

import re
from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Table

_IS_NULL: Final = lazily(r"\bIS\s+NULL\b", re.IGNORECASE)
_PARAMETER: Final = lazily(r"[:%?\ufffc]")


def leaves_no_null(operation: ops.Update | ops.Delete, column: str, table: Table | None) -> bool:
    """Whether no row has NULL in a column afterwards, as far as can be told from what the statement asks of the rows.

    An UPDATE of every row, of the rows in which the column is NULL, of those that another table has a value for, or row
    after row by the key, and one of which nobody knows what it writes; a DELETE of the rows in which it is NULL.
    """
    where = operation.where
    if isinstance(operation, ops.Delete):
        return where is not None and column in where.columns and _IS_NULL.search(where.text) is not None
    if column not in operation.columns:
        return not operation.columns
    name = re.escape(column)
    if re.search(rf"\b{name}\W*=\s*NULL\b", operation.sql, re.IGNORECASE):
        return False
    if where is None or column in where.columns or operation.reads:
        return True
    if re.search(rf"\b{name}\W*\s+IS\s+NULL\b", operation.sql, re.IGNORECASE):
        return True
    keys = table.primary_key.columns if table and table.primary_key else ("id",)
    return set(where.columns) == set(keys) and _PARAMETER.search(where.text) is not None
