from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from migrate_guard.asking import ancestors, quoted
from migrate_guard.asking.branch import is_added, parent_line, removals, together, top
from migrate_guard.history.graph import build
from migrate_guard.model.base import Base
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Code, Note
from migrate_guard.model.revision import History, Revision
from migrate_guard.rule import BaseView, Problem, Severity, rule


@rule("MG108", on=Base, severity=Severity.ERROR)
def inserted_below_head(view: BaseView) -> Iterator[Problem]:
    """Flag a revision put below one that the base branch has already: databases past that one skip it."""
    history, base = view.history, view.base
    replacing = {each.successor.id for each in removals(history, base) if each.successor}
    told: set[str] = set()
    for hung in _hung_elsewhere(view):
        known = hung.then_behind | replacing | told
        gained = dict.fromkeys(each for each in hung.now_behind if each not in known)
        told |= gained.keys()
        inserted = {each.id: each for each in history.order if each.id in gained and is_added(each.id, base)}
        if inserted:
            yield from (_inserted(group, hung, base) for group in together(inserted))
        elif consequence := _consequence(hung, gained, history):
            yield _moved(hung, base, consequence)


class _Hung(Struct, frozen=True):
    """A revision to which the branch gives other parents than it had where the branch parted and has on the base."""

    revision: Revision
    then: Revision
    """The same as it was where the branch parted."""
    now_behind: tuple[str, ...]
    """What a database runs before it."""
    then_behind: frozenset[str]


def _hung_elsewhere(view: BaseView) -> Iterator[_Hung]:
    history, base = view.history, view.base
    parted = build((dict(base.tip) | dict(base.parted)).values())
    tip = build(base.tip.values())
    for revision in history.order:
        before = [each for graph in (parted, tip) if (each := graph.revisions.get(revision.id))]
        if len(before) < 2 or any(set(each.parents) == set(revision.parents) for each in before):
            continue
        then, _ = before
        now_behind = (each.id for each in ancestors(revision, history, dependencies=True) if each.id != revision.id)
        then_behind = frozenset(each.id for each in ancestors(then, parted, dependencies=True))
        yield _Hung(revision, then, tuple(now_behind), then_behind)


def _consequence(hung: _Hung, gained: Collection[str], history: History) -> str:
    """What becomes of a database at a revision below which nothing new was put; empty where nothing does."""
    if gained:
        return f"has run it without {quoted(gained)} never runs {quoted(gained)}"
    lost = sorted(hung.then_behind.difference(hung.now_behind, {hung.revision.id}) & history.revisions.keys())
    return f"has run both runs {quoted(lost)} once more" if lost else ""


def _inserted(group: tuple[Revision, ...], hung: _Hung, base: Base) -> Problem:
    """A database that is past the head below which new revisions are put skips them."""
    child, then = hung.revision, hung.then
    first, names = group[0], [each.id for each in group]
    head = top(then, base)
    where = f'on top of "{head.id}"' if head else f"on top of the head of {base.ref}"
    line = _changed_line(child, then)
    return Problem(
        f'{quoted(names)} {"is" if len(names) == 1 else "are"} put below "{child.id}", which {base.ref} has already, '
        f'so a database that has run "{child.id}" never runs {quoted(names)} and nothing says so',
        first.down_span or first.span,
        object=first.id,
        help=f'Put "{first.id}" {where}, and give "{child.id}" its {line} back.',
        instead=(Note(f'and in "{child.id}" again: {line}'), parent_line([head.id]))
        if head and first.down_span and len(first.down) < 2
        else (),
        related=(Related(child.down_span or child.span, f'"{child.id}" has {line} on {base.ref}'),),
    )


def _changed_line(now: Revision, then: Revision) -> str:
    """The line of a revision of the base that the branch has changed, as it was."""
    if set(now.down) != set(then.down):
        return parent_line(then.down).text
    return parent_line(then.depends_on).text.replace("down_revision", "depends_on", 1)


def _moved(hung: _Hung, base: Base, consequence: str) -> Problem:
    """A revision comes after others than it did, all of which the base has."""
    revision, then = hung.revision, hung.then
    is_parent = set(revision.down) != set(then.down)
    line = _changed_line(revision, then)
    return Problem(
        f'"{revision.id}" comes after {quoted(revision.parents) or "nothing"} here and after '
        f"{quoted(then.parents) or 'nothing'} on {base.ref}, so a database that {consequence}",
        revision.down_span or revision.span,
        object=revision.id,
        help=f"Give it back the {line} that it has on {base.ref}.",
        instead=(Code(line),) if revision.down_span and is_parent else (),
    )
