"""Questions about statements that change rows: how many of them, of which tables, and how often."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final, TypeAlias

from migrate_guard.asking import transactions
from migrate_guard.dialects.expressions import UNKNOWN
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Severity
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.queries import Query
from migrate_guard.model.schema import Column, Expression, Schema, Table
from migrate_guard.model.target import Target
from migrate_guard.rule import Related, RevisionView, Statement

Change: TypeAlias = ops.Update | ops.Delete


def changes(view: RevisionView) -> Iterator[Statement[Change]]:
    """The UPDATEs and DELETEs of an upgrade on tables that have rows, many as far as anybody knows.

    Not of a table that the revision drops afterwards, nor of Alembic's own.
    """
    dropped = {each.op.table for each in view.statements if isinstance(each.op, ops.DropTable)}
    for each in view.statements:
        if not isinstance(each.op, ops.Update | ops.Delete) or each.op.table in dropped:
            continue
        if is_in_use(each, each.op.table):
            yield each  # type: ignore[misc]  # of these operations


def is_in_use(statement: Statement[ops.Operation], table: QualifiedName) -> bool:
    """Whether a table is there before the revision, and not known to be small or empty."""
    if table.name in ("", statement.environment.version_table) or is_of_catalog(table):
        return False
    return statement.has_rows(table) and table not in statement.small


def is_of_catalog(table: QualifiedName) -> bool:
    """Whether a table is one of the database's own."""
    return table.schema in ("information_schema", "pg_catalog", "sys") or table.name.startswith(("pg_", "sqlite_"))


def severity(target: Target, statement: Statement[ops.Operation] | None = None) -> Severity | None:
    """How bad work on many rows is; None: as bad as the rule says.

    A SQLite file has one writer anyway, and rarely many rows. What runs under a lock that keeps others from a table is
    a warning already (MG326), to which this is a hint.
    """
    if target.dialect == "sqlite":
        return Severity.INFO
    is_told = statement is not None and target.dialect == "postgresql" and is_under_lock(statement)
    return Severity.INFO if is_told else None


def is_under_lock(statement: Statement[ops.Operation]) -> bool:
    """Whether an earlier statement of the transaction keeps others from a table in use."""
    earlier = (each for each in statement.transaction.blocking if not isinstance(each.op, ops.CreateIndex))
    return statement.transaction.is_block and any(transactions.about(each) for each in earlier)


def and_others(first: Statement[ops.Operation], others: Sequence[Statement[ops.Operation]]) -> str:
    """How many more statements there is the same to say of, for the end of a sentence."""
    places = {each.span for each in others} - {first.span}
    if not places:
        return ""
    return f"; {len(places)} more statements do the same" if len(places) > 1 else "; another statement does the same"


def related(
    first: Statement[ops.Operation], others: Sequence[Statement[ops.Operation]], told: str
) -> tuple[Related, ...]:
    """Where these statements stand."""
    places = dict.fromkeys(each.span for each in others if each.span != first.span)
    return tuple(Related(each, told) for each in places)[:_MOST_RELATED]


_MOST_RELATED: Final = 5


# Which rows.

_STRING: Final = lazily(r"'(?:[^']|'')*'")
_BOUND: Final = rf"(?:''|-?\b\d[\d.]*\b|:\w+|%s|%\(\w+\)s|\$\d+|\?|{UNKNOWN})"
_TAUTOLOGY: Final = lazily(r"true|1|1\s*=\s*1|not\s+false", re.IGNORECASE)
_JOINED: Final = lazily(r"[a-z_\"`][\w.\"`]*\s*=\s*[a-z_\"`][\w.\"`]*", re.IGNORECASE)
_PICKED: Final = lazily(r"^\s*WITH\b|\b(?:FROM|JOIN|USING)\s*\(|\bLIMIT\b", re.IGNORECASE)
"""Rows of a query, which are as many as it gives: of a CTE, of a subquery, of a batch."""
_NULL: Final = lazily(r"(?:[\w\"`]+\.)?[\"`]?(\w+)[\"`]?\s+is\s+null", re.IGNORECASE)
_NOT_NULL: Final = lazily(r"(?:[\w\"`]+\.)?[\"`]?(\w+)[\"`]?\s+is\s+not\s+null", re.IGNORECASE)


