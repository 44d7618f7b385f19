"""What to write instead of a statement that changes every row of a table: batches by key, each committed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from migrate_guard.asking.row_changes import Change
from migrate_guard.asking.safer import outside_transaction, written_name, written_table
from migrate_guard.dialects.expressions import UNKNOWN
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Code, Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.queries import Query
from migrate_guard.model.schema import Table
from migrate_guard.model.target import Target
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


def walk(name: QualifiedName, table: Table | None, target: Target) -> Walk | None:
    """How to go through a table; None where it has no key of one column that is known."""
    key = table.primary_key if table else None
    if key is None or len(key.columns) != 1:
        return None
    return Walk(written_table(name, target), written_name(key.columns[0], target))


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
    found = walk(op.table, statement.before.table(op.table), statement.target)
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


# Rows that Python takes.

_SELECT: Final = lazily(
    r"\s*SELECT\s+(?P<what>[\w\s,.*\"`]+?)\s+FROM\s+(?P<table>[\w.\"`]+)(?:\s+WHERE\s+(?P<where>.+?))?[\s;]*",
    re.IGNORECASE | re.DOTALL,
)
_MORE: Final = lazily(r"\b(ORDER\s+BY|GROUP\s+BY|LIMIT|FETCH|JOIN|UNION|FOR\s+UPDATE|OFFSET)\b", re.IGNORECASE)
_TAKEN: Final = """\
bind = op.get_bind()
rows = bind.execute(sa.text({first})){mappings}.all()
while rows:
{body}
    rows = bind.execute(sa.text({following}), {{"last": {last}}}){mappings}.all()"""
_CHANGED: Final = """\
    bind.execute(
        sa.text({change}),
        [{{{values}}} for {target} in rows],
    )"""
_TO_FILL: Final = "    pass  # what is done with all rows, for these"


def taken_in_batches(query: Query, by: Walk) -> Instead:
    """The rows of a query, so many at a time; nothing where its text is not as simple as that."""
    text = _taken(query, by, _TO_FILL)
    return (Code(text),) if text else ()


def sent_in_batches(statement: Statement[ops.Operation], by: Walk) -> Instead:
    """What a loop sends for each row, sent with a list of parameters for so many rows at a time."""
    op, loop = statement.op, statement.op.row_loop
    if not isinstance(op, ops.Update | ops.Delete) or loop is None or loop.each is None:
        return ()
    change = _with_parameters(op, dict(loop.each.values), statement)
    if change is None or statement.target.dialect == "sqlite":
        return ()
    values = ", ".join(f"{text_literal(name)}: {value}" for name, value in loop.each.values)
    body = _CHANGED.format(change=text_literal(change), values=values, target=loop.each.target)
    text = _taken(loop.query, by, body, is_mapping=loop.each.is_mapping)
    return outside_transaction(statement, (Code(text),)) if text else ()


def _taken(query: Query, by: Walk, body: str, *, is_mapping: bool = False) -> str | None:
    found = _SELECT.fullmatch(query.sql)
    if found is None or UNKNOWN in query.sql or "--" in query.sql or len(query.tables) != 1:
        return None
    given = [each.strip().rpartition(".")[2] for each in found["what"].split(",")]
    where = " ".join((found["where"] or "").split())
    is_simple = not _MORE.search(_STRING.sub("''", where)) and not _PARAMETER.search(_STRING.sub("''", where))
    if (by.key not in given and given != ["*"]) or not is_simple or not by.key.isidentifier():
        return None
    select = f"SELECT {' '.join(found['what'].split())} FROM {found['table']}"
    asked = f"({where})" if re.search(r"\bor\b", where, re.IGNORECASE) else where
    order = f"ORDER BY {by.key} LIMIT {BATCH}"
    following = _joined([f"{by.key} > :last", *([asked] if asked else [])])
    return _TAKEN.format(
        first=text_literal(" ".join(filter(None, (select, f"WHERE {_escaped(where)}" if where else "", order)))),
        following=text_literal(f"{select} WHERE {following} {order}"),
        body=body,
        last=f'rows[-1]["{by.key}"]' if is_mapping else f"rows[-1].{by.key}",
        mappings=".mappings()" if is_mapping else "",
    )


def _with_parameters(
    op: ops.Update | ops.Delete, values: Mapping[str, str], statement: Statement[ops.Operation]
) -> str | None:
    """The statement with a parameter for each value: its text, or what a Core expression comes to."""
    if UNKNOWN not in op.sql:
        sql = " ".join(op.sql.split()).rstrip("; ")
        named = set(re.findall(r"(?<![:\w\\]):(\w+)", _STRING.sub("''", sql)))
        return sql if sql and named == values.keys() and "--" not in op.sql else None
    columns = op.columns if isinstance(op, ops.Update) else ()
    asked = [each for each in values if each not in columns]
    table = written_table(op.table, statement.target)
    if not asked or op.where is None or not values.keys() >= set(columns):
        return None
    if _UNKNOWN_TERMS.fullmatch(op.where.text) is None or op.where.text.count(UNKNOWN) != len(asked):
        return None
    where = " AND ".join(f"{written_name(each, statement.target)} = :{each}" for each in asked)
    if isinstance(op, ops.Delete):
        return f"DELETE FROM {table} WHERE {where}"
    change = ", ".join(f"{written_name(each, statement.target)} = :{each}" for each in columns)
    return f"UPDATE {table} SET {change} WHERE {where}" if columns else None


_UNKNOWN_TERMS: Final = lazily(rf"[\w.\"`]+ = {UNKNOWN}(?: AND [\w.\"`]+ = {UNKNOWN})*", re.IGNORECASE)
