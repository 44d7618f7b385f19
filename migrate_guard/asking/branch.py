"""Questions about the git branch under review and the base that it is merged into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from migrate_guard.asking import ancestors, labels
from migrate_guard.history.graph import build
from migrate_guard.model.base import Base
from migrate_guard.model.instead import Code
from migrate_guard.model.revision import History, Revision
from migrate_guard.rendering.python import literal


class Removal(NamedTuple):
    """Revisions of the base that hang together and are gone from the branch."""

    revisions: tuple[Revision, ...]
    """In their order."""
    successor: Revision | None
    """The new revision that stands where they stood: they have been squashed, or one was generated anew."""


def merged(history: History, base: Base) -> History:
    """The history after the merge: what either side has added, without what either has deleted.

    Of a revision that both have, the tip's version counts where only the tip has changed its place.
    """
    together: dict[str, Revision] = {}
    for each in history.revisions.values():
        then, there = base.parted.get(each.id), base.tip.get(each.id)
        if there is not None and then is not None and _place(then) == _place(each) != _place(there):
            together[each.id] = there
        elif there is not None or then is None:
            together[each.id] = each
    new = {name: each for name, each in base.tip.items() if name not in base.parted}
    return build((new | together).values())


def _place(revision: Revision) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    return frozenset(revision.down), frozenset(revision.depends_on), frozenset(revision.branch_labels)


def is_added(name: str, base: Base) -> bool:
    """Whether only the branch has a revision."""
    return name not in base.parted and name not in base.tip


def removals(history: History, base: Base) -> tuple[Removal, ...]:
    """What the branch has deleted and the base has still.

    A script that has become unreadable has not been deleted; that is what is said of it.
    """
    unreadable = {each.span.path for each in history.unreadable}
    before = build(base.parted.values())
    gone = {
        each.id: each
        for each in before.order
        if each.id in base.tip and each.id not in history.revisions and each.path not in unreadable
    }
    return tuple(Removal(each, _successor(each, history, base)) for each in together(gone))


def _successor(gone: tuple[Revision, ...], history: History, base: Base) -> Revision | None:
    names = {each.id for each in gone}
    below = {parent for each in gone for parent in each.down if parent not in names}
    above = {name for name, each in base.parted.items() if names & set(each.parents)}
    named = {parent for name in above & history.revisions.keys() for parent in history.revisions[name].parents}
    standing = [each for each in history.order if is_added(each.id, base) and set(each.down) == below]
    return next((each for each in standing if each.id in named), standing[0] if standing else None)


def together(revisions: Mapping[str, Revision]) -> tuple[tuple[Revision, ...], ...]:
    """Revisions in groups of those that hang together, each group in their order."""
    near: dict[str, set[str]] = {name: set() for name in revisions}
    for name, each in revisions.items():
        for parent in each.parents:
            if parent in near:
                near[name].add(parent)
                near[parent].add(name)
    groups: list[tuple[Revision, ...]] = []
    grouped: set[str] = set()
    for name in revisions:
        if name in grouped:
            continue
        group, waiting = {name}, [name]
        while waiting:
            found = near[waiting.pop()] - group
            group |= found
            waiting += found
        grouped |= group
        groups.append(tuple(each for name, each in revisions.items() if name in group))
    return tuple(groups)


def tips(history: History) -> list[Revision]:
    """The heads that no other head depends on; what hangs behind a missing parent is that parent's fault."""
    heads = [head for head in history.heads if head.id not in history.detached]
    behind = {each.id for head in heads for each in ancestors(head, history, dependencies=True) if each != head}
    return [head for head in heads if head.id not in behind]


def branches(history: History) -> dict[frozenset[str], list[Revision]]:
    """The heads that have to be one, by the labels of their branch."""
    found: dict[frozenset[str], list[Revision]] = {}
    for head in tips(history):
        found.setdefault(labels(head, history), []).append(head)
    return found


def top(revision: Revision, base: Base) -> Revision | None:
    """The head on the tip of the base above a revision of it; None where there are several, or none."""
    there = build(base.tip.values())
    heads = [each for each in tips(there) if revision.id in {one.id for one in ancestors(each, there)}]
    return heads[0] if len(heads) == 1 else None


def parent_line(parents: Sequence[str]) -> Code:
    """The assignment that names the parents of a revision."""
    written = ", ".join(map(literal, parents))
    return Code(f"down_revision = {'None' if not parents else written if len(parents) == 1 else f'({written})'}")


def checkout(paths: Sequence[str], base: Base) -> str:
    """The command that brings files back as the base has them."""
    from shlex import join

    return join(["git", "checkout", base.ref, "--", *paths])
