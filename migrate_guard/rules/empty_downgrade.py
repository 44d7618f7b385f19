from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from migrate_guard.asking import inverse
from migrate_guard.asking.passing import lasting
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import deed
from migrate_guard.model.instead import Code, Downgrade
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Downgrades, Revision, Run, Transition
from migrate_guard.model.schema import AnyConstraint, Column, EnumType, Index, Schema, Sequence, Table, View
from migrate_guard.model.source import Span
from migrate_guard.rule import Problem, RevisionView, Severity, rule


class Options(Struct, frozen=True):
    downgrades: Downgrades = "required"
    """What the setting of this name says. "required": a downgrade takes the upgrade back, or raises; "raise": every
    downgrade raises, and one that does nothing is told to; "none": the project has no downgrades."""
    base: Literal["required", "none"] = "required"
    """"none": a revision that follows no other, as one that many have been squashed into, needs no downgrade."""


LEAVES_NOTHING: Final = (
    ops.Insert,
    ops.Update,
    ops.Delete,
    ops.SetParameter,
    ops.Opaque,
    ops.RecreateTable,
    ops.ValidateConstraint,
)
"""Operations that change rows, the session, or nothing that a downgrade would have to take back."""

DROPS: Final = (ops.DropTable, ops.DropColumn, ops.DropIndex, ops.DropConstraint, ops.DropType, ops.DropView)

LOSES_ROWS: Final = (ops.DropTable, ops.DropColumn)

TAKES: Final = (
    *DROPS,
    ops.DropSequence,
    ops.RenameTable,
    ops.RenameColumn,
    ops.RenameIndex,
    ops.RenameConstraint,
    ops.RenameType,
    ops.RenameEnumValue,
    ops.AlterColumn,
)
"""Without one of these, all that an upgrade makes stays."""

NOWHERE: Final = Span("", 0, 0, 0, 0)

Held: TypeAlias = Column | AnyConstraint | Index | EnumType | View | Sequence


class Part(NamedTuple):
    """A table or something in one, a type, a view, a sequence."""

    owner: QualifiedName
    kind: str
    name: str = ""


@rule("MG202", on=Revision, severity=Severity.ERROR, options=Options)
def empty_downgrade(view: RevisionView, options: Options) -> Iterator[Problem]:
    """Flag a downgrade that does nothing while the upgrade changes the schema."""
    revision, upgrade, downgrade = view.revision, view.upgrade, view.downgrade
    if options.downgrades == "none" or revision.is_merge or not revision.downgrade or not upgrade or not downgrade:
        return
    if downgrade.raises or revision.is_irreversible or _does_something(downgrade) or _is_let_be(revision, options):
        return
    changes = _changes(upgrade)
    if not changes:
        return
    more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
    refusal = (Code(f'raise NotImplementedError("{revision.id} cannot be taken back")'),)
    yield Problem(
        f"downgrade() does nothing although upgrade() {deed(changes[0])}{more}, "
        'so "alembic downgrade" moves the version back and leaves the schema as it is',
        revision.downgrade,
        help="Take the upgrade back in downgrade(), or raise in it to say that it cannot be.",
        instead=(Downgrade(refusal if options.downgrades == "raise" else inverse(changes) or refusal),),
        direction="downgrade",
    )


_SQUASHED: Final = lazily(r"\bsquash", re.IGNORECASE)


def _is_let_be(revision: Revision, options: Options) -> bool:
    """Whether nothing is to go back below it: the first revision, where it says that others were squashed into it."""
    return not revision.down and (options.base == "none" or _SQUASHED.search(revision.message) is not None)


def _does_something(run: Run) -> bool:
    return any(not isinstance(each.operation, ops.SetParameter) for each in run.transitions)


def _changes(run: Run) -> list[ops.Operation]:
    """The operations of an upgrade that leave something in the schema.

    Operations hang together by the objects they touch: a table is created, filled, and renamed to another's name.
    Those that hang together count all, or none where each object is at the end as it was before the upgrade.
    """
    leaving = [each for each in lasting(run) if _leaves_something(each)]
    if not any(isinstance(each.operation, TAKES) for each in leaving):
        return [each.operation for each in leaving]
    touched = [_touched(each, run) for each in leaving]
    owners = {part.owner for parts in touched for part in parts}
    before, after = _parts(run.before, owners), _parts(run.after, owners)
    stays = {part for parts in touched for part in parts if before.get(part) != after.get(part)}
    for each, parts in zip(leaving, touched, strict=True):
        if isinstance(each.operation, LOSES_ROWS):
            # What is there again after such a drop is another one, alike in all that is known of it but its rows.
            stays |= before.keys() & parts
    size = -1
    while size != len(stays):
        size = len(stays)
        stays.update(*(parts for parts in touched if not stays.isdisjoint(parts)))
    kept = (not parts or not stays.isdisjoint(parts) for parts in touched)
    return [each.operation for each, is_kept in zip(leaving, kept, strict=True) if is_kept]


