from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from migrate_guard import asking
from migrate_guard.model import operations as ops
from migrate_guard.model.instead import Instead
from migrate_guard.model.revision import Revision, Transition
from migrate_guard.model.schema import PrimaryKey
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG129", on=Revision, severity=Severity.WARNING)
def primary_key_flag_ignored(view: RevisionView) -> Iterator[Problem]:
    """Flag primary_key=True of an added column, for which Alembic writes no key."""
    for each in view.upgrade.transitions if view.upgrade else ():
        op = each.operation
        if not isinstance(op, ops.AddColumn) or not op.is_key_left_out or _gets_key(op, view):
            continue
        subject = f"{op.table}.{op.column.name}"
        what = asking.key_left_out(op.column, view.target)
        message = f'primary_key=True of "{subject}" makes no primary key: Alembic {what}'
        yield Problem(
            asking.hedged(message, op),
            op.span,
            object=subject,
            help="Pass inline_primary_key=True to add_column (Alembic 1.18.4), or add the key in a call of its own.",
            instead=_instead(op, each),
            confidence=asking.confidence(op),
            direction="upgrade",
        )


def _gets_key(op: ops.AddColumn, view: RevisionView) -> bool:
    """Whether the revision makes the key in another way, or takes the column away again."""
    table = view.upgrade.after.table(op.table) if view.upgrade else None
    if table is None or table.column(op.column.name) is None:
        return True
    return table.primary_key is not None and op.column.name in table.primary_key.columns


def _instead(op: ops.AddColumn, transition: Transition) -> Instead:
    table = transition.before.table(op.table)
    if table is None or table.is_open or table.primary_key is not None:
        return ()
    key = PrimaryKey(name=f"{op.table.name}_pkey", columns=(op.column.name,), span=op.span)
    return (replace(op, is_key_left_out=False), ops.AddConstraint(span=op.span, table=op.table, constraint=key))
