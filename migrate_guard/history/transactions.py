"""Run the statements of a history as the environment would: in which transaction, under which locks and settings.

How Alembic opens transactions: `run_migrations` and `autocommit_block` of `alembic/runtime/migration.py`, 1.12 to 1.20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from migrate_guard.dialects.effects import effect
from migrate_guard.dialects.emitted import emitted
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.environment import Environment
from migrate_guard.model.folding import apply
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run, Transition
from migrate_guard.model.schema import Schema
from migrate_guard.model.statement import (
    ConstraintKey,
    HeldLock,
    NewValue,
    NotValid,
    Setting,
    Statement,
    Transaction,
    ValueKey,
)
from migrate_guard.model.target import Target


def statements(transitions: Sequence[Transition]) -> Iterator[tuple[Transition, ...]]:
    """The operations of each statement: an ALTER TABLE with several actions is read as one operation an action."""
    group: list[Transition] = []
    for transition in transitions:
        if group and transition.operation.part == 0:
            yield tuple(group)
            group = []
        group.append(transition)
    if group:
        yield tuple(group)


@dataclass(slots=True)
class Session:
    """The connection through which revisions run one after the other."""

    target: Target
    environment: Environment
    small: frozenset[QualifiedName] = frozenset()
    is_one_run: bool = False
    """The revisions are known to run in one go: they are those under review. Else each starts at its parent."""
    _number: int = 0
    _settings: dict[str, Setting] = field(default_factory=dict)
    _local: dict[str, Setting] = field(default_factory=dict)
    _held: dict[QualifiedName, HeldLock] = field(default_factory=dict)
    _not_valid: dict[ConstraintKey, NotValid] = field(default_factory=dict)
    _new_values: dict[ValueKey, NewValue] = field(default_factory=dict)
    _new_types: set[QualifiedName] = field(default_factory=set)
    _new: frozenset[QualifiedName] = frozenset()
    _emptied: frozenset[QualifiedName] = frozenset()
    _is_first: bool = True
    _is_autocommit: bool = False
    _is_committed_by_hand: bool = False

    def __post_init__(self) -> None:
        self._connect()

    def run(self, revision: Revision, run: Run) -> Iterator[Statement[ops.Operation]]:
        """The statements of one direction of a revision, in their order."""
        self._begin(run)
        for number, group in enumerate(statements(run.transitions)):
            yield from self._statement(number, group, revision, run)
        if self.environment.transactions != "single" or self._is_committed_by_hand:
            self._commit()

    def _connect(self) -> None:
        """Set what the environment sets before the first revision."""
        self._settings = {
            each.name: Setting(each.value, each.span, None) for each in self.environment.settings if not each.is_local
        }
        if self.environment.transactions == "single":
            self._local = {
                each.name: Setting(each.value, each.span, None) for each in self.environment.settings if each.is_local
            }

    def _begin(self, run: Run) -> None:
        self._emptied = frozenset()
        self._is_first = True
        self._is_autocommit = self._is_committed_by_hand = False
        if not self.is_one_run:
            self._connect()
            self._new = frozenset()
            self._held = {}

    def _commit(self) -> None:
        self._number += 1
        self._local, self._held, self._not_valid, self._new_values = {}, {}, {}, {}
        self._new_types = set()

    def _statement(
        self, number: int, group: tuple[Transition, ...], revision: Revision, run: Run
    ) -> Iterator[Statement[ops.Operation]]:
        first = group[0]
        is_block = self._enter(first.operation)
        written = tuple(each.operation for each in group)
        transaction = self._transaction(is_block=is_block)
        done: list[tuple[ops.Operation, Effects]] = []
        before = first.before
        for each in group:
            parts = emitted(each.operation, self.target.dialect)
            for place, part in enumerate(parts):
                after = each.after if place == len(parts) - 1 else apply(before, part)
                together = written if len(written) > 1 else (part,)
                met = first.before if len(written) > 1 else before
                effects = effect(part, together, met, self.target, self._time_zone())
                effects = effects.without(self._new)
                yield Statement(
                    op=part,
                    written=each.operation,
                    siblings=together if len(written) > 1 else parts,
                    number=number,
                    revision=revision,
                    direction=run.direction,
                    before=before,
                    after=after,
                    target=self.target,
                    environment=self.environment,
                    effects=effects,
                    transaction=transaction,
                    is_first=self._is_first and not done and place == 0,
                    settings={**self._settings, **self._local} if self._local else self._settings,
                    new=self._new,
                    emptied=self._emptied,
                    small=self.small,
                )
                done.append((part, effects))
                self._note_new(part, before)
                if len(written) == 1:
                    self._note(done.pop(), before, revision, is_block=is_block)
                    transaction = self._transaction(is_block=is_block)
                before = after
        for one in done:
            self._note(one, first.before, revision, is_block=is_block)
        # what is outside of a transaction has to be such that it can run again
        self._is_first = self._is_first and (not is_block or isinstance(first.operation, ops.SetParameter))

    # -- transactions

    def _enter(self, operation: ops.Operation) -> bool:
        """Whether a transaction block is open for a statement; what opens and ends blocks before it is done."""
        if operation.in_autocommit != self._is_autocommit:
            self._commit()
            self._is_autocommit, self._is_committed_by_hand = operation.in_autocommit, False
        is_block = not (self._is_autocommit or self._is_committed_by_hand or self.environment.transactions == "none")
        if not is_block:
            self._commit()
        return is_block

    def _time_zone(self) -> str | None:
        found = self._local.get("timezone") or self._settings.get("timezone")
        return found.value if found else None

    def _transaction(self, *, is_block: bool) -> Transaction:
        return Transaction(self._number, is_block, self._held, self._not_valid, self._new_values)

    # -- what statements leave behind

    def _note(self, done: tuple[ops.Operation, Effects], before: Schema, revision: Revision, *, is_block: bool) -> None:
        operation, effects = done
        self._note_rows(operation)
        if is_block:
            self._hold(operation, effects, revision)
        match operation:
            case ops.SetParameter():
                self._set(operation, is_block=is_block)
            case ops.RawSql(kind="COMMIT" | "END" | "ROLLBACK" | "ABORT"):
                self._commit()
                self._is_committed_by_hand = self.target.driver in (None, "psycopg2")
            case ops.RawSql(kind="BEGIN" | "START TRANSACTION"):
                self._is_committed_by_hand = False
        if is_block:
            self._note_pending(operation, before, revision)

    def _note_pending(self, operation: ops.Operation, before: Schema, revision: Revision) -> None:
        """What the transaction has begun and only its end makes good."""
        match operation:
            case ops.AddConstraint(table=table, constraint=constraint) if constraint.not_valid and constraint.name:
                key = (table, constraint.name)
                self._not_valid = {**self._not_valid, key: NotValid(operation, revision)}
            case ops.AddNotNull(table=table, name=str(name)):
                self._not_valid = {**self._not_valid, (table, name): NotValid(operation, revision)}
            case ops.ValidateConstraint(table=table, constraint=constraint_name):
                key = (table, constraint_name)
                self._not_valid = {each: one for each, one in self._not_valid.items() if each != key}
            case ops.CreateEnum(enum=enum):
                self._new_types.add(enum.name)
            case ops.AddEnumValue(enum=enum_name, value=value):
                added = NewValue(operation, revision, enum_name in self._new_types)
                self._new_values = {**self._new_values, (enum_name, value): added}

    def _hold(self, operation: ops.Operation, effects: Effects, revision: Revision) -> None:
        found: dict[QualifiedName, HeldLock] = {}
        for name, mode in effects.locks.items():
            held = self._held.get(name)
            if name not in self.small and (held is None or held.mode < mode):
                found[name] = HeldLock(mode, operation, revision)
        if found:
            self._held = {**self._held, **found}

    def _set(self, operation: ops.SetParameter, *, is_block: bool) -> None:
        name = operation.name
        self._local = {each: setting for each, setting in self._local.items() if each != name}
        if operation.value.upper() == "DEFAULT":
            given = [each for each in self.environment.settings if each.name == name and each.source == "connection"]
            settings = {each: setting for each, setting in self._settings.items() if each != name}
            self._settings = settings | {each.name: Setting(each.value, each.span, None) for each in given}
        elif not operation.is_local:
            self._settings = {**self._settings, name: Setting(operation.value, operation.span, operation)}
        elif is_block:
            self._local[name] = Setting(operation.value, operation.span, operation)

    def _note_new(self, operation: ops.Operation, before: Schema) -> None:
        match operation:
            case ops.CreateTable(table=table) if not (operation.if_not_exists and table.name in before.tables):
                self._new |= {table.name}
            case ops.CreateView(view=view) if view.name not in before.views:
                self._new |= {view.name}
            case ops.CreateSequence(sequence=sequence) if sequence.name not in before.sequences:
                self._new |= {sequence.name}
            case ops.RenameTable(table=name, new_name=new_name) if name in self._new:
                self._new |= {new_name}

    def _note_rows(self, operation: ops.Operation) -> None:
        match operation:
            case ops.Delete(table=table, where=None, condition=None):
                self._emptied |= {table}
            case ops.RawSql(kind="TRUNCATE" | "TRUNCATE TABLE", tables=tables, condition=None):
                self._emptied |= set(tables)
            case ops.Insert(table=table):
                self._emptied -= {table}


def together(found: Sequence[Statement[ops.Operation]]) -> Iterator[tuple[Statement[ops.Operation], ...]]:
    """The parts of each statement that the database gets."""
    group: list[Statement[ops.Operation]] = []
    for each in found:
        if group and (each.number != group[0].number or not each.op.is_sql):
            yield tuple(group)
            group = []
        group.append(each)
    if group:
        yield tuple(group)