def _leaves_something(transition: Transition) -> bool:
    """Whether an operation, seen by itself, changes the schema."""
    match transition.operation:
        case ops.RawSql(kind=kind):
            verb, _, rest = kind.upper().partition(" ")
            return verb in ("CREATE", "ALTER", "DROP") and not rest.startswith(("EXTENSION", "DATABASE", "SYSTEM"))
        case ops.AddEnumValue(if_not_exists=True):
            return False
        case ops.AlterColumn(table=name, column=column):
            before, after = transition.before.table(name), transition.after.table(name)
            return before is None or after is None or _facets(before, column) != _facets(after, column)
    return not isinstance(transition.operation, LEAVES_NOTHING)


def _facets(table: Table, column: str) -> Column | None:
    """A column without the place that made it what it is."""
    found = table.column(column)
    return replace(found, span=NOWHERE) if found else None


def _touched(transition: Transition, run: Run) -> set[Part]:
    """What an operation makes, changes or takes away; empty where that is not known."""
    operation, before = transition.operation, transition.before
    names = _names(operation, before)
    tables = [before.table(name) for name in names]
    if isinstance(operation, ops.DropTable | ops.RenameTable) and (tables[0] is None or tables[0].is_given):
        return set()
    if isinstance(operation, ops.AddColumn) and before is not transition.after:
        added = (operation.column, *operation.constraints, *operation.indexes)
        return {_part(operation.table, each) for each in added}
    parts: set[Part] = set()
    for name in names:
        # What an operation leaves alone stays the same object.
        old = {id(each): each for each in _held(before, name)}
        new = {id(each): each for each in _held(transition.after, name)}
        parts.update(_part(name, old[key]) for key in old.keys() - new.keys())
        parts.update(_part(name, new[key]) for key in new.keys() - old.keys())
        if _has_made(before, name) != _has_made(transition.after, name):
            parts.add(Part(name, "Table"))
    if not parts:
        # On a table that this upgrade creates, it comes and goes with the table.
        made = (each for each in tables if each and not each.is_given and each.name not in run.before.tables)
        parts = {Part(each.name, "Table") for each in made}
    return parts


def _names(operation: ops.Operation, before: Schema) -> tuple[QualifiedName, ...]:
    """The tables, types, views and sequences that an operation is about."""
    match operation:
        case ops.RenameTable(table=old, new_name=new) | ops.RenameType(type=old, new_name=new):
            return old, new
        case ops.CreateTable(table=Table(name=name)) | ops.CreateEnum(enum=EnumType(name=name)):
            return (name,)
        case ops.CreateView(view=View(name=name)) | ops.CreateSequence(sequence=Sequence(name=name)):
            return (name,)
        case ops.DropIndex(table=QualifiedName() as name) | ops.DropType(type=name) | ops.DropView(view=name):
            return (name,)
        case ops.DropIndex(index=index) | ops.RenameIndex(index=index):
            return tuple(each.name for each in before.tables_of_index(index.name, index.schema))
        case ops.TableOperation(table=name) | ops.DropSequence(sequence=name):
            return (name,)
        case ops.AddEnumValue(enum=name) | ops.RenameEnumValue(enum=name):
            return (name,)
    return ()


def _parts(schema: Schema, names: Iterable[QualifiedName]) -> dict[Part, object]:
    """What a schema holds under some names, each without the place that made it what it is."""
    found: dict[Part, object] = {}
    for name in names:
        if _has_made(schema, name):
            found[Part(name, "Table")] = True
        found.update((_part(name, each), replace(each, span=NOWHERE)) for each in _held(schema, name))
    return found


def _has_made(schema: Schema, name: QualifiedName) -> bool:
    """Whether there is a table that the history creates."""
    table = schema.table(name)
    return table is not None and not table.is_given


def _held(schema: Schema, name: QualifiedName) -> list[Held]:
    """What a schema holds under a name: the contents of a table, a type, a view, a sequence."""
    found: list[Held] = []
    if table := schema.table(name):
        found += (*table.columns, *table.constraints(), *table.indexes)
    found += (each for each in (schema.enums.get(name), schema.views.get(name), schema.sequences.get(name)) if each)
    return found


def _part(owner: QualifiedName, held: Held) -> Part:
    if isinstance(held, Column):
        return Part(owner, "Column", held.name)
    if isinstance(held, EnumType | View | Sequence):
        return Part(owner, type(held).__name__)
    return Part(owner, type(held).__name__, held.name or ", ".join(map(str, held.columns)))
