from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import ancestors, quoted
from migrate_guard.asking.branch import is_added, parent_line, removals, together, top
from migrate_guard.history.graph import build
from migrate_guard.model.base import Base
from migrate_guard.model.finding import Related
from migrate_guard.model.instead import Code, Note
from migrate_guard.model.revision import Revision
from migrate_guard.rule import BaseView, Problem, Severity, rule


@rule("MG108", on=Base, severity=Severity.ERROR)
def inserted_below_head(view: BaseView) -> Iterator[Problem]:
    """Flag a revision put below one that the base branch has already: databases past that one skip it."""
    history, base = view.history, view.base
    before = build((dict(base.tip) | dict(base.parted)).values())
    there = build(base.tip.values())
    replacing = {each.successor.id for each in removals(history, base) if each.successor}
    told: set[str] = set()
    for revision in history.order:
        then = before.revisions.get(revision.id)
        if then is None or set(then.parents) == set(revision.parents):
            continue
        tip = there.revisions.get(revision.id)
        if tip is None or set(tip.parents) == set(revision.parents):
            continue
        above = {each.id: each for each in ancestors(revision, history, dependencies=True) if each.id != revision.id}
        was_above = {each.id for each in ancestors(then, before, dependencies=True)}
        gained = {name: each for name, each in above.items() if name not in was_above | replacing | told}
        told |= gained.keys()
        inserted = {each.id: each for each in history.order if each.id in gained and is_added(each.id, base)}
        if inserted:
            yield from (_inserted(group, revision, then, base) for group in together(inserted))
        elif gained:
            yield _moved(revision, then, base, f"has run it without {quoted(gained)} never runs {quoted(gained)}")
        elif lost := [each for each in was_above - above.keys() - {revision.id} if each in history.revisions]:
            yield _moved(revision, then, base, f"has run both runs {quoted(sorted(lost))} once more")


def _inserted(group: tuple[Revision, ...], child: Revision, then: Revision, base: Base) -> Problem:
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


def _moved(revision: Revision, then: Revision, base: Base, what: str) -> Problem:
    is_parent = set(revision.down) != set(then.down)
    line = _changed_line(revision, then)
    return Problem(
        f'"{revision.id}" comes after {quoted(revision.parents) or "nothing"} here and after '
        f"{quoted(then.parents) or 'nothing'} on {base.ref}, so a database that {what}",
        revision.down_span or revision.span,
        object=revision.id,
        help=f"Give it back the {line} that it has on {base.ref}.",
        instead=(Code(line),) if revision.down_span and is_parent else (),
    )
