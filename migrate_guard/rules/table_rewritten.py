from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard import asking
from migrate_guard.asking.locks import held, who_waits
from migrate_guard.model.operations import RawSql
from migrate_guard.rule import Problem, Severity, Statement, rule

_HELPS: Final = {
    "VACUUM FULL": "Leave it out of the migration: plain VACUUM blocks nobody, pg_repack gives the space back online.",
    "CLUSTER": "Leave it out of the migration: pg_repack puts the rows into the order of an index online.",
    "ALTER TABLE SET TABLESPACE": "Leave it out of the migration: pg_repack --tablespace moves the table online.",
    "ALTER TABLE SET LOGGED": "Create a logged table, copy the rows in batches, and swap the names.",
    "ALTER TABLE SET UNLOGGED": "Create an unlogged table, copy the rows in batches, and swap the names.",
}
_HELP: Final = "Create a table as it is to be, copy the rows in batches, and swap the names."


@rule("MG322", on=Statement[RawSql], severity=Severity.ERROR, yields_to=("MG811",))
def table_rewritten(statement: Statement[RawSql]) -> Iterator[Problem]:
    """Flag a statement that writes a whole table in use anew while nobody can use it."""
    op, hazards = statement.op, statement.hazards
    tables = hazards.rewrites.relations
    if not hazards.rewrites.is_yes or op.kind.startswith("REFRESH"):
        return
    if op.tables and not hazards.blocks_writes.is_yes:
        return
    message = f"{op.kind.removeprefix('ALTER TABLE ')} writes every table anew, each under a lock for which all wait"
    if op.tables:
        message = (
            f"{op.kind.removeprefix('ALTER TABLE ')} writes {asking.quoted(map(str, tables))} anew under"
            f" {held(hazards, tables[0])}: {who_waits(hazards, tables[0])} wait until it is done"
        )
    yield Problem(
        asking.hedged(message, op),
        op.span,
        object=str(op.tables[0]) if op.tables else None,
        help=_HELPS.get(op.kind, _HELP),
        confidence=asking.confidence(op),
    )
