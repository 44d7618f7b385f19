from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.asking import enums
from migrate_guard.history.grouping import are_exclusive
from migrate_guard.model import operations as ops
from migrate_guard.model.finding import Related
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision
from migrate_guard.model.schema import EnumType
from migrate_guard.model.statement import Statement
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG131", on=Revision, severity=Severity.ERROR, dialects=("postgresql",), yields_to=("MG205",))
def enum_created_twice(view: RevisionView) -> Iterator[Problem]:
    """Flag a CREATE TYPE of an enum that is there already, mostly one that create_table runs by itself."""
    made: dict[QualifiedName, ops.CreateEnum] = {}
    for place, statement in enumerate(view.statements):
        op = statement.op
        if not isinstance(op, ops.CreateEnum):
            continue
        known, earlier = statement.before.enums.get(op.enum.name), made.get(op.enum.name)
        made[op.enum.name] = op
        if known is None or _is_fine(op, earlier):
            continue
        table = _table_of(op, view.statements[place + 1 :])
        at = table.span if table is not None and not table.span.contains(op.span) else op.span
        does = f'create_table of "{table.table.name}" creates the type' if table else "this creates the type"
        yield Problem(
            asking.hedged(f'{does} "{op.enum.name}", which is there already, so this fails', op),
            at,
            object=str(op.enum.name),
            help=_help(op, table, known),
            instead=(replace(table, in_batch=False),) if table is not None else (),
            related=(Related(known.span, f'"{op.enum.name}" is made here'),),
            confidence=asking.confidence(op),
            direction="upgrade",
        )


def _is_fine(op: ops.CreateEnum, earlier: ops.CreateEnum | None) -> bool:
    """Whether it looks first, may fail, or stands in the other branch of a condition."""
    if op.if_not_exists or op.is_tolerated:
        return True
    if op.is_guarded and not (op.condition or "").startswith(ops.SOME_VERSIONS):
        return True
    return earlier is not None and are_exclusive(op, earlier)


def _table_of(op: ops.CreateEnum, following: Iterable[Statement[ops.Operation]]) -> ops.CreateTable | None:
    """The CREATE TABLE that makes the type on its way."""
    if op.is_sql:
        return None
    for each in following:
        table = each.written
        if isinstance(table, ops.CreateTable) and not table.is_sql:
            has_type = any((one.type.name, one.type.schema) == op.enum.name for one in table.table.columns)
            return table if has_type else None
        if not isinstance(table, ops.CreateEnum):
            return None
    return None


def _help(op: ops.CreateEnum, table: ops.CreateTable | None, known: EnumType) -> str:
    if table is None and op.is_sql:
        return "Drop the statement, or give the type another name."
    if table is None:
        return "Say checkfirst=True, or drop the call."
    return f"Write {enums.written(enums.type_of(known), is_made=True)}: checkfirst does not reach the table."
