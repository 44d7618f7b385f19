"""The facts were asked of PostgreSQL 15 (tests/rules/test_constraint_after_backfill.py).

An INSERT, and an UPDATE that gives a column of the key another value that is not NULL, queue an event of each foreign
key that is deferred; a DELETE, and an UPDATE of what others refer to, one of each deferred key of theirs that says NO
ACTION. `CheckTableNotInUse()` refuses the table as long as they wait (PostgreSQL's `commands/tablecmds.c`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from msgspec import Struct, field

from migrate_guard import asking
from migrate_guard.asking import transactions
from migrate_guard.history.grouping import are_exclusive
from migrate_guard.model import operations as ops
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import Operation
from migrate_guard.model.patterns import lazily
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import ForeignKey, Schema, Table
from migrate_guard.rule import Problem, Related, RevisionView, Severity, Statement, rule

_REFUSED: Final = (
    ops.AddColumn,
    ops.DropColumn,
    ops.AddConstraint,
    ops.DropConstraint,
    ops.ValidateConstraint,
    ops.AddNotNull,
    ops.DropTable,
)
_REFUSED_SQL: Final = lazily(r"ALTER TABLE (?!RENAME)|TRUNCATE|CLUSTER")
_NO_ACTION: Final = frozenset({None, "NO ACTION"})
_EVENTS: Final = lazily(r"\bAFTER\s+(?P<events>.*?)\s+ON\b", re.IGNORECASE | re.DOTALL)
_DEFERRED_TRIGGER: Final = lazily(r"\bCONSTRAINT\s+TRIGGER\b.*\bINITIALLY\s+DEFERRED\b", re.IGNORECASE | re.DOTALL)


class _Event(NamedTuple):
    """What waits for the end of the transaction, and the statement that has queued it."""

    by: Statement[Operation]
    of: str


class _Queue(Struct):
    """What waits in a transaction."""

    transaction: int
    events: dict[QualifiedName, _Event] = field(default_factory=dict)
    deferred: bool | None = None
    """SET CONSTRAINTS ALL DEFERRED, or IMMEDIATE; None: as each is declared."""


@rule("MG506", on=Revision, severity=Severity.ERROR, dialects=("postgresql",))
def constraint_after_backfill(view: RevisionView) -> Iterator[Problem]:
    """Flag a change of a table for which deferred triggers wait that the same transaction has fired."""
    queue = _Queue(-1)
    for statement in view.statements:
        if statement.transaction.number != queue.transaction or not statement.transaction.is_block:
            queue = _Queue(statement.transaction.number)
        if not statement.transaction.is_block:
            continue
        op = statement.op
        if isinstance(op, ops.RawSql) and op.kind == "SET CONSTRAINTS":
            _set(queue, op)
        elif (table := _refused(op)) is not None and (event := queue.events.get(table)):
            if not are_exclusive(event.by.op, op):
                yield _problem(statement, event, table)
                queue.events.pop(table)
        else:
            for name, of in _queued(statement, queue.deferred):
                queue.events.setdefault(name, _Event(statement, of))


def _set(queue: _Queue, op: ops.RawSql) -> None:
    words = op.sql.upper().rstrip("; \n").split()
    if words[-1:] == ["IMMEDIATE"]:
        # of one that is named, the events of others stay: that is not told apart
        queue.events.clear()
    if words[2:3] == ["ALL"]:
        queue.deferred = words[-1] == "DEFERRED"


def _refused(op: Operation) -> QualifiedName | None:
    """The table that an operation needs with no event waiting."""
    match op:
        case ops.AlterColumn(table=table):
            kept = (op.modify_type, op.modify_nullable) == (None, None)
            others = (op.modify_default, op.modify_identity, op.modify_computed)
            return None if kept and all(each is ops.UNSET for each in others) else table
        case ops.CreateIndex(table=table, concurrently=False):
            return table
        case ops.RawSql(kind=kind, tables=tables) if tables and _REFUSED_SQL.match(kind):
            return tables[0]
        case ops.TableOperation(table=table) if isinstance(op, _REFUSED):
            return table
    return None


def _queued(statement: Statement[Operation], deferred: bool | None) -> Iterator[tuple[QualifiedName, str]]:
    op, schema = statement.op, statement.before
    match op:
        case ops.Insert(table=name, rows=rows) if rows != ():
            table = schema.table(name)
            if op.reads and not any(statement.has_rows(each) for each in op.reads):
                return
            for key in _deferred_keys(table, deferred):
                yield name, _told(key)
            yield from _of_triggers(name, "INSERT", (), schema)
        case ops.Update(table=name, columns=columns) if statement.has_rows(name):
            for key in _deferred_keys(schema.table(name), deferred):
                if any(each in columns and not _is_set_null(op, each) for each in key.columns):
                    yield name, _told(key)
            yield from _of_referring(name, columns, schema, deferred)
            yield from _of_triggers(name, "UPDATE", columns, schema)
        case ops.Delete(table=name) if statement.has_rows(name):
            yield from _of_referring(name, None, schema, deferred)
            yield from _of_triggers(name, "DELETE", (), schema)


def _deferred_keys(table: Table | None, deferred: bool | None) -> Iterator[ForeignKey]:
    for key in table.foreign_keys if table else ():
        is_deferred = key.initially_deferred if deferred is None else deferred and key.deferrable
        if is_deferred and not key.not_enforced:
            yield key


def _of_referring(
    name: QualifiedName, columns: tuple[str, ...] | None, schema: Schema, deferred: bool | None
) -> Iterator[tuple[QualifiedName, str]]:
    """The events on a table that others refer to; `columns` are those that change, None where rows go."""
    table = schema.table(name)
    own = table.primary_key.columns if table and table.primary_key else ()
    for other in schema.referring(name):
        for key in _deferred_keys(other, deferred):
            action = key.ondelete if columns is None else key.onupdate
            referred = key.referred_columns or own
            is_checked = key.referred_table == name and (action.upper() if action else None) in _NO_ACTION
            if is_checked and (columns is None or any(each in columns for each in referred)):
                yield name, f'{_told(key)} of "{other.name}"'


def _of_triggers(
    name: QualifiedName, event: str, columns: tuple[str, ...], schema: Schema
) -> Iterator[tuple[QualifiedName, str]]:
    for (kind, table, trigger), each in schema.attached.items():
        if kind != "TRIGGER" or table != name or not _DEFERRED_TRIGGER.search(each.definition):
            continue
        events = found["events"].upper() if (found := _EVENTS.search(each.definition)) else ""
        named = re.search(r"\bUPDATE\s+OF\s+([\w\s,\"]+)", events)
        is_of_others = event == "UPDATE" and named and not any(each.upper() in named[1] for each in columns)
        if event in events and not is_of_others:
            yield name, f'the trigger "{trigger}"'


def _is_set_null(op: ops.Update, column: str) -> bool:
    return re.search(rf"\b{re.escape(column)}\"?\s*=\s*NULL\b", op.sql, re.IGNORECASE) is not None


def _told(key: ForeignKey) -> str:
    return f'the deferred foreign key "{key.name}"' if key.name else "a deferred foreign key"


def _problem(statement: Statement[Operation], event: _Event, table: QualifiedName) -> Problem:
    op, by = statement.op, event.by
    checks = ops.RawSql(
        span=op.span, is_sql=True, sql="SET CONSTRAINTS ALL IMMEDIATE", kind="SET CONSTRAINTS",
    )  # fmt: skip
    return Problem(
        asking.hedged(
            f'PostgreSQL refuses this, "{table}" has pending trigger events: {event.of} has yet to look at the rows of'
            f" line {by.span.line}, which waits for the end of the transaction",
            op,
        ),
        op.span,
        object=str(table),
        help="Have the constraints checked before, or change the table in a revision of its own.",
        instead=(checks, *transactions.as_written(statement)),
        related=(Related(by.span, f"changes rows that {event.of} looks at"),),
        confidence=min(asking.confidence(op), asking.confidence(by.op)),
        direction="upgrade",
    )
