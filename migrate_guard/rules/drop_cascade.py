from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.history.dependents import Default, Dependent, taken_along
from migrate_guard.model import operations as ops
from migrate_guard.model.deeds import subject
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Instead
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.revision import Revision, Run
from migrate_guard.model.schema import Attached, ForeignKey, View
from migrate_guard.rule import Problem, RevisionView, Severity, Statement, rule

Cascading: TypeAlias = (
    ops.DropTable | ops.DropColumn | ops.DropConstraint | ops.DropView | ops.DropType | ops.DropSequence
)

_MOST_NAMED: Final = 4
_WHOLE: Final = ("DROP SCHEMA", "DROP OWNED")
_HARMLESS: Final = ("DROP TRIGGER", "DROP RULE", "DROP POLICY", "DROP INDEX", "DROP STATISTICS")
"""Nothing depends on these, whatever CASCADE says."""


@rule("MG411", on=Revision, severity=Severity.ERROR, dialects=("postgresql",))
def drop_cascade(view: RevisionView) -> Iterator[Problem]:
    """Flag a DROP … CASCADE: it takes along what no line names."""
    for place, statement in enumerate(view.statements):
        op = statement.op
        if not _cascades(op) or op.is_tolerated or not view.upgrade:
            continue
        later = [each.op for each in view.statements[place + 1 :]]
        taken = list(taken_along(op, statement.before, view.target))
        lost = [each for each in taken if not _is_settled(each, later, statement, view.upgrade)]
        if not lost and (taken or _is_own(op, statement, view.upgrade)):
            continue
        is_whole = isinstance(op, ops.RawSql) and op.kind in _WHOLE
        yield Problem(
            asking.hedged(_message(op, lost), op),
            op.span,
            object=_called(op),
            help=_help(lost, is_whole=is_whole),
            instead=_instead(statement, lost),
            related=tuple(Related(each.span, f"{each.what} is made here") for each in lost),
            severity=None if lost or is_whole else Severity.WARNING,
            confidence=asking.confidence(op),
            direction="upgrade",
        )


def _cascades(op: ops.Operation) -> bool:
    if isinstance(op, ops.RawSql):
        return op.kind.startswith("DROP ") and "CASCADE" in op.options and op.kind not in _HARMLESS
    return getattr(op, "cascade", False) is True


def _is_settled(each: Dependent, later: Sequence[ops.Operation], statement: Statement[ops.Operation], run: Run) -> bool:
    """Whether what goes along is new, dropped by the revision anyway, or made again by it."""
    if each.owner is not None and (statement.is_new(each.owner) or each.owner not in run.after.tables):
        return True
    match each.object:
        case View(name=name):
            return any(isinstance(op, ops.CreateView) and op.view.name == name for op in later) or _drops(later, name)
        case ForeignKey(columns=columns):
            return any(
                isinstance(op, ops.AddConstraint) and op.table == each.owner and op.constraint.columns == columns
                for op in later
            )
        case Attached(name=name, table=table):
            return any(
                isinstance(op, ops.RawSql)
                and op.kind == "CREATE TRIGGER"
                and table in op.tables
                and any(made.name == name for made in op.objects)
                for op in later
            )
        case Default(column=column):
            return any(
                isinstance(op, ops.AlterColumn | ops.DropColumn) and (op.table, op.column) == (each.owner, column)
                for op in later
            )
        case str(column):
            owner = run.after.table(each.owner) if each.owner else None
            return owner is not None and owner.column(column) is None
    return False


def _drops(later: Sequence[ops.Operation], view: QualifiedName) -> bool:
    return any(isinstance(op, ops.DropView) and op.view == view for op in later)


def _is_own(op: ops.Operation, statement: Statement[ops.Operation], run: Run) -> bool:
    """Whether the revision itself made what it drops."""
    match op:
        case ops.TableOperation(table=name):
            return statement.is_new(name)
        case ops.DropView(view=name):
            return name in statement.before.views and name not in run.before.views
        case ops.DropType(type=name):
            return name in statement.before.enums and name not in run.before.enums
    return False


def _called(op: ops.Operation) -> str:
    if isinstance(op, ops.RawSql):
        return ", ".join(map(str, op.objects)) or op.kind.lower()
    return subject(op)


def _message(op: ops.Operation, lost: Sequence[Dependent]) -> str:
    if isinstance(op, ops.RawSql) and op.kind in _WHOLE:
        return f'{op.kind} … CASCADE drops every table, view and function in "{_called(op)}" with all rows'
    if not lost:
        return f'CASCADE takes along whatever depends on "{_called(op)}", of which no revision tells anything'
    named = [each.what for each in lost[:_MOST_NAMED]]
    if len(lost) > _MOST_NAMED:
        named.append(f"{len(lost) - _MOST_NAMED} more")
    told = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    return f'dropping "{_called(op)}" with CASCADE takes along {told}'


def _help(lost: Sequence[Dependent], *, is_whole: bool) -> str:
    if is_whole:
        return "Drop what is not needed any more by name, and the empty schema after it."
    if lost:
        return "Drop by name what is to go, and leave CASCADE out: what else depends on it then stops the migration."
    return "Leave CASCADE out: PostgreSQL then refuses to drop it while something depends on it, and says what."


def _instead(statement: Statement[ops.Operation], lost: Sequence[Dependent]) -> Instead:
    """The dependents by name, then the object without CASCADE."""
    op = statement.op
    if isinstance(op, ops.RawSql) or len(statement.siblings) > 1 or op.place_in_text is not None:
        return ()
    parts: list[ops.Operation] = []
    for each in reversed(lost):
        match each.object:
            case View(name=name, is_materialized=is_materialized):
                dropped = ops.DropView(span=op.span, is_sql=True, view=name, is_materialized=is_materialized)
                parts.append(dropped)
            case ForeignKey(name=str(name)) if each.owner is not None:
                parts.append(ops.DropConstraint(span=op.span, table=each.owner, constraint=name, kind="foreignkey"))
            case str(column) if each.owner is not None and column != str(each.owner):
                parts.append(ops.DropColumn(span=op.span, table=each.owner, column=column))
            case _:
                return ()
    return (*parts, replace(op, cascade=False)) if isinstance(op, Cascading) else ()
