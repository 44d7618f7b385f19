"""Whether SQLite enforces foreign keys while a revision runs: what env.py and the script say of PRAGMA foreign_keys.

The PRAGMA does nothing while a transaction is open (sqlite.org/pragma.html#pragma_foreign_keys). Python's sqlite3 opens
one before INSERT, UPDATE and DELETE, not before DDL or a PRAGMA; the copy of batch mode has an INSERT.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from migrate_guard.dialects.sqlite.foreign_keys import is_on
from migrate_guard.model import operations as ops
from migrate_guard.model.environment import Environment
from migrate_guard.model.revision import Run, Transition
from migrate_guard.model.source import Span

_NAME: Final = "foreign_keys"
_ENDING: Final = ("COMMIT", "END", "ROLLBACK")


class Enforced(Struct, frozen=True):
    """Foreign keys are enforced."""

    by: Span
    """What has switched them on."""
    ignored: ops.SetParameter | None = None
    """A PRAGMA that was to switch them off, and came too late."""
    opened_by: ops.Operation | None = None
    """What had opened the transaction in which it did nothing; None: env.py opens one before the revision."""


def steps(run: Run, environment: Environment) -> Iterator[tuple[Transition, Enforced | None]]:
    """What a direction of a revision does, each with whether foreign keys are enforced then."""
    given = next((each for each in reversed(environment.settings) if each.name == _NAME), None)
    state = Enforced(given.span) if given is not None and is_on(given.value) else None
    opened: ops.Operation | None = None
    for transition in run.transitions:
        yield transition, state
        op = transition.operation
        match op:
            case ops.Operation(is_apart=True):
                continue
            case ops.SetParameter(name=name, value=value) if name == _NAME:
                if not environment.begins_for_driver and (opened is None or op.in_autocommit):
                    state = Enforced(op.span) if is_on(value) else None
                elif state is not None and not is_on(value):
                    state = Enforced(state.by, op, opened)
            case ops.Insert() | ops.Update() | ops.Delete() | ops.RecreateTable() if not op.in_autocommit:
                opened = opened or op
            case ops.RawSql(kind=kind) if kind.startswith(_ENDING):
                opened = None
