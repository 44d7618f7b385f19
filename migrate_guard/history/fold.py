"""Replay a history: the schema before each revision, and what each does in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from msgspec import Struct, field

from migrate_guard.history.graph import reached
from migrate_guard.model import folding
from migrate_guard.model.operations import Operation, TableOperation
from migrate_guard.model.revision import Direction, History, Revision, Run
from migrate_guard.model.schema import Schema

Interpret = Callable[[Revision, Direction, Schema], Run | None]
"""Gives what a direction of a revision does from a schema on; None where the script has no such function."""


class Replayed(Struct, frozen=True):
    """One revision in its place: both directions, the downgrade from the schema that the upgrade left."""

    revision: Revision
    upgrade: Run | None
    downgrade: Run | None
    after: Schema


class Merged(NamedTuple):
    """The state that branches come to in one order."""

    schema: Schema
    astray: int
    """Operations on tables that are not there any more under that name: it is another order that was run."""


def _is_astray(operation: Operation, schema: Schema) -> bool:
    if not isinstance(operation, TableOperation) or operation.condition is not None:
        return False
    return operation.table in schema.gone and operation.table not in schema.tables


class Replay(Struct):
    """The replay of one history; states are kept as long as a revision still starts from them."""

    history: History
    interpret: Interpret
    start: Schema = field(default_factory=Schema)
    _states: dict[str, Schema] = field(default_factory=dict)
    _operations: dict[str, tuple[Operation, ...]] = field(default_factory=dict)
    _waiting: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Replayed]:
        """Replay in the order of the history."""
        history = self.history
        self._waiting = {name: len(below) for name, below in history.children.items()}
        branched = any(len(each.parents) > 1 for each in history.order)
        for revision in history.order:
            before = self._before(revision)
            upgrade = self.interpret(revision, "upgrade", before)
            after = upgrade.after if upgrade else before
            downgrade = self.interpret(revision, "downgrade", after)
            self._states[revision.id] = after
            if branched and upgrade:
                self._operations[revision.id] = tuple(each.operation for each in upgrade.transitions)
            yield Replayed(revision, upgrade, downgrade, after)
            self._release(revision)

    def _before(self, revision: Revision) -> Schema:
        """The state of one parent plus what the other parents' branches did, in an order in which all of it works."""
        parents = [parent for parent in revision.parents if parent in self._states]
        if not parents:
            return self.start
        if len(parents) == 1:
            return self._states[parents[0]]
        merged: list[Merged] = []
        for first in parents:
            merged.append(self._merged(first, [each for each in parents if each != first]))
            if not merged[-1].astray:
                break
        return min(merged, key=lambda each: each.astray).schema

    def _merged(self, first: str, others: list[str]) -> Merged:
        """The state of a parent after what the branches of the others did."""
        schema, astray = self._states[first], 0
        done, wanted = reached(self.history, [first]), reached(self.history, others)
        for each in self.history.order:
            if each.id in wanted and each.id not in done:
                for operation in self._operations.get(each.id, ()):
                    astray += _is_astray(operation, schema)
                    schema = folding.apply(schema, operation)
        return Merged(schema, astray)

    def _release(self, revision: Revision) -> None:
        for parent in revision.parents:
            if parent in self._waiting:
                self._waiting[parent] -= 1
                if self._waiting[parent] == 0:
                    self._states.pop(parent, None)
