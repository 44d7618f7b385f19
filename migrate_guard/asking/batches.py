"""What to write instead of a statement that changes every row of a table: batches by key, each committed."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from migrate_guard.asking.row_changes import Change
from migrate_guard.asking.safer import outside_transaction, written_name, written_table
from migrate_guard.dialects.expressions import UNKNOWN
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Table
from migrate_guard.rendering.python import text_literal
from migrate_guard.rule import Statement

BATCH: Final = 5_000
"""Rows of one batch: a transaction of less than a second on common machines."""

_PARAMETER: Final = lazily(r"(?<![:\w\\]):[A-Za-z_]|%s|%\(|\$\d|\?")
_STRING: Final = lazily(r"'(?:[^']|'')*'")
_HEAD: Final = lazily(
    r"\s*(?:UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(?P<table>[\w.\"`]+)(?:\s+(?:AS\s+)?(?P<alias>(?!SET\b|WHERE\b|USING\b)\w+))?",
    re.IGNORECASE,
)
_ENDING: Final = lazily(r"\b(RETURNING|ORDER\s+BY|LIMIT)\b", re.IGNORECASE)
_LOOP: Final = """\
bind = op.get_bind()
ids = bind.scalars(sa.text({first})).all()
while ids:
    bind.execute(
        sa.text({change}),
        {{"first": ids[0], "last": ids[-1]}},
    )
    ids = bind.scalars(sa.text({following}), {{"last": ids[-1]}}).all()"""


class Walk(NamedTuple):
    """A table and its key of one column, by which batches go through it."""

    table: str
    key: str


def walk(name: QualifiedName, table: Table | None, statement: Statement[ops.Operation]) -> Walk | None:
    """How to go through a table; None where it has no key of one column that is known."""
    key = table.primary_key if table else None
    if key is None or len(key.columns) != 1:
        return None
    return Walk(written_table(name, statement.target), written_name(key.columns[0], statement.target))


def in_batches(statement: Statement[Change], guard: str = "") -> Instead:
    """The statement over ranges of the primary key, outside of a transaction; nothing where it is not known in full.

    `guard` is the column that it fills, which may be NULL: where that has a value already, it stays.
    """
    text = _batched(statement, guard)
    if text is None:
        return ()
    return outside_transaction(statement, (Code(text),))


def _batched(statement: Statement[Change], guard: str) -> str | None:
    op = statement.op
    found = walk(op.table, statement.before.table(op.table), statement)
    sql = " ".join(op.sql.split()).rstrip("; ") if "--" not in op.sql else ""
    if found is None or op.row_loop or op.condition or statement.target.dialect == "sqlite" or op.only:
        return None
    if not sql or UNKNOWN in sql or _PARAMETER.search(_STRING.sub("''", sql)) or _STRING.sub("", sql).count(";"):
        return None
    head = _HEAD.match(sql)
    if head is None or _ENDING.search(_STRING.sub("''", sql)) or "@" in sql:
        return None
    where = " ".join(op.where.text.split()) if op.where else ""
    if where and not sql.endswith(where):
        return None
    rest = sql[: len(sql) - len(where)].rstrip() if where else sql
    if where and not rest.upper().endswith("WHERE"):
        return None
    start = rest[: -len("WHERE")].rstrip() if where else rest
    qualifier = f"{head['alias'] or head['table']}." if op.reads or head["alias"] else ""
    conditions = [f"{qualifier}{found.key} BETWEEN :first AND :last"]
    if where:
        conditions.append(f"({where})" if re.search(r"\bor\b", where, re.IGNORECASE) else where)
    elif guard:
        conditions.append(f"{qualifier}{written_name(guard, statement.target)} IS NULL")
    change = f"{_escaped(start)} WHERE {_joined(conditions)}"
    return walked(found, change)


def walked(by: Walk, change: str) -> str:
    """A loop that runs a change for one range of keys after the other."""
    select = f"SELECT {by.key} FROM {by.table}"
    order = f"ORDER BY {by.key} LIMIT {BATCH}"
    return _LOOP.format(
        first=text_literal(f"{select} {order}"),
        change=text_literal(change),
        following=text_literal(f"{select} WHERE {by.key} > :last {order}"),
    )


def _joined(conditions: list[str]) -> str:
    first, *rest = conditions
    return " AND ".join([first, *map(_escaped, rest)])


def _escaped(sql: str) -> str:
    """A text in which `sa.text()` takes no word after a colon for a parameter."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", sql)
