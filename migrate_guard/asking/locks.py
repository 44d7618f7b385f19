"""Questions about what a statement does to a database in use."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from migrate_guard.dialects.effects import effect
from migrate_guard.history.parameters import checks_foreign_keys
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.statement import Statement


def blocked(effects: Effects) -> tuple[QualifiedName, ...]:
    """The relations whose readers or writers wait, those of the strongest answer first."""
    answers = (effects.blocks_reads, effects.blocks_writes)
    return tuple(dict.fromkeys(name for answer in answers if answer.is_possible for name in answer.relations))


def takes_long(effects: Effects) -> bool:
    """Whether it may take longer than an instant: rows are read or written, indexes built."""
    works = (effects.scans, effects.rewrites, effects.rebuilds_index, effects.builds_index)
    return any(each.is_possible for each in works)


def blocks_for_long(effects: Effects) -> bool:
    """Whether somebody waits for longer than an instant."""
    return takes_long(effects) and bool(blocked(effects))


def who_waits(effects: Effects, table: QualifiedName) -> str:
    """What cannot be done with a table meanwhile, for a sentence: "reads and writes", "writes"."""
    reads = effects.blocks_reads.is_possible and table in effects.blocks_reads.relations
    writes = effects.blocks_writes.is_possible and table in effects.blocks_writes.relations
    return "reads and writes" if reads and writes else "reads" if reads else "writes"


def held(effects: Effects, table: QualifiedName) -> str:
    """The lock on a table, or the strongest on an index of it, for a sentence: "ACCESS EXCLUSIVE"."""
    mode = effects.locks.get(table) or max(effects.index_locks.values(), default=None)
    return str(mode) if mode is not None else "a lock"


def would_do(
    statement: Statement[ops.Operation],
    operation: ops.Operation,
    time_zone: str | None = None,
    after: Iterable[ops.Operation] = (),
) -> Effects:
    """What another operation would do in the place of a statement, to tables in use that are not small.

    `time_zone` is that of the session, if it is to be another; `after` is what would be done before it.
    """
    setting = statement.settings.get("timezone")
    zone = time_zone or (setting.value if setting else None)
    schema = reduce(apply, after, statement.before)
    is_checked = checks_foreign_keys(statement.settings)
    found = effect(operation, (operation,), schema, statement.target, zone, checks_foreign_keys=is_checked)
    return found.without(statement.new | statement.small)
