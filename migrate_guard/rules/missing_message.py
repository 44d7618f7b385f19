from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from migrate_guard.model.revision import Revision
from migrate_guard.rule import Problem, RevisionView, Severity, rule

NONE: Final = frozenset({"", "empty message", "empty message."})
"""What `alembic revision` writes without -m (`generate_revision` of alembic/script/base.py, 1.20)."""


@rule("MG127", on=Revision, severity=Severity.WARNING, default=False)
def missing_message(view: RevisionView) -> Iterator[Problem]:
    """Flag a revision that does not say what it is for."""
    revision = view.revision
    if revision.message.lower() not in NONE:
        return
    yield Problem(
        f'"{revision.id}" has no message, so "alembic history" does not say what it does',
        revision.docstring or revision.span,
        help="Begin the docstring with a line that says what changes.",
    )
