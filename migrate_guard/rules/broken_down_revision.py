from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import ancestors, nearest
from migrate_guard.asking.branch import is_added, merged, parent_line, tips
from migrate_guard.history.graph import build
from migrate_guard.model.base import Base
from migrate_guard.model.instead import Code
from migrate_guard.model.revision import History, MissingParent, Revision
from migrate_guard.rendering.python import literal
from migrate_guard.rule import Confidence, HistoryView, Problem, Severity, rule


@rule("MG102", on=History, severity=Severity.ERROR, yields_to=("MG110",))
def broken_down_revision(view: HistoryView) -> Iterator[Problem]:
    """Flag a parent or dependency that no script defines."""
    branches = {label for each in view.history.revisions.values() for label in each.branch_labels}
    for missing in view.history.missing:
        if missing.parent in missing.revision.down or missing.parent not in branches:
            yield _problem(missing, view)
    if view.base is not None:
        for missing in merged(view.history, view.base).missing:
            if is_added(missing.revision.id, view.base) and missing.parent in view.history.revisions:
                yield _merge_problem(missing, view.base)


def _problem(missing: MissingParent, view: HistoryView) -> Problem:
    revision, parent = missing.revision, missing.parent
    is_parent = parent in revision.down
    names = "comes after" if is_parent else "depends on"
    meant, hint = _meant(parent, revision, view.history)
    told = f'"{revision.id}" {names} "{parent}", an id that no script'
    # Scripts of a package without an environment of its own run beside those of other packages.
    is_part = not is_parent and meant is None and view.environment.env_path is view.environment.config_path is None
    return Problem(
        f"{told} here has: no Alembic command works unless another version location has it"
        if is_part
        else f"{told} has{hint}, so no Alembic command works",
        missing.span,
        object=f"{revision.id}.{parent}",
        help=f'Name "{meant}", or bring back the script that defines "{parent}".'
        if meant
        else f'Bring back the script that defines "{parent}", or name the revision that took its place.',
        instead=(_assignment(revision, parent, meant, is_parent),) if meant else (),
        severity=Severity.WARNING if is_part else None,
        confidence=Confidence.MEDIUM if is_part else Confidence.HIGH,
    )


def _merge_problem(missing: MissingParent, base: Base) -> Problem:
    """What the branch builds upon, and what its base has deleted meanwhile."""
    revision, parent = missing.revision, missing.parent
    names = "comes after" if parent in revision.down else "depends on"
    heads = tips(build(base.tip.values()))
    instead = f"write {parent_line([heads[0].id]).text} there" if len(heads) == 1 else "name one that is left there"
    return Problem(
        f'"{revision.id}" {names} "{parent}", which {base.ref} has deleted meanwhile, so after the merge no Alembic '
        "command works",
        missing.span,
        object=f"{revision.id}.{parent}",
        help=f"Take {base.ref} in, and {instead}.",
    )


def _meant(parent: str, child: Revision, history: History) -> tuple[str | None, str]:
    """The revision that an unknown id most likely stands for, and how the two are related."""
    stem = _stem(parent)
    possible = [each for each in history.revisions.values() if _can_precede(each, child, history)]
    for each in possible:
        if _stem(each.path) == stem:
            return each.id, f' (it is the file name of "{each.id}")'
    parts = [each.id for each in possible if _is_part(each.id, parent)]
    if len(parts) == 1:
        return parts[0], f' (did you mean "{parts[0]}"?)'
    close = nearest(parent, (each.id for each in possible))
    return close, f' (did you mean "{close}"?)' if close else ""


def _can_precede(candidate: Revision, child: Revision, history: History) -> bool:
    """Whether a revision is neither named as a parent already nor comes after the child itself."""
    return candidate.id not in child.parents and child not in ancestors(candidate, history, dependencies=True)


def _stem(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2].removesuffix(".py")


def _is_part(known: str, written: str) -> bool:
    """Whether an id was cut short, or written with the slug of its file."""
    shorter, longer = sorted((known, written), key=len)
    return len(shorter) > 3 and longer.startswith(shorter)


def _assignment(revision: Revision, wrong: str, right: str, is_parent: bool) -> Code:
    names = [right if each == wrong else each for each in (revision.down if is_parent else revision.depends_on)]
    value = literal(names[0]) if len(names) == 1 else f"({', '.join(map(literal, names))})"
    return Code(f"{'down_revision' if is_parent else 'depends_on'} = {value}")
