"""Run the statements of a history as the environment would: in which transaction, under which locks and settings.

How Alembic opens transactions: `run_migrations` and `autocommit_block` of `alembic/runtime/migration.py`, 1.12 to 1.20.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final, NamedTuple

from msgspec.structs import replace

from migrate_guard.dialects.effects import effect
from migrate_guard.dialects.emitted import emitted
from migrate_guard.history.again import can_run_again
from migrate_guard.history.grouping import are_exclusive, renamed_along, statements, types_ahead
from migrate_guard.history.novelty import emptied_after, new_after
from migrate_guard.history.parameters import Parameters
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import Effects
from migrate_guard.model.environment import Environment
from migrate_guard.model.folding import apply
from migrate_guard.model.folding_keys import implicit_name as not_null_name
from migrate_guard.model.models import Models
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run, Transition
from migrate_guard.model.schema import Column, Schema
from migrate_guard.model.statement import (
    Commit,
    ConstraintKey,
    HeldLock,
    NewValue,
    NotValid,
    Statement,
    Transaction,
    ValueKey,
)
from migrate_guard.model.target import Target

MAXIMUM_LONG: Final = 4
"""Statements that work for long and are remembered of one transaction, beside those that block another table."""

_LEAVE_IT_AT_THAT: Final = (None, "psycopg2", "asyncpg")
"""The drivers that begin no transaction after a COMMIT that is executed as SQL: they keep account of it themselves,
where psycopg and pg8000 ask the server (measured with SQLAlchemy 2.0 and 2.1).

