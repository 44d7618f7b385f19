"""Whether a downgrade takes its upgrade back: fold upgrade, downgrade and upgrade, and compare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.history.comparison import differences
from migrate_guard.history.existing import existing
from migrate_guard.history.fold import Interpret, Replay, Replayed
from migrate_guard.history.missing import may_be_made_again, missing
from migrate_guard.history.refused import refused
from migrate_guard.model import folding
from migrate_guard.model import operations as ops
from migrate_guard.model.difference import Difference, Part
from migrate_guard.model.folding import trusted
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Direction, Revision, Run, Transition
from migrate_guard.model.schema import Constraint, Index, Schema
from migrate_guard.model.source import Span
from migrate_guard.model.target import Target

Fault: TypeAlias = Literal[
    "downgrade-raises", "second-upgrade-raises", "schema-not-restored", "downgrade-changes-nothing"
]
"""What is wrong with a downgrade that is meant to take its upgrade back."""
Outcome: TypeAlias = Literal["restored", "unknown", "no-downgrade", "declared-irreversible", "empty-downgrade", Fault]
MOST_SEARCHED: Final = 200_000
"""Pairs of differences and operations up to which it is looked for what made each difference."""
FAULTS: Final[frozenset[Fault]] = frozenset(get_args(Fault))


class Impossible(Struct, frozen=True):
    """An operation that cannot work at its place."""

    operation: ops.Operation
    direction: Direction
    what: str
    """`"users" has no column "emial"`."""
    object: str
    because: Span | None = None
    """What makes it impossible: where the object was made or lost, what depends on it."""
    name: str = ""
    """The name of what is not there; empty where something else is in the way."""
    known: tuple[str, ...] = ()
    """What that name may be a slip of."""


class Reversal(Struct, frozen=True):
    """What upgrade, downgrade and upgrade of one revision come to."""

    revision: Revision
    outcome: Outcome
    impossible: tuple[Impossible, ...] = ()
    """The operations of the downgrade that cannot work, or else those of the second upgrade."""
    differences: tuple[Difference, ...] = ()
    """What the downgrade does not restore; also where that rests on something unknown."""

    @property
    def fault(self) -> Fault | None:
        """What is wrong, where that is certain."""
        return self.outcome if self.outcome in FAULTS else None


def reversals(replay: Replay, target: Target) -> Iterator[Reversal]:
    """Reverse every revision of a history, in its order."""
    for each in replay:
        yield reverse(each, replay.interpret, target)


def reverse(replayed: Replayed, interpret: Interpret, target: Target) -> Reversal:
    """Judge one revision; the upgrade is interpreted again where the downgrade leaves another schema than it found.

    That the schema before is what it is believed to be is taken for granted: only what this revision itself leaves
    open makes its differences doubtful.
    """
    revision, upgrade, downgrade = replayed.revision, replayed.upgrade, replayed.downgrade
    if downgrade is None:
        return Reversal(revision, "no-downgrade")
    if downgrade.raises:
        return Reversal(revision, "declared-irreversible")
    if upgrade is None or upgrade.raises:
        return Reversal(revision, "unknown")
    there = _trusting(upgrade, trusted(upgrade.before))
    if any(_impossible(upgrade, there, target)):
        # Nothing is to be taken back, or the schema is not what it is believed to be.
        return Reversal(revision, "unknown")
    back = _trusting(downgrade, there.after)
    impossible = tuple(_impossible(downgrade, back, target))
    different = tuple(_differences(there, back, target))
    if impossible and "upgrade" in revision.empty:
        # Half of a pair: another revision does what this one takes back, and what comes between is not known.
        return Reversal(revision, "unknown", differences=different)
    if impossible:
        return Reversal(revision, "downgrade-raises", impossible, different)
    if not different:
        return Reversal(revision, "restored")
    if _does_nothing(downgrade):
        return Reversal(revision, "empty-downgrade", differences=different)
    is_certain = any(each.is_certain for each in different)
    if is_certain and all(each.before is each.after for each in downgrade.transitions):
        return Reversal(revision, "downgrade-changes-nothing", differences=different)
    again = interpret(revision, "upgrade", downgrade.after)
    impossible = tuple(_impossible(again, _trusting(again, back.after), target)) if again else ()
    if impossible:
        return Reversal(revision, "second-upgrade-raises", impossible, different)
    if not is_certain:
        return Reversal(revision, "unknown", differences=different)
    return Reversal(revision, "schema-not-restored", differences=different)


def _does_nothing(run: Run) -> bool:
    return all(isinstance(each.operation, ops.SetParameter) for each in run.transitions)


def _trusting(run: Run, schema: Schema) -> Run:
    """The operations of a run folded from another schema on."""
    if schema is run.before:
        return run
    before, transitions = schema, []
    for each in run.transitions:
        after = folding.apply(schema, each.operation)
        transitions.append(Transition(each.operation, schema, after))
        schema = after
    return replace(run, transitions=tuple(transitions), before=before, after=schema)


# What cannot work.


def _impossible(run: Run, trusting: Run, target: Target) -> Iterator[Impossible]:
    """The operations of a run that fail for certain; nothing is missed on the word of a schema that doubts itself."""
    doubted: set[QualifiedName] = set()
    temporary: set[QualifiedName] = set()
    for transition, trusted_one in zip(run.transitions, trusting.transitions, strict=True):
        operation = transition.operation
        doubted |= _doubted(transition)
        temporary |= _temporary(operation, temporary)
        if isinstance(operation, ops.TableOperation | ops.CreateIndex) and operation.table in temporary:
            continue
        if operation.condition is not None or operation.is_tolerated or doubted & _named(operation):
            continue
        if run.direction == "downgrade" and may_be_made_again(operation, transition.before):
            continue
        for each in reasons(operation, transition.before, trusted_one.before, target):
            yield Impossible(operation, run.direction, each.what, each.object, each.because, each.name, each.known)


class Reason(NamedTuple):
    """Why a database refuses an operation."""

    what: str
    object: str
    because: Span | None
    """Where the object was made or lost."""
    name: str = ""
    """Of what is not there."""
    known: tuple[str, ...] = ()


def reasons(operation: ops.Operation, schema: Schema, believed: Schema, target: Target) -> Iterator[Reason]:
    """Why a database refuses an operation.

    `schema` is what the history tells, `believed` the same without its doubts.
    """
    for absent in missing(operation, schema, target):
        yield Reason(absent.what, absent.object, absent.lost, absent.name, absent.known)
    if not getattr(operation, "if_not_exists", False):
        # A table that a condition may have made is not there for certain, even where its parts are believed.
        told = schema if isinstance(operation, ops.CreateTable | ops.RenameTable) else believed
        yield from (Reason(each.what, each.object, each.span) for each in existing(operation, told, target))
    yield from (Reason(each.what, each.object, each.because) for each in refused(operation, believed, target))


# What is doubtful besides what the schema says of itself.


def _doubted(transition: Transition) -> set[QualifiedName]:
    """The types, views and sequences that are there or not, as a condition has it that nobody could decide, or a
    statement of which only the name is known.
    """
    operation = transition.operation
    is_open = operation.condition is not None or isinstance(operation, ops.Opaque)
    return _named(operation) if is_open else set()


def _named(operation: ops.Operation) -> set[QualifiedName]:
    """The type, view or sequence that an operation is about; of what nobody could read all that it names."""
    match operation:
        case ops.CreateEnum(enum=made):
            return {made.name}
        case ops.CreateView(view=view):
            return {view.name}
        case ops.CreateSequence(sequence=sequence):
            return {sequence.name}
        case ops.DropType(type=name) | ops.RenameType(type=name):
            return {name}
        case ops.AddEnumValue(enum=name) | ops.RenameEnumValue(enum=name):
            return {name}
        case ops.DropView(view=name) | ops.DropSequence(sequence=name):
            return {name}
        case ops.RawSql(objects=names):
            return set(names)
        case ops.Opaque(tables=names, changes_schema=True):
            return set(names)
    return set()


def _temporary(operation: ops.Operation, known: set[QualifiedName]) -> set[QualifiedName]:
    """The table that goes with the session which an operation makes, or gives another name."""
    match operation:
        case ops.RawSql(kind="CREATE TEMPORARY TABLE", tables=names):
            return set(names)
        case ops.RenameTable(table=name, new_name=new) if name in known:
            return {new}
    return set()


def _is_opaque(run: Run) -> bool:
    """Whether it does something that nobody knows, to tables that nobody knows."""
    return any(
        isinstance(each.operation, ops.Opaque)
        and each.operation.changes_schema
        and (each.operation.is_unbounded or not each.operation.tables)
        for each in run.transitions
    )


# What is not restored.


def _differences(upgrade: Run, downgrade: Run, target: Target) -> Iterator[Difference]:
    transitions = (*upgrade.transitions, *downgrade.transitions)
    confirmed = {name for each in transitions if (name := _constraint_named(each.operation))}
    found = list(differences(upgrade.before, downgrade.after, target, confirmed))
    if not found:
        return
    doubted: set[QualifiedName] = set().union(*map(_doubted, transitions))
    taken: set[tuple[QualifiedName, str | None]] = set().union(*map(untold, transitions))
    is_opaque = _is_opaque(upgrade) or _is_opaque(downgrade)
    searched = transitions if len(found) * len(transitions) <= MOST_SEARCHED else ()
    temporary: set[QualifiedName] = set()
    for transition in transitions:
        temporary |= _temporary(transition.operation, temporary)
    for each in found:
        part = each.part
        if part.owner in temporary and part.owner not in upgrade.before.tables:
            continue
        if each.verdict == "left behind" and not taken.isdisjoint(_names_of(part, upgrade, downgrade)):
            continue
        is_certain = each.is_certain and not is_opaque and part.owner not in doubted
        yield replace(each, is_certain=is_certain, span=_responsible(part, searched))


def _names_of(part: Part, upgrade: Run, downgrade: Run) -> set[tuple[QualifiedName, str | None]]:
    """Under which names a part may have been there before: its own, its table's, those of its columns where it comes
    with them.
    """
    names: set[tuple[QualifiedName, str | None]] = {(part.owner, None), (part.owner, part.name)}
    each = found(part, downgrade.after) if found(part, upgrade.after) is None else None
    return names | {(part.owner, name) for name in (each.columns if isinstance(each, Constraint | Index) else ())}


def untold(transition: Transition) -> set[tuple[QualifiedName, str | None]]:
    """What an operation takes away though the history never told of it: it was there, and may come back.

    A table, type, view or sequence, or with a name something in a table.
    """
    operation, schema = transition.operation, transition.before
    match operation:
        case ops.DropTable(table=name) | ops.RenameTable(table=name):
            told = schema.table(name)
            return {(name, None)} if told is None or told.is_given else set()
        case ops.DropType(type=name) | ops.RenameType(type=name):
            return set() if name in schema.enums else {(name, None)}
        case ops.DropView(view=name):
            return set() if name in schema.views else {(name, None)}
        case ops.DropSequence(sequence=name):
            return set() if name in schema.sequences else {(name, None)}
        case ops.RawSql(kind=kind, objects=names) if kind.startswith("DROP "):
            thing = kind.removeprefix("DROP ")
            return {(each, None) for each in names if (thing, each) not in schema.definitions}
        case ops.DropColumn(table=name, column=str(part)) | ops.RenameColumn(table=name, column=str(part)):
            pass
        case ops.DropConstraint(table=name, constraint=str(part)) | ops.RenameConstraint(table=name, constraint=part):
            pass
        case ops.DropIndex(table=QualifiedName() as name, index=QualifiedName(name=part)):
            pass
        case _:
            return set()
    table = schema.table(name)
    parts = () if table is None else (table.column(part), table.constraint(part), table.index(part))
    return set() if any(parts) else {(name, part)}


def _constraint_named(operation: ops.Operation) -> str | None:
    """The constraint that an operation drops or renames, which therefore has that name."""
    match operation:
        case ops.DropConstraint(constraint=name, if_exists=False) | ops.RenameConstraint(constraint=name):
            return name
    return None


def _responsible(part: Part, transitions: tuple[Transition, ...]) -> Span | None:
    """The last operation that touched an object."""
    for each in reversed(transitions):
        if found(part, each.before) is not found(part, each.after):
            return each.operation.span
    return None


def found(part: Part, schema: Schema) -> object:
    """The part in a schema; None where it is not there."""
    match part.kind:
        case "type":
            return schema.enums.get(part.owner)
        case "view":
            return schema.views.get(part.owner)
        case "sequence":
            return schema.sequences.get(part.owner)
        case "extension" | "function" | "procedure" | "aggregate" | "domain" | "collation":
            return schema.definitions.get((part.kind.upper(), part.owner))
    table = schema.table(part.owner)
    if table is None or part.kind == "table" or part.name is None:
        return table
    if part.kind == "column":
        return table.column(part.name)
    return table.index(part.name) if part.kind == "index" else table.constraint(part.name)
