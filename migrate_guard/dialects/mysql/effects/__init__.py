"""What statements do to a MySQL 8.0 and later and a MariaDB 10.6 and later in use, its tables being InnoDB's.

The functions here are pure: an operation, the schema before it and the version in, `Effects` out. Sources: MySQL
reference manual 8.4, 17.12.1 "Online DDL Operations", 17.12.2 "Online DDL Performance and Concurrency" and 15.3.3
"Statements That Cause an Implicit Commit", with the notes "as of MySQL 8.0.x" of the manual of 8.0. MariaDB was asked:
a server 10.11 refuses a statement whose ALGORITHM or LOCK it cannot do (tests/dialects/mysql).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from migrate_guard.dialects.mysql.effects import columns, keys, other
from migrate_guard.dialects.mysql.effects.scene import Scene
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, Algorithm, Answer, Effects
from migrate_guard.model.locks import OnlineLock
from migrate_guard.model.patterns import lazily
from migrate_guard.model.schema import Schema
from migrate_guard.model.target import Target

__all__ = ["effect"]


def effect(
    operation: ops.Operation,
    statement: Sequence[ops.Operation],
    schema: Schema,
    target: Target,
    *,
    checks_foreign_keys: bool = True,
) -> Effects:
    """What one operation of a statement does, in the schema before that statement."""
    scene = Scene(schema, target, tuple(statement), checks_foreign_keys)
    found = _EFFECTS.get(type(operation), other.nothing)(operation, scene)
    return _as_asked(operation, found) if operation.is_sql and found.algorithms else found


_CLAUSE: Final = lazily(r"\b(ALGORITHM|LOCK)\s*=?\s*(\w+)", re.IGNORECASE)


def _as_asked(operation: ops.Operation, found: Effects) -> Effects:
    """The effects under the ALGORITHM and LOCK that the statement asks for; what the server cannot do it refuses."""
    asked = {clause.upper(): value.upper() for clause, value in _CLAUSE.findall(operation.text)}
    algorithm = Algorithm.__members__.get(asked.get("ALGORITHM", ""))
    lock = OnlineLock.__members__.get(asked.get("LOCK", ""))
    best, needed = max(found.algorithms.values()), max(found.locks.values(), default=OnlineLock.NONE)
    if (algorithm is not None and algorithm < best) or (lock is not None and lock < needed):
        why = f"it is refused: at best the table is altered with {best} and {needed}"
        return Effects(algorithms=found.algorithms, locks=found.locks, commits=found.commits, notes=(why,))
    names = tuple(found.algorithms)
    if algorithm is Algorithm.COPY and best is not Algorithm.COPY:
        found = found | other.copied("the statement asks for ALGORITHM=COPY", names)
    if lock is None or lock <= needed:
        return found
    why = f"the statement asks for {lock}"
    return found | Effects(
        locks=dict.fromkeys(names, lock),
        blocks_reads=Answer.yes(why, *names) if lock.blocks_reads else NO,
        blocks_writes=Answer.yes(why, *names) if lock.blocks_writes else NO,
    )


def _unknown(operation: ops.Opaque, _: Scene) -> Effects:
    return Effects(open_locks=(operation.reason,)) if not operation.tables else other.perhaps(operation)


_EFFECTS: Final[Mapping[type[ops.Operation], Callable[[Any, Scene], Effects]]] = {
    ops.CreateTable: other.create_table,
    ops.DropTable: other.drop_table,
    ops.RenameTable: other.rename_table,
    ops.AddColumn: columns.add,
    ops.DropColumn: columns.drop,
    ops.AlterColumn: columns.alter,
    ops.RenameColumn: columns.rename,
    ops.CreateIndex: keys.create_index,
    ops.DropIndex: keys.drop_index,
    ops.RenameIndex: keys.rename_index,
    ops.AddConstraint: keys.add,
    ops.DropConstraint: keys.drop,
    ops.CreateView: other.commit,
    ops.DropView: other.commit,
    ops.CreateSequence: other.commit,
    ops.DropSequence: other.commit,
    ops.Update: other.rows,
    ops.Delete: other.rows,
    ops.RawSql: other.raw,
    ops.Opaque: _unknown,
}
