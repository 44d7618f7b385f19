from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking.batch_blocks import batched, dropped_in_block, index_dropped
from migrate_guard.asking.constraints import called, named
from migrate_guard.dialects.sqlite import alter
from migrate_guard.history.dependents import users_of_column
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.schema import Attached, Column, Index, Schema, View, constraint_kind
from migrate_guard.rule import Problem, Related, Severity, Statement, rule

_IN_BATCH = "Write it in a batch block, where Alembic copies the table into a new one."
_ALEMBIC = "Alembic raises NotImplementedError"


_KINDS = {"primary": "primary key", "unique": "unique constraint", "foreignkey": "foreign key"}


class _Fault(NamedTuple):
    """Why an operation fails."""

    message: str
    object: str
    help: str = _IN_BATCH
    instead: Instead = ()
    related: tuple[Related, ...] = ()


@rule(
    "MG801",
    on=(
        Statement[ops.AlterColumn],
        Statement[ops.RenameColumn],
        Statement[ops.DropColumn],
        Statement[ops.AddColumn],
        Statement[ops.AddConstraint],
        Statement[ops.DropConstraint],
        Statement[ops.RenameConstraint],
        Statement[ops.RawSql],
    ),
    severity=Severity.ERROR,
    dialects=("sqlite",),
    directions=("upgrade", "downgrade"),
    yields_to=("MG206",),
)
def sqlite_alter_without_batch(statement: Statement[ops.Operation]) -> Iterator[Problem]:
    """Flag an ALTER that SQLite cannot do, outside of a batch block that copies the table."""
    op = statement.op
    if op.in_batch or op.is_tolerated or op.is_apart:
        return
    fault = _fault(op, statement)
    if fault is not None:
        yield Problem(
            asking.hedged(fault.message, op),
            op.span,
            object=fault.object,
            help=fault.help,
            instead=fault.instead if not op.condition else (),
            related=fault.related,
            confidence=asking.confidence(op),
        )


def _fault(op: ops.Operation, statement: Statement[ops.Operation]) -> _Fault | None:
    product = asking.product(statement.target)
    match op:
        case ops.RawSql(kind=kind, tables=tables) if kind.startswith(("ALTER ", "COMMENT ON ")):
            about = str(tables[0]) if tables else ""
            return _Fault(f"{product} has no {kind}", about, "Leave it out on SQLite.")
        case ops.RawSql():
            return None
        case ops.TableOperation(is_sql=True, part=part) if part > 0:
            told = f'{product} refuses the ALTER TABLE of "{op.table}", which does more than one thing'
            return _Fault(told, str(op.table), "Write a statement for each.")
        case ops.AlterColumn():
            return _altered(op, statement)
        case ops.RenameColumn() if not alter.can(alter.RENAMES_COLUMNS, statement.target):
            told = f'{product} cannot rename "{op.table}.{op.column}": RENAME COLUMN came with 3.25'
            return _Fault(told, f"{op.table}.{op.column}", instead=batched(op))
        case ops.DropColumn():
            return _dropped(op, statement)
        case ops.AddConstraint():
            return _added(op, statement)
        case ops.DropConstraint() | ops.RenameConstraint():
            return _without(op, statement)
    return _guarded(op, statement)


def _guarded(op: ops.Operation, statement: Statement[ops.Operation]) -> _Fault | None:
    """IF EXISTS and IF NOT EXISTS, which SQLite knows of tables, views and indexes only."""
    if isinstance(op, ops.AddColumn) and op.if_not_exists:
        word, plain = "IF NOT EXISTS", replace(op, if_not_exists=False)
    elif isinstance(op, ops.DropColumn) and op.if_exists:
        return _Fault(
            f'{asking.product(statement.target)} knows no IF EXISTS of columns, so "{op.table}.{op.column}" stays',
            f"{op.table}.{op.column}",
            "Leave the words out.",
            (replace(op, if_exists=False),),
        )
    else:
        return None
    name = f"{op.table}.{op.column.name}"
    told = f'{asking.product(statement.target)} knows no {word} of columns, so "{name}" is not added'
    return _Fault(told, name, "Leave the words out.", (plain,))


def _altered(op: ops.AlterColumn, statement: Statement[ops.Operation]) -> _Fault | None:
    name, product = f"{op.table}.{op.column}", asking.product(statement.target)
    changes = list(_changes(op))
    if not changes:
        return None
    if changes == ["NOT NULL"] and alter.can(alter.ALTERS_CONSTRAINTS, statement.target):
        return None
    if changes == ["comment"]:
        told = f'{product} keeps no comments, and Alembic cannot write the one of "{name}" outside of a batch block'
        return _Fault(told, name, "Leave it out on SQLite.", batched(op))
    what = " and ".join([", ".join(changes[:-1]), changes[-1]] if len(changes) > 1 else changes)
    return _Fault(f'{product} cannot change the {what} of "{name}": it has no ALTER COLUMN', name, instead=batched(op))


