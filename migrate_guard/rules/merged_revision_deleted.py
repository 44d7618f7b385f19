from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import quoted
from migrate_guard.asking.branch import Removal, checkout, removals
from migrate_guard.model.base import Base
from migrate_guard.model.finding import Related
from migrate_guard.model.revision import History, Revision
from migrate_guard.model.source import Span
from migrate_guard.rule import BaseView, Problem, Severity, rule

MOST_NAMED = 3


@rule("MG110", on=Base, severity=Severity.ERROR)
def merged_revision_deleted(view: BaseView) -> Iterator[Problem]:
    """Flag a revision of the base branch that is gone: databases that stand at it are stuck."""
    for removal in removals(view.history, view.base):
        if removal.successor is not None:
            yield _replaced(removal, removal.successor, view.base)
        else:
            yield _gone(removal, view.history, view.base)


def _gone(removal: Removal, history: History, base: Base) -> Problem:
    names = [each.id for each in removal.revisions]
    last = removal.revisions[-1]
    missing = next((each for each in history.missing if each.parent in names), None)
    if missing is not None:
        at = missing.span
        why = f'though "{missing.revision.id}" comes after "{missing.parent}", so no Alembic command works'
    else:
        at, why = _file(last), f"so a database that stands at {_one(names)} {_stuck(last)}"
    return Problem(
        f"{_named(names)} {'is' if len(names) == 1 else 'are'} on {base.ref} and gone here, {why}",
        at,
        object=last.id,
        help=f"{_restore(removal, base)}; what is to be undone is undone by a new revision.",
        related=_files(removal, at),
    )


def _replaced(removal: Removal, successor: Revision, base: Base) -> Problem:
    names = [each.id for each in removal.revisions]
    last = removal.revisions[-1]
    squash = "; a squash is for what every database has run, and alembic stamp --purge takes the rest along"
    return Problem(
        f'"{successor.id}" takes the place of {_named(names)}, which {base.ref} has, so a database that stands at '
        f"{_one(names)} {_stuck(last)}",
        successor.span,
        object=successor.id,
        help=f"{_restore(removal, base)} and put what is new on top{squash if len(names) > 1 else ''}.",
        related=_files(removal, successor.span),
    )


def _stuck(revision: Revision) -> str:
    return f"stops with \"Can't locate revision identified by '{revision.id}'\""


def _one(names: list[str]) -> str:
    return f'"{names[0]}"' if len(names) == 1 else "one of them"


def _named(names: list[str]) -> str:
    if len(names) <= MOST_NAMED:
        return quoted(names)
    return f'"{names[0]}", "{names[1]}" and {len(names) - 2} more'


def _restore(removal: Removal, base: Base) -> str:
    paths = [each.path for each in removal.revisions]
    what = "it" if len(paths) == 1 else "them"
    return f"Bring {what} back with {checkout(paths if len(paths) <= MOST_NAMED else ['PATHS'], base)}"


def _file(revision: Revision) -> Span:
    return Span(revision.path, 1, 1, 1, 2)


def _files(removal: Removal, at: Span) -> tuple[Related, ...]:
    return tuple(
        Related(_file(each), f'"{each.id}" was defined here')
        for each in removal.revisions[-MOST_NAMED:]
        if each.path != at.path
    )
