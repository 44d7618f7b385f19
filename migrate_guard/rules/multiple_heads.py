from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import ancestors, labels, quoted
from migrate_guard.model.finding import Related
from migrate_guard.model.revision import History, Revision
from migrate_guard.rule import HistoryView, Problem, Severity, rule


@rule("MG101", on=History, severity=Severity.ERROR)
def multiple_heads(view: HistoryView) -> Iterator[Problem]:
    """Flag heads that a merge has to join before `alembic upgrade head` runs."""
    branches: dict[frozenset[str], list[Revision]] = {}
    for head in _tips(view.history):
        branches.setdefault(labels(head, view.history), []).append(head)
    for branch, heads in branches.items():
        if len(heads) > 1:
            yield from (_problem(head, heads, branch) for head in heads)


def _tips(history: History) -> list[Revision]:
    """The heads that no other head depends on; what hangs behind a missing parent is that parent's fault."""
    heads = [head for head in history.heads if head.id not in history.detached]
    behind = {each.id for head in heads for each in ancestors(head, history, dependencies=True) if each != head}
    return [head for head in heads if head.id not in behind]


def _problem(head: Revision, heads: list[Revision], branch: frozenset[str]) -> Problem:
    others = [each for each in heads if each != head]
    where = f" of branch {quoted(sorted(branch))}" if branch else ""
    command = f"alembic upgrade {f'{min(branch)}@head' if branch else 'head'}"
    return Problem(
        f'"{head.id}" is a head{where} beside {quoted(each.id for each in others)}, so "{command}" refuses to run',
        head.span,
        object=head.id,
        help=f'Join them with alembic merge -m "merge heads" {" ".join(each.id for each in heads)}, '
        "or let the down_revision of one name the other.",
        related=tuple(Related(each.span, f'"{each.id}" is a head too') for each in others),
    )