def _terms(where: Expression) -> tuple[str, ...]:
    """The terms of a condition that all have to hold; one term where it is not as simple as that."""
    text = _bare(_STRING.sub("''", where.text).strip())
    if re.search(r"\b(or|between|case|select)\b", text, re.IGNORECASE):
        return (text,)
    return tuple(_bare(each.strip()) for each in re.split(r"\band\b", text, flags=re.IGNORECASE))


def _bare(text: str) -> str:
    while text.startswith("(") and text.endswith(")") and ")" not in text[1:-1].partition("(")[0]:
        if text[1:-1].count("(") != text[1:-1].count(")") or text.find(")") < text.rfind("("):
            break
        text = text[1:-1].strip()
    return text


def is_by_key(where: Expression | None, table: Table | None) -> bool:
    """Whether a condition picks few rows by a key: each column of it is compared with a value, or values listed.

    Of a table that the history does not create, `id` is taken for the key.
    """
    if where is None:
        return False
    text = _STRING.sub("''", where.text)
    if re.search(r"\bor\b", text, re.IGNORECASE) and not _is_one_key_of_several(text, table):
        return False
    keys = _keys(table)
    return any(key and all(_is_picked(column, text) for column in key) for key in keys)


def _is_one_key_of_several(text: str, table: Table | None) -> bool:
    """`id = 1 OR id = 2`."""
    return all(
        any(len(key) == 1 and _is_picked(key[0], each) for key in _keys(table))
        for each in re.split(r"\bor\b", text, flags=re.IGNORECASE)
    )


def _keys(table: Table | None) -> list[tuple[str, ...]]:
    if table is None:
        return [("id",)]
    found = [each.columns for each in (table.primary_key, *table.unique_constraints) if each is not None]
    found += [
        tuple(filter(None, each.columns))
        for each in table.indexes
        if each.unique and each.where is None and None not in each.columns
    ]
    if table.is_open and table.primary_key is None:
        found.append(("id",))
    return found


def _is_picked(column: str, text: str) -> bool:
    """Whether a column is compared with a value, values listed, a range of keys, or a batch that LIMIT ends."""
    name = rf"(?<![\w]){re.escape(column)}[\"`]?"
    compared = rf"{name}\s*=\s*(?:any\s*\(\s*)?{_BOUND}"
    listed = rf"{name}\s+in\s*\(?\s*{_BOUND}|{name}\s+in\s+{_BOUND}"
    ranged = rf"{name}\s+between\s+{_BOUND}\s+and\s+{_BOUND}"
    batch = rf"{name}\s+in\s*\(\s*select\b.*\blimit\b"
    bounds = rf"{name}\s*<=?\s*{_BOUND}.*{name}\s*>=?\s*{_BOUND}|{name}\s*>=?\s*{_BOUND}.*{name}\s*<=?\s*{_BOUND}"
    return re.search(f"{compared}|{listed}|{ranged}|{batch}|{bounds}", text, re.IGNORECASE | re.DOTALL) is not None


def whole_because(statement: Statement[Change], view: RevisionView) -> str:
    """Why an UPDATE or DELETE with a WHERE is about every row, for the end of a sentence; empty: that is not known."""
    op = statement.op
    if op.where is None or UNKNOWN in op.where.text:
        return ""
    reasons = [_reason(term, statement, view) for term in _terms(op.where)]
    return next(filter(None, reasons), "") if all(reasons) else ""


