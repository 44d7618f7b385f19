from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate_guard.asking import ancestors, quoted
from migrate_guard.asking.branch import branches, is_added, merged, parent_line, tips
from migrate_guard.history.graph import build
from migrate_guard.model.base import Base
from migrate_guard.model.finding import Related
from migrate_guard.model.revision import History, Revision
from migrate_guard.rule import HistoryView, Problem, Severity, rule


@rule("MG101", on=History, severity=Severity.ERROR)
def multiple_heads(view: HistoryView) -> Iterator[Problem]:
    """Flag heads that a merge has to join before `alembic upgrade head` runs."""
    if view.base is not None:
        yield from _after_merge(view.history, view.base)
        return
    for branch, heads in branches(view.history).items():
        if len(heads) > 1:
            yield from (_problem(head, heads, branch) for head in heads)


def _after_merge(history: History, base: Base) -> Iterator[Problem]:
    """The heads of the base's tip and the working tree together, where they are more than the tip has alone."""
    after, there = merged(history, base), build(base.tip.values())
    before = branches(there)
    old = {each.id for each in tips(there)}
    for branch, heads in branches(after).items():
        if len(heads) < 2 or len(heads) <= len(before.get(branch, ())):
            continue
        here = [history.revisions[each.id] for each in heads if each.id in history.revisions]
        if len(here) == len(heads):
            yield from (_problem(head, here, branch) for head in here)
            continue
        theirs = [each for each in heads if each.id not in history.revisions]
        for head in [each for each in here if each.id not in old] or here:
            yield _merge_problem(head, theirs, branch, history, base)


def _problem(head: Revision, heads: Sequence[Revision], branch: frozenset[str]) -> Problem:
    others = [each for each in heads if each != head]
    return Problem(
        f'"{head.id}" is a head{_where(branch)} beside {quoted(each.id for each in others)}, '
        f'so "{_command(branch)}" refuses to run',
        head.span,
        object=head.id,
        help=f'Join them with alembic merge -m "merge heads" {" ".join(each.id for each in heads)}, '
        "or let the down_revision of one name the other.",
        related=tuple(Related(each.span, f'"{each.id}" is a head too') for each in others),
    )


def _merge_problem(
    head: Revision, theirs: Sequence[Revision], branch: frozenset[str], history: History, base: Base
) -> Problem:
    ids = " ".join(each.id for each in (*theirs, head))
    advice = f'join them after the merge with alembic merge -m "merge heads" {ids}.'
    first = _first(head, history, base)
    if first is not None and len(theirs) == 1:
        line = parent_line([theirs[0].id]).text
        rebase = f'take {base.ref} in and write {line} in "{first.id}" ({first.path})'
        advice = f"{rebase}, or {advice}"
    return Problem(
        f'"{head.id}" is a head{_where(branch)} beside {quoted(each.id for each in theirs)}, which {base.ref} has got '
        f'meanwhile, so after the merge "{_command(branch)}" refuses to run',
        head.span,
        object=head.id,
        help=advice[:1].upper() + advice[1:],
        related=tuple(Related(each.span, f'"{each.id}" is a head of {base.ref}') for each in theirs),
    )


def _first(head: Revision, history: History, base: Base) -> Revision | None:
    """The one revision with which the line of a head leaves the base; None where there are several, or it merges."""
    added = {each.id: each for each in ancestors(head, history) if is_added(each.id, base)}
    first = [each for each in added.values() if not any(parent in added for parent in each.down)]
    return first[0] if len(first) == 1 and len(first[0].down) < 2 else None


def _where(branch: frozenset[str]) -> str:
    return f" of branch {quoted(sorted(branch))}" if branch else ""


def _command(branch: frozenset[str]) -> str:
    return f"alembic upgrade {f'{min(branch)}@head' if branch else 'head'}"
