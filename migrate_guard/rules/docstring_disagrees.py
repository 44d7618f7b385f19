from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.asking import quoted
from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG112", on=Revision, severity=Severity.INFO, default=False)
def docstring_disagrees(view: RevisionView) -> Iterator[Problem]:
    """Flag a docstring that gives a revision another id, or other parents, than the variables do."""
    revision = view.revision
    if (stated := revision.stated_id) and stated.ids and stated.ids != (revision.id,):
        yield Problem(
            f'the docstring calls the revision {quoted(stated.ids)}, and Alembic knows it as "{revision.id}"',
            stated.span,
            object=revision.id,
            help=f'Write "Revision ID: {revision.id}" in the docstring.',
        )
    if (stated := revision.stated_down) and set(stated.ids) != set(revision.down):
        says = f"revises {quoted(stated.ids)}" if stated.ids else "revises nothing"
        follows = f"runs after {quoted(revision.down)}" if revision.down else "is a base"
        line = f"Revises: {', '.join(revision.down)}".rstrip()
        yield Problem(
            f'the docstring says that "{revision.id}" {says}, and by its down_revision it {follows}',
            stated.span,
            object=revision.id,
            help=f'Write "{line}" in the docstring.',
        )
