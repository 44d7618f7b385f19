from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard.asking import quoted
from migrate_guard.asking.branch import checkout, top
from migrate_guard.history.editing import Change, changes, is_exact
from migrate_guard.model.base import Base, Edit
from migrate_guard.model.deeds import deed, subject
from migrate_guard.model.finding import Related
from migrate_guard.model.operations import Opaque, Operation, RawSql
from migrate_guard.model.revision import Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import BaseView, Problem, Severity, rule

MOST_SHOWN = 3


@rule("MG109", on=Base, severity=Severity.ERROR)
def merged_revision_edited(view: BaseView) -> Iterator[Problem]:
    """Flag a revision of the base branch whose upgrade has changed: databases past it never run the change."""
    base = view.base
    told: set[str] = set()
    for edit in base.edits:
        problem = _edited(edit, base)
        if problem is not None and edit.revision.id not in told:
            told.add(edit.revision.id)
            yield problem
    kept = {label for each in view.history.revisions.values() for label in each.branch_labels}
    for then in base.parted.values():
        now = view.history.revisions.get(then.id)
        lost = [label for label in then.branch_labels if label not in kept]
        if now is not None and lost and then.id in base.tip:
            yield _unlabelled(now, lost, base)


def _edited(edit: Edit, base: Base) -> Problem | None:
    start = edit.revision.upgrade or edit.revision.span
    found = changes(edit.now, edit.then)
    if found:
        first, *others = found
        related = [Related(each.now.span, f"it {deed(each.now)} otherwise too") for each in others if each.now]
        related = related[:MOST_SHOWN]
        about = first.now or first.then
        at = first.now.span if first.now else start
        return _problem(edit, at, _said(first), subject(about) if about else None, related, base)
    if edit.rewritten is None or (is_exact(edit.now) and is_exact(edit.then)):
        return None
    return _problem(edit, edit.rewritten, REWRITTEN, None, (), base)


REWRITTEN = "its upgrade does something else here than there", "never runs the change"


def _said(change: Change) -> tuple[str, str]:
    """What is not as it was, and what a database that has run the revision does of it."""
    match change:
        case Change(now=Opaque() | RawSql()) | Change(then=Opaque() | RawSql()):
            return REWRITTEN
        case Change(now=Operation() as now, then=None):
            return f"it {deed(now)} here and not there", "never does"
        case Change(now=None, then=Operation() as then):
            return f"it {deed(then)} there and not here", "has done so all the same"
        case Change(now=Operation() as now, then=Operation() as then) if deed(now) != deed(then):
            return f"it {deed(now)} here where it {deed(then)} there", "never runs the change"
        case Change(now=Operation() as now):
            return f"it {deed(now)} otherwise here than there", "never runs the change"
    return REWRITTEN


def _problem(
    edit: Edit, at: Span, said: tuple[str, str], object: str | None, related: Sequence[Related], base: Base
) -> Problem:
    what, effect = said
    name, others = edit.revision.id, [each for each in edit.changed if each != edit.revision.path]
    by = f" by way of {quoted(others)}" if others else ""
    return Problem(
        f'"{name}" is on {base.ref}, and {what}{by}: a database that has run "{name}" {effect}',
        at,
        object=object or name,
        help=f"Take it back with {checkout(edit.changed, base)}, and make the change in a new revision "
        f"after {_head(edit.revision, base)}.",
        related=(*related, *(Related(Span(each, 1, 1, 1, 2), "this has changed") for each in others)),
    )


def _unlabelled(revision: Revision, lost: Sequence[str], base: Base) -> Problem:
    return Problem(
        f'"{revision.id}" has the branch label {quoted(lost)} on {base.ref} and not here: '
        f'"alembic upgrade {lost[0]}@head" finds no such branch',
        revision.span,
        object=revision.id,
        help=f"Give it its label back with {checkout([revision.path], base)}.",
    )


def _head(revision: Revision, base: Base) -> str:
    head = top(revision, base)
    return f'"{head.id}"' if head else f"the head of {base.ref}"
