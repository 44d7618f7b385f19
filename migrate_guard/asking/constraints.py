"""Questions about constraints that come to a table in use: by themselves, or along with a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec.structs import replace

from migrate_guard.asking.locks import would_do
from migrate_guard.model import operations as ops
from migrate_guard.model.effects import NO, Effects
from migrate_guard.model.locks import Lock
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.schema import AnyConstraint
from migrate_guard.model.statement import Statement

C = TypeVar("C", bound=AnyConstraint)


def added(
    statement: Statement[ops.AddConstraint] | Statement[ops.AddColumn], kind: type[C]
) -> Iterator[tuple[C, Effects]]:
    """The constraints of one kind that a statement adds, each with what it does to tables in use by itself."""
    op = statement.op
    if isinstance(op, ops.AddConstraint):
        if isinstance(op.constraint, kind):
            yield op.constraint, statement.hazards
        return
    for constraint in op.constraints:
        if isinstance(constraint, kind):
            yield constraint, _of_column(statement, op, constraint)


def reads_under_lock(statement: Statement[ops.Operation], operation: ops.Operation) -> bool:
    """Whether an operation, in a statement of its own, reads rows of a table in use while somebody waits."""
    return is_read(statement, would_do(statement, operation))


def _of_column(statement: Statement[ops.Operation], op: ops.AddColumn, constraint: AnyConstraint) -> Effects:
    """What adding a column does because of one of its constraints: its locks, and what it reads for that alone."""
    bare, whole = (would_do(statement, replace(op, constraints=each)) for each in ((), (constraint,)))
    return whole if whole.scans.why != bare.scans.why else replace(whole, scans=NO)


def is_read(statement: Statement[ops.Operation], effects: Effects) -> bool:
    """Whether rows of a table in use are read, one by one, while somebody waits; the version table has a row or two."""
    tables = (each for each in effects.scans.relations if each.name != statement.environment.version_table)
    return is_blocked(effects) and any(statement.has_rows(each) for each in tables)


def is_blocked(effects: Effects) -> bool:
    return effects.blocks_reads.is_possible or effects.blocks_writes.is_possible


def waiting(statement: Statement[ops.Operation], effects: Effects, tables: Sequence[QualifiedName]) -> str:
    """What waits for a statement, for a sentence: `reads and writes of "orders" and writes to "users"`.

    What the transaction has locked before is counted: that lock is held as long.
    """
    reads, writes = [], []
    for table in dict.fromkeys(tables):
        held = statement.transaction.held.get(table)
        modes: list[Lock] = [effects.locks[table]] if table in effects.locks else []
        mode = max([*modes, *([held.mode] if held and modes else [])], default=None)
        if mode is not None and mode.blocks_reads:
            reads.append(f'"{table}"')
        elif mode is not None and mode.blocks_writes:
            writes.append(f'"{table}"')
    parts = [f"reads and writes of {' and '.join(reads)}"] if reads else []
    parts += [f"writes to {' and '.join(writes)}"] if writes else []
    return " and ".join(parts) or "other work"


def called(kind: str, table: QualifiedName, constraint: AnyConstraint) -> str:
    """A constraint for a sentence: by the name that somebody gave it, else by its columns."""
    if constraint.name and not constraint.is_implicit_name:
        return f'the {kind} "{constraint.name}"'
    if len(constraint.columns) == 1:
        return f'the {kind} on "{table}.{constraint.columns[0]}"'
    columns = ", ".join(f'"{each}"' for each in constraint.columns)
    return f'the {kind} on {columns} of "{table}"' if columns else f'the {kind} on "{table}"'


def named(table: QualifiedName, constraint: AnyConstraint) -> str:
    """The object of a finding: `orders.fk_orders_user_id`, or `orders.user_id` where nobody gave it a name."""
    if constraint.name and not constraint.is_implicit_name:
        return f"{table}.{constraint.name}"
    return f"{table}.{constraint.columns[0]}" if len(constraint.columns) == 1 else str(table)


def is_of_column(statement: Statement[ops.Operation]) -> bool:
    """Whether the script adds it along with a column."""
    return isinstance(statement.written, ops.AddColumn)