def _changes(op: ops.AlterColumn) -> Iterator[str]:
    if op.modify_type is not None:
        yield "type"
    if op.modify_nullable is not None:
        yield "NOT NULL"
    if op.modify_default is not ops.UNSET:
        yield "default"
    if op.modify_computed is not ops.UNSET or op.modify_identity is not ops.UNSET:
        yield "generation"
    if op.modify_comment is not ops.UNSET:
        yield "comment"


def _dropped(op: ops.DropColumn, statement: Statement[ops.Operation]) -> _Fault | None:
    name, product = f"{op.table}.{op.column}", asking.product(statement.target)
    found = [*alter.keeping(op.table, op.column, statement.before), *_readers(op, statement.before)]
    objects = [each.object for each in found]
    # nothing copies a table with a generated column, or one that a view reads
    is_copied = not any(isinstance(each, Column | View | Attached) for each in objects)
    in_block = dropped_in_block(op, objects) if is_copied else ()
    if not alter.can(alter.DROPS_COLUMNS, statement.target):
        told = f'{product} cannot drop "{name}": DROP COLUMN came with 3.35'
        return _Fault(told, name, instead=in_block)
    if not found:
        return _guarded(op, statement)
    told = " and ".join([", ".join(each.what for each in found[:-1]), found[-1].what] if found[1:] else [found[0].what])
    need = "needs" if len(found) == 1 else "need"
    related = tuple(Related(each.span, f"{each.what} is made here") for each in found)
    message = f'{product} does not drop "{name}" while {told} {need} it'
    indexes = [each for each in objects if isinstance(each, Index)]
    if len(indexes) == len(found):
        drops = tuple(index_dropped(op, each, in_batch=False) for each in indexes)
        return _Fault(message, name, "Drop what is on it first.", (*drops, op), related)
    told = _IN_BATCH if is_copied else "Drop what reads it first, and create that again without the column."
    return _Fault(message, name, told, in_block, related)


def _readers(op: ops.DropColumn, schema: Schema) -> Iterator[alter.InTheWay]:
    """The views and triggers that name the column; one that says `*` does without it."""
    for each in users_of_column(op.table, op.column, schema):
        if isinstance(each.object, View | Attached):
            word = rf"(?<!\w){re.escape(op.column)}(?!\w)"
            if re.search(word, each.object.definition or "", re.IGNORECASE):
                yield alter.InTheWay(each.what, each.span, each.object)


def _added(op: ops.AddConstraint, statement: Statement[ops.Operation]) -> _Fault | None:
    constraint, written = op.constraint, statement.written
    if op.is_sql and constraint_kind(constraint) == "check":
        if alter.can(alter.ALTERS_CONSTRAINTS, statement.target):
            return None
        why = "ADD CONSTRAINT came with 3.53, for CHECK alone"
    else:
        why = "it has no ADD CONSTRAINT" + ("" if op.is_sql else f", and {_ALEMBIC}")
    what = called(_KINDS.get(constraint_kind(constraint), "CHECK"), op.table, constraint)
    message = f"{asking.product(statement.target)} cannot add {what}: {why}"
    about = named(op.table, constraint)
    if isinstance(written, ops.AddColumn):
        return _Fault(f"{message} after it has added the column", about, instead=batched(written))
    return _Fault(message, about, instead=batched(op))


def _without(op: ops.DropConstraint | ops.RenameConstraint, statement: Statement[ops.Operation]) -> _Fault | None:
    is_drop = isinstance(op, ops.DropConstraint)
    known = alter.known_constraint(statement.before.table(op.table), op.constraint)
    why = "it has no DROP CONSTRAINT" if is_drop else "it has no RENAME CONSTRAINT"
    if is_drop and op.is_sql and alter.can(alter.ALTERS_CONSTRAINTS, statement.target):
        if alter.is_dropped_by_name(known):
            return None
        why = "DROP CONSTRAINT takes no key"
    why += "" if op.is_sql else f", and {_ALEMBIC}"
    what = f'"{op.constraint}"' if op.constraint else "a constraint"
    verb, product = "drop" if is_drop else "rename", asking.product(statement.target)
    message = f'{product} cannot {verb} {what} of "{op.table}": {why}'
    about = f"{op.table}.{op.constraint}" if op.constraint else str(op.table)
    return _Fault(message, about, instead=batched(op) if is_drop and op.constraint else ())
