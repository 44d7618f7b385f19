from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking.locks import held
from migrate_guard.model.instead import Instead, Note
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import RawSql
from migrate_guard.model.patterns import lazily
from migrate_guard.rule import Problem, Severity, Statement, rule

_REFRESH: Final = "REFRESH MATERIALIZED VIEW"
_HEAD: Final = lazily(r"REFRESH\s+MATERIALIZED\s+VIEW", re.IGNORECASE)


@rule("MG324", on=Statement[RawSql], severity=Severity.WARNING)
def view_refresh_blocks(statement: Statement[RawSql]) -> Iterator[Problem]:
    """Flag the refresh of a materialized view in use that keeps its readers waiting until the query is done."""
    op, hazards = statement.op, statement.hazards
    if op.kind != _REFRESH or not hazards.blocks_reads.is_yes or "WITH NO DATA" in op.options:
        return
    view = op.tables[0]
    message = (
        f'refreshing "{view}" takes {held(hazards, view)} on it: reads wait until its query is done and its indexes'
        " are built"
    )
    is_told = _has_full_key(statement, view)
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(view),
        help="Refresh it CONCURRENTLY."
        if is_told
        else "Build a UNIQUE index on it, concurrently and without WHERE, then refresh it CONCURRENTLY.",
        instead=_instead(op, is_told=is_told),
        confidence=asking.confidence(op),
    )


def _has_full_key(statement: Statement[RawSql], view: QualifiedName) -> bool:
    """Whether a unique index covers every row of the view, by nothing but its columns."""
    table = statement.before.table(view)
    return table is not None and any(
        each.unique and each.where is None and None not in each.columns for each in table.indexes
    )


def _instead(op: RawSql, *, is_told: bool) -> Instead:
    concurrently = f"{_REFRESH} CONCURRENTLY"
    sql = _HEAD.sub(concurrently, op.sql, count=1)
    refreshed = replace(op, kind=concurrently, sql=sql)
    if is_told:
        return (refreshed,)
    return (
        Note("before this, in a revision of its own: a unique index on it, postgresql_concurrently=True"),
        refreshed,
    )
