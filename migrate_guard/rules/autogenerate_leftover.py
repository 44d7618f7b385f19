from __future__ import annotations

from collections.abc import Iterator

from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule


@rule("MG126", on=Revision, severity=Severity.WARNING, default=False)
def autogenerate_leftover(view: RevisionView) -> Iterator[Problem]:
    """Flag the comment in which autogenerate asks to look its commands over."""
    for span in view.revision.leftovers[:1]:
        yield Problem(
            f'"{view.revision.id}" still asks to be looked over: autogenerate takes a rename for a drop and an add',
            span,
            help="Compare the commands with what was meant, then remove the comments.",
        )