def _reason(term: str, statement: Statement[Change], view: RevisionView) -> str:
    op, table = statement.op, statement.before.table(statement.op.table)
    if _TAUTOLOGY.fullmatch(term):
        return "its WHERE holds for every row"
    if found := _NULL.fullmatch(term):
        column = table.column(found[1]) if table else None
        is_empty = column is not None and _is_empty(statement, column, view)
        return f'"{found[1]}" is NULL in every row from before it' if is_empty else ""
    if found := _NOT_NULL.fullmatch(term):
        column = table.column(found[1]) if table else None
        is_key = table is not None and table.primary_key is not None and found[1] in table.primary_key.columns
        is_required = is_key or (column is not None and column.nullable is False)
        return f'"{found[1]}" is NOT NULL in every row' if is_required else ""
    if (
        op.reads
        and not _PICKED.search(op.sql)
        and _JOINED.fullmatch(term)
        and not re.search(r"=\s*[\"`]?(true|false|null)\b", term, re.IGNORECASE)
    ):
        return f'every row that has one in "{op.reads[0]}" is changed' if isinstance(op, ops.Update) else ""
    return ""


def _is_empty(statement: Statement[Change], column: Column, view: RevisionView) -> bool:
    """Whether a column has come after its table, with no value for the rows that were there, and got none since."""
    op = statement.op
    if column.default is not None or column.nullable is False:
        return False
    if not isinstance(op, ops.Update) or column.name not in op.columns or _is_written_before(statement, column, view):
        return False
    return column.name in added_columns(view, op.table) or (op.table, column.name) in view.unfilled


def _is_written_before(statement: Statement[Change], column: Column, view: RevisionView) -> bool:
    earlier = takewhile(lambda each: each is not statement, view.statements)
    return any(
        isinstance(each.op, ops.Update) and each.op.table == statement.op.table and column.name in each.op.columns
        for each in earlier
    )


def is_about_old_rows(statement: Statement[Change], view: RevisionView) -> bool:
    """Whether only rows without a value are meant, of a column that neither the revision nor its parent has added.

    Code that has run since then writes it, so that nobody knows how many there are.
    """
    op = statement.op
    recent = {view.revision.id, *view.revision.down}
    asked = [found[1] for each in _terms(op.where) if (found := _NULL.fullmatch(each))] if op.where else []
    here = added_columns(view, op.table)
    return any(view.unfilled.get((op.table, each), "") not in recent for each in asked if each not in here)


def added_columns(view: RevisionView, table: QualifiedName) -> frozenset[str]:
    """The columns that the upgrade adds to a table."""
    transitions = view.upgrade.transitions if view.upgrade else ()
    return frozenset(
        each.operation.column.name
        for each in transitions
        if isinstance(each.operation, ops.AddColumn) and each.operation.table == table
    )


# Queries.


def read_in_full(query: Query, view: RevisionView) -> QualifiedName | None:
    """The table in use of which a query gives every row, as far as its WHERE tells; None where it gives fewer."""
    if query.is_limited or query.is_grouped or not query.tables:
        return None
    where = query.where
    if where is not None and not all(_NULL.fullmatch(each) or _NOT_NULL.fullmatch(each) for each in _terms(where)):
        return None
    return next((each for each in query.tables if is_used_before(each, view)), None)


def is_used_before(table: QualifiedName, view: RevisionView) -> bool:
    """Whether the upgrade finds a table with rows, not known to be small."""
    if is_of_catalog(table) or table.name == view.environment.version_table:
        return False
    created = {
        each.operation.table.name
        for each in (view.upgrade.transitions if view.upgrade else ())
        if isinstance(each.operation, ops.CreateTable)
    }
    statements = view.statements
    is_new = any(each.is_new(table) for each in statements) or table in created
    return not is_new and not any(table in each.small for each in statements)


def schema_before(view: RevisionView) -> Schema | None:
    """The schema that the upgrade finds."""
    return view.upgrade.before if view.upgrade else None