None: SQLAlchemy's choice, which is psycopg2 in 2.0 and psycopg from 2.1 on.
"""


class _Around(NamedTuple):
    """What stands around a statement in the script and belongs to it."""

    ahead: tuple[ops.Operation, ...]
    """The types that its directive creates."""
    along: tuple[ops.Operation, ...]
    """The rename that its directive ends with."""
    commit: Commit | None


class _Part(NamedTuple):
    """An action of a statement, or one of the statements that Alembic emits for an operation."""

    op: ops.Operation
    written: ops.Operation
    emitted: tuple[ops.Operation, ...]
    before: Schema
    after: Schema


@dataclass(slots=True)
class Session:
    """The connection through which revisions run one after the other."""

    target: Target
    environment: Environment
    small: frozenset[QualifiedName] = frozenset()
    """Tables on which no work takes longer than an instant."""
    is_one_run: bool = False
    """The revisions are known to run in one go: they are those under review. Else each starts at its parent."""
    running: Models | None = None
    """The models of the code that runs while they do; None: they are not known."""
    _parameters: Parameters = field(init=False)
    _number: int = 0
    _held: dict[QualifiedName, HeldLock] = field(default_factory=dict)
    _blocking: tuple[Statement[ops.Operation], ...] = ()
    _blocked: set[tuple[str, QualifiedName]] = field(default_factory=set)
    _not_valid: Mapping[ConstraintKey, NotValid] = field(default_factory=dict)
    _new_values: dict[ValueKey, NewValue] = field(default_factory=dict)
    _new_types: set[QualifiedName] = field(default_factory=set)
    _new: frozenset[QualifiedName] = frozenset()
    _new_sequences: set[QualifiedName] = field(default_factory=set)
    """Those that number columns; apart, as every statement keeps what was new to it."""
    _emptied: frozenset[QualifiedName] = frozenset()
    _is_first: bool = True
    _unfinished: ops.Operation | None = None
    """The first operation of the revision in the transaction that cannot run again."""
    _is_autocommit: bool = False
    _is_committed_by_hand: bool = False
    _place: int | None = None
    """The place of the last statement in its text, if that has several."""

    def __post_init__(self) -> None:
        self._parameters = Parameters(self.environment)
        self._parameters.connect()

    @property
    def new(self) -> frozenset[QualifiedName]:
        """What was there before the last run only for the range under review, and what that run has created."""
        return self._new

    def run(
        self, revision: Revision, run: Run, new: frozenset[QualifiedName] = frozenset()
    ) -> Iterator[Statement[ops.Operation]]:
        """The statements of one direction of a revision, in their order; `new` is what its range has created before."""
        self._begin(new)
        groups = tuple(statements(run.transitions))
        for number, group in enumerate(groups):
            around = _Around(
                types_ahead(groups, number),
                renamed_along(group, groups[number + 1 : number + 2]),
                self._committed_before(number, groups),
            )
            yield from self._statement(number, group, revision, run, around)
        if self.environment.transactions != "single" or self._is_committed_by_hand:
            self._commit()

    def _begin(self, new: frozenset[QualifiedName]) -> None:
        self._emptied = frozenset()
        self._is_first = True
        self._unfinished = None
        self._is_autocommit = self._is_committed_by_hand = False
        self._new = new
        self._parameters.open_apart()
        if not self.is_one_run:
            self._parameters.connect()
            self._new_sequences = set()
            self._held, self._blocking, self._blocked = {}, (), set()

    def _commit(self) -> None:
        self._number += 1
        self._parameters.commit()
        self._held, self._not_valid, self._new_values = {}, {}, {}
        self._new_types = set()
        self._blocking, self._blocked = (), set()
        self._unfinished = None

    def _statement(
        self, number: int, group: tuple[Transition, ...], revision: Revision, run: Run, around: _Around
    ) -> Iterator[Statement[ops.Operation]]:
        first, written = group[0], tuple(each.operation for each in group)
        is_several = len(group) > 1
        is_block = self._enter(first.operation)
        not_valid: Mapping[ConstraintKey, NotValid] = {}
        done: list[tuple[ops.Operation, Effects]] = []
        for place, part in enumerate(_parts(group, self.target)):
            together, met = (written, first.before) if is_several else ((part.op,), part.before)
            effects = effect(
                *(part.op, together, met, self.target, self._parameters.time_zone),
                checks_foreign_keys=self._parameters.checks_foreign_keys,
            )
            effects = effects.without(self._new).without(self._new_sequences)
            transaction = self._transaction(part.written, is_block=is_block)
            if not_valid:
                transaction = replace(transaction, not_valid={**transaction.not_valid, **not_valid})
            statement = Statement(
                op=part.op,
                written=part.written,
                siblings=written if is_several else (*around.ahead, *part.emitted, *around.along),
                number=number,
                revision=revision,
                direction=run.direction,
                before=part.before,
                after=part.after,
                target=self.target,
                environment=self.environment,
                effects=effects,
                transaction=transaction,
                before_siblings=first.before,
                is_first=self._is_first and place == 0,
                commit=around.commit if place == 0 else None,
                settings=self._parameters.in_force(part.op, is_block=is_block),
                new=self._new,
                emptied=self._emptied,
                small=self.small,
                running=self.running,
            )
            yield statement
            self._note_new(part.op, part.before)
            if is_several:
                # the actions of one ALTER TABLE meet the schema before it; what they leave behind comes with its end
                done.append((part.op, effects))
                not_valid = _with_not_valid(not_valid, part.op, effects, revision)
            else:
                self._note(part.op, effects, part.before, revision, is_block=is_block)
            if is_block and statement.hazards.is_blocking and self._is_telling(statement.hazards):
                self._blocking = (*self._blocking, statement)
        for operation, effects in done:
            self._note(operation, effects, first.before, revision, is_block=is_block)
        # what is outside of a transaction has to be such that it can run again
        lasting = next((each for each in written if not can_run_again(each)), None) if is_block else None
        self._is_first = self._is_first and lasting is None
        self._unfinished = self._unfinished or lasting

    def _is_telling(self, hazards: Effects) -> bool:
        """Whether a statement blocks what none before it does, or is one of the first to take long."""
        found = {
            *(("reads", name) for name in hazards.blocks_reads.relations),
            *(("writes", name) for name in hazards.blocks_writes.relations),
        }
        if not found <= self._blocked:
            self._blocked |= found
            return True
        return hazards.is_long and sum(each.hazards.is_long for each in self._blocking) < MAXIMUM_LONG

    # -- transactions

    def _committed_before(self, number: int, groups: Sequence[tuple[Transition, ...]]) -> Commit | None:
        """What the autocommit block commits that begins with a statement, if one does and there is something."""
        first = groups[number][0].operation
        if self._unfinished is None or self._is_autocommit or not first.in_autocommit or first.is_apart:
            return None
        if are_exclusive(self._unfinished, first):
            return None
        block = takewhile(lambda group: group[0].operation.in_autocommit, groups[number:])
        return Commit(self._unfinished, tuple(each.operation for group in block for each in group))

    def _enter(self, operation: ops.Operation) -> bool:
        """Whether a transaction block is open for a statement; what opens and ends blocks before it is done."""
        if operation.is_apart and operation.in_autocommit:
            return False
        if operation.in_autocommit != self._is_autocommit:
            self._commit()
            self._is_autocommit, self._is_committed_by_hand = operation.in_autocommit, False
        if not (self._is_autocommit or self._is_committed_by_hand or self.environment.transactions == "none"):
            return True
        place = operation.place_in_text
        if not (place and self._place is not None and place > self._place):
            self._commit()
        self._place = place
        # PostgreSQL runs the statements of one text in one transaction (manual, 55.2.2.1)
        return place is not None

    def _transaction(self, operation: ops.Operation, *, is_block: bool) -> Transaction:
        if not is_block:
            return Transaction(self._number, is_block=False)
        blocking, held = self._blocking, self._held
        if operation.condition is not None:
            blocking = tuple(each for each in blocking if not are_exclusive(each.op, operation))
            held = {name: each for name, each in held.items() if not are_exclusive(each.by, operation)}
        return Transaction(self._number, is_block, held, self._not_valid, self._new_values, blocking)

    # -- what statements leave behind

    def _note(
        self, operation: ops.Operation, effects: Effects, before: Schema, revision: Revision, *, is_block: bool
    ) -> None:
        self._emptied = emptied_after(operation, self._emptied)
        if is_block:
            self._hold(operation, effects, revision)
        match operation:
            case ops.SetParameter():
                self._parameters.set(operation, is_block=is_block)
            case ops.RawSql(kind="COMMIT" | "END" | "ROLLBACK" | "ABORT"):
                self._commit()
                self._is_committed_by_hand = self.target.driver in _LEAVE_IT_AT_THAT
            case ops.RawSql(kind="BEGIN" | "START TRANSACTION"):
                self._is_committed_by_hand = False
            case ops.RawSql(kind="DISCARD", sql=sql) if sql.upper().split()[1:2] == ["ALL"]:
                self._parameters.reset()
        if is_block:
            self._not_valid = _with_not_valid(self._not_valid, operation, effects, revision)
            self._note_pending(operation, before, revision)

    def _note_pending(self, operation: ops.Operation, before: Schema, revision: Revision) -> None:
        """What the transaction has begun and only its end makes good."""
        match operation:
            case ops.CreateEnum(enum=enum):
                self._new_types.add(enum.name)
            case ops.AddEnumValue(enum=enum_name, value=value) if value not in _labels(enum_name, before):
                added = NewValue(operation, revision, enum_name in self._new_types)
                self._new_values = {**self._new_values, (enum_name, value): added}
            case ops.RenameEnumValue(enum=enum_name, value=value, new_value=new_value):
                self._rename_values({(enum_name, value): (enum_name, new_value)})
            case ops.RenameType(type=old, new_name=new):
                self._new_types = {new if each == old else each for each in self._new_types}
                self._rename_values({key: (new, key[1]) for key in self._new_values if key[0] == old})
            case ops.DropType(type=dropped):
                self._new_values = {key: added for key, added in self._new_values.items() if key[0] != dropped}

    def _rename_values(self, names: Mapping[ValueKey, ValueKey]) -> None:
        self._new_values = {names.get(key, key): added for key, added in self._new_values.items()}

    def _hold(self, operation: ops.Operation, effects: Effects, revision: Revision) -> None:
        found: dict[QualifiedName, HeldLock] = {}
        for name, mode in effects.locks.items():
            held = self._held.get(name)
            if name not in self.small and (held is None or held.mode < mode):
                found[name] = HeldLock(mode, operation, revision)
        if found:
            self._held = {**self._held, **found}
        if isinstance(operation, ops.RenameTable) and operation.table in self._held:
            self._held = {
                operation.new_name if name == operation.table else name: held for name, held in self._held.items()
            }

    def _note_new(self, operation: ops.Operation, before: Schema) -> None:
        self._new = new_after(operation, self._new, before)
        match operation:
            case ops.CreateTable(table=table) if table.name in self._new:
                self._new_sequences.update(_sequences(table.columns, table.name))
            case ops.AddColumn(table=name, column=column):
                self._new_sequences.update(_sequences([column], name))


def _parts(group: Sequence[Transition], target: Target) -> Iterator[_Part]:
    """What the database gets, each with the schema around it."""
    before = group[0].before
    for each in group:
        parts = emitted(each.operation, target.dialect)
        for place, part in enumerate(parts, 1):
            after = each.after if place == len(parts) else apply(before, part)
            yield _Part(part, each.operation, parts, before, after)
            before = after


def _labels(enum: QualifiedName, schema: Schema) -> tuple[str, ...]:
    """The values that an enum type is known to have."""
    found = schema.enums.get(enum)
    return found.values if found else ()


def _with_not_valid(
    found: Mapping[ConstraintKey, NotValid], operation: ops.Operation, effects: Effects, revision: Revision
) -> Mapping[ConstraintKey, NotValid]:
    """The constraints that are NOT VALID after an operation of the transaction."""
    match operation:
        case ops.AddConstraint(table=table, constraint=constraint) if constraint.not_valid and constraint.name:
            return {**found, (table, constraint.name): NotValid(operation, revision, effects.locks)}
        case ops.AddNotNull(table=table, column=column, name=given):
            return {
                **found,
                (table, given or not_null_name(table, column)): NotValid(operation, revision, effects.locks),
            }
        case ops.ValidateConstraint(table=table, constraint=name) | ops.DropConstraint(table=table, constraint=name):
            return {key: each for key, each in found.items() if key != (table, name)}
    return found


def _sequences(columns: Iterable[Column], table: QualifiedName) -> Iterator[QualifiedName]:
    """The sequences that number columns."""
    for each in columns:
        if each.is_serial or each.is_identity:
            yield QualifiedName(each.sequence_in(table), table.schema)
