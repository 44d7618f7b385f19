"""What statements do to a SQLite database in use.

There are no locks on tables: one connection writes at a time, and what it has written others see when it commits
(sqlite.org/lockingv3.html, wal.html, isolation.html). So the answers about who waits name no table. Which statements
read or write every row: lang_altertable.html, and SQLite 3.40, whose steps the tests count.
"""

from __future__ import annotations

from typing import Final

from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NOTHING, Answer, Effects
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import CheckConstraint

_WAITS: Final = Answer.yes("SQLite lets one connection write at a time: every other waits until this one commits")
_READERS: Final = "readers wait while it commits; in WAL mode they do not"
_WRITING: Final = Effects(blocks_writes=_WAITS, notes=(_READERS,))
_SETTLED: Final = ("SELECT", "PRAGMA", "EXPLAIN", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE")
"""How the kinds of statements begin that write nothing."""


def effect(operation: ops.Operation) -> Effects:
    """What one statement does; of a batch block that copies the table, all of it is that of the copy."""
    match operation:
        case ops.Opaque() | ops.SetParameter():
            return NOTHING
        case ops.RawSql(kind=kind):
            return NOTHING if kind.startswith(_SETTLED) else _WRITING
        case ops.RecreateTable(table=table):
            return _rewriting("batch mode writes every row into a new table, and builds its indexes anew", table)
        case ops.CreateIndex(table=table):
            return _scanning("every row is read for the index", table)
        case ops.DropColumn(table=table, in_batch=False):
            return _rewriting("DROP COLUMN writes every row without it", table)
        case ops.AddColumn(table=table, column=column, constraints=constraints):
            is_checked = any(isinstance(each, CheckConstraint) for each in constraints)
            if is_checked or (column.computed is not None and column.nullable is False):
                return _scanning("every row is compared with the new constraint", table)
        case ops.Update(table=table, where=None) | ops.Delete(table=table, where=None):
            return _rewriting("it writes every row", table)
    return _WRITING


def _rewriting(why: str, table: QualifiedName) -> Effects:
    answer = Answer.yes(why, table)
    return Effects(blocks_writes=_WAITS, rewrites=answer, scans=answer, notes=(_READERS,))


def _scanning(why: str, table: QualifiedName) -> Effects:
    return Effects(blocks_writes=_WAITS, scans=Answer.yes(why, table), notes=(_READERS,))
