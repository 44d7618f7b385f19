"""Build the graph of an environment's revisions: order, heads, bases, and everything that is wrong with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from migrate_guard.model.revision import History, MissingParent, Revision, StrayScript, UnreadableScript


def build(
    revisions: Iterable[Revision],
    unreadable: Sequence[UnreadableScript] = (),
    strays: Sequence[StrayScript] = (),
) -> History:
    """Order the revisions so that each follows its parents and dependencies; faults are recorded, never raised."""
    by_id: dict[str, list[Revision]] = {}
    for revision in revisions:
        by_id.setdefault(revision.id, []).append(revision)
    known = {name: group[0] for name, group in by_id.items()}
    known = {name: _with_dependencies(each, known) for name, each in known.items()}
    children = _children(known)
    order, unordered = _order(known, children)
    missing = tuple(_missing(known))
    cycles = tuple(_cycles(unordered, known))
    return History(
        revisions=known,
        order=(*order, *unordered),
        heads=tuple(
            each for each in known.values() if not any(each.id in known[child].down for child in children[each.id])
        ),
        bases=tuple(each for each in known.values() if not each.down),
        children={name: tuple(below) for name, below in children.items()},
        missing=missing,
        duplicates=tuple(tuple(group) for group in by_id.values() if len(group) > 1),
        cycles=cycles,
        unreadable=tuple(unreadable),
        strays=tuple(strays),
        detached=_detached(known, children, missing, unordered),
    )


def _with_dependencies(revision: Revision, known: Mapping[str, Revision]) -> Revision:
    """Spell dependencies by id: Alembic takes a branch label or the beginning of an id for one as well."""
    if all(each in known for each in revision.depends_on):
        return revision
    return replace(revision, depends_on=tuple(_dependency(each, revision, known) for each in revision.depends_on))


def _dependency(name: str, revision: Revision, known: Mapping[str, Revision]) -> str:
    if name in known:
        return name
    label = name.partition("@")[0]
    labelled = [each.id for each in known.values() if label in each.branch_labels and each.id != revision.id]
    if labelled:
        return labelled[0]
    prefixed = [each for each in known if each.startswith(name)]
    return prefixed[0] if len(prefixed) == 1 else name


def _children(known: Mapping[str, Revision]) -> dict[str, list[str]]:
    children: dict[str, list[str]] = {name: [] for name in known}
    for revision in known.values():
        for parent in revision.parents:
            if parent in children:
                children[parent].append(revision.id)
    return children


def _order(
    known: Mapping[str, Revision], children: Mapping[str, Sequence[str]]
) -> tuple[list[Revision], list[Revision]]:
    """Kahn's algorithm, following a branch to its end before the next; what lies in or behind a cycle comes last."""
    waiting = {name: sum(parent in known for parent in each.parents) for name, each in known.items()}
    ready = deque(name for name, count in waiting.items() if count == 0)
    order: list[Revision] = []
    while ready:
        name = ready.popleft()
        order.append(known[name])
        freed: list[str] = []
        for child in children[name]:
            waiting[child] -= 1
            if waiting[child] == 0:
                freed.append(child)
        ready.extendleft(reversed(freed))
    placed = {each.id for each in order}
    return order, [each for name, each in known.items() if name not in placed]


def _missing(known: Mapping[str, Revision]) -> Iterable[MissingParent]:
    for revision in known.values():
        for parent in revision.down:
            if parent not in known:
                yield MissingParent(revision, parent, revision.down_span or revision.span)
        for parent in revision.depends_on:
            if parent not in known:
                yield MissingParent(revision, parent, revision.depends_on_span or revision.span)


def _cycles(unordered: Sequence[Revision], known: Mapping[str, Revision]) -> Iterable[tuple[Revision, ...]]:
    """The loops among revisions that could not be ordered, each once, from its first script on."""
    inside = {each.id for each in unordered}
    seen: set[str] = set()
    for start in unordered:
        path: list[str] = []
        current: str | None = start.id
        while current is not None and current not in seen:
            seen.add(current)
            path.append(current)
            current = next((parent for parent in known[current].parents if parent in inside), None)
        if current in path:
            loop = path[path.index(current) :]
            yield tuple(known[name] for name in reversed(loop))


def _detached(
    known: Mapping[str, Revision],
    children: Mapping[str, Sequence[str]],
    missing: Sequence[MissingParent],
    unordered: Sequence[Revision],
) -> frozenset[str]:
    found = {each.id for each in unordered}
    pending = [each.revision.id for each in missing]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending.extend(children[name])
    return frozenset(found)


def ancestors(history: History, name: str) -> frozenset[str]:
    """Every revision that has run when `name` is about to."""
    found: set[str] = set()
    pending = [parent for parent in history.revisions[name].parents if parent in history.revisions]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending.extend(parent for parent in history.revisions[current].parents if parent in history.revisions)
    return frozenset(found)


def reached(history: History, names: Iterable[str]) -> frozenset[str]:
    """Revisions with every one that runs before them."""
    wanted = tuple(names)
    return frozenset(wanted).union(*(ancestors(history, name) for name in wanted))


def scripts(history: History) -> tuple[Revision, ...]:
    """Every script that defines a revision, also where others have its id."""
    others = (each for group in history.duplicates for each in group[1:])
    return (*history.order, *others)


def real_heads(history: History) -> tuple[Revision, ...]:
    """Revisions on which no other one rests, dependencies included."""
    return tuple(each for each in history.order if not history.children[each.id])


def resolve(history: History, name: str) -> Revision | None:
    """The revision of that id, or of which it is the beginning if there is only one."""
    if name in history.revisions:
        return history.revisions[name]
    found = [each for key, each in history.revisions.items() if key.startswith(name)]
    return found[0] if len(found) == 1 else None
