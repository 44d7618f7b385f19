from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from migrate_guard import asking
from migrate_guard.model.names import QualifiedName
from migrate_guard.model.operations import (
    CreateTable,
    CreateView,
    DropTable,
    DropView,
    Operation,
    RawSql,
    RenameTable,
)
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Confidence, Problem, Related, RevisionView, Severity, Statement, rule


class _Again(NamedTuple):
    """What makes a relation again that the revision has dropped."""

    name: QualifiedName
    kind: str
    drop: Statement[Operation]
    create: Statement[Operation]


@rule("MG421", on=Revision, severity=Severity.WARNING, dialects=("postgresql",), yields_to=("MG401",))
def recreated_without_privileges(view: RevisionView) -> Iterator[Problem]:
    """Flag a view or table that a revision drops and creates again: what was granted on it is gone."""
    for again in _recreated(view.statements):
        if _is_granted_again(again, view.statements):
            continue
        granted = again.drop.before.granted.get(again.name)
        if granted is None and again.kind == "table":
            # its rows are gone as well, which is told elsewhere
            continue
        lost = "its privileges, indexes and comments" if "materialized" in again.kind else "its privileges and comments"
        whose = "roles that could read it are refused" if granted else "roles that were granted something are refused"
        yield Problem(
            asking.hedged(f'the {again.kind} "{again.name}" comes back without {lost}: {whose}', again.create.op),
            again.create.span,
            object=str(again.name),
            help=_help(again),
            related=(
                Related(again.drop.span, "dropped here"),
                *((Related(granted, "what was granted"),) if granted else ()),
            ),
            severity=None if granted else Severity.INFO,
            confidence=asking.confidence(again.create.op) if granted else Confidence.MEDIUM,
            direction="upgrade",
        )


def _recreated(statements: Sequence[Statement[Operation]]) -> Iterator[_Again]:
    dropped: dict[QualifiedName, Statement[Operation]] = {}
    made: set[QualifiedName] = set()
    for each in statements:
        match each.op:
            case DropView(view=name) | DropTable(table=name):
                if name not in made and not each.is_new(name):
                    dropped[name] = each
            case CreateView(view=view):
                made.add(view.name)
                if view.name in dropped:
                    kind = "materialized view" if view.is_materialized else "view"
                    yield _Again(view.name, kind, dropped.pop(view.name), each)
            case CreateTable(table=table):
                made.add(table.name)
                if table.name in dropped:
                    yield _Again(table.name, "table", dropped.pop(table.name), each)
            case RenameTable(new_name=name) if name in dropped:
                yield _Again(name, "table", dropped.pop(name), each)


def _is_granted_again(again: _Again, statements: Sequence[Statement[Operation]]) -> bool:
    """Whether something behind it grants privileges on it: by name, or on all tables, or in a block of its own."""
    behind = False
    for each in statements:
        behind = behind or each is again.create
        is_grant = behind and isinstance(each.op, RawSql) and "GRANT" in each.op.sql.upper()
        if is_grant and isinstance(each.op, RawSql) and (again.name in each.op.tables or not each.op.tables):
            return True
    return False


def _help(again: _Again) -> str:
    if again.kind == "view":
        return (
            "Write CREATE OR REPLACE VIEW and leave the DROP out, which keeps them where columns are only added at the "
            "end; else repeat the GRANTs behind it."
        )
    return "Repeat the GRANTs behind it."
