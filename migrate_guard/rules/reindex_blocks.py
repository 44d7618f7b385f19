from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking import indexes, locks
from migrate_guard.model.operations import RawSql
from migrate_guard.rule import Problem, Severity, Statement, rule

_MOST_NAMED: Final = 3


@rule("MG323", on=Statement[RawSql], severity=Severity.WARNING)
def reindex_blocks(statement: Statement[RawSql]) -> Iterator[Problem]:
    """Flag REINDEX without CONCURRENTLY, which blocks reads and writes of a table in use."""
    op, effects = statement.op, statement.hazards
    if not op.kind.startswith("REINDEX") or indexes.is_concurrent(op) or not effects.rebuilds_index.is_possible:
        return
    if statement.transaction.is_block and effects.transactional.is_no:
        return
    tables = locks.blocked(effects)
    if tables:
        what = asking.quoted(map(str, tables)) if len(tables) <= _MOST_NAMED else f"{len(tables)} tables"
        where = f"{locks.who_waits(effects, tables[0])} of {what}"
    elif effects.open_locks:
        where = "reads and writes of its table"
    else:
        return
    yield Problem(
        asking.hedged(f"{indexes.spelled(op)} blocks {where} until it is done", op),
        op.span,
        object=indexes.about(statement),
        help="Rebuild concurrently, in an autocommit block.",
        instead=indexes.rebuilt(statement, op),
        confidence=asking.confidence(op),
    )
